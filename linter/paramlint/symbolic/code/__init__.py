"""The code that is interpreted, as files, classes, functions and places in them; nothing here runs any of it."""
