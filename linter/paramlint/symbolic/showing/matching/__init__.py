"""What a checkpoint would fill of a model that was built from source, and why not all; nothing here is printed."""
