"""What a change does to the parameters of classes: two versions built from source and compared; nothing is printed."""
