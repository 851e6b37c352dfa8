"""What `paramlint show` says of a model that was built from source, as data; nothing here is printed."""
