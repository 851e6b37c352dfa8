"""What names, attributes, classes and functions of the project stand for, and calls; what torch does is not here."""
