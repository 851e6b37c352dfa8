"""`paramlint check`: arguments, steps and progress; what is found is decided in `engine`."""
