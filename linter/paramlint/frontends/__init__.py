"""Ways into paramlint and out of it: command, flake8, pytest, editors, reports; they translate and decide nothing."""
