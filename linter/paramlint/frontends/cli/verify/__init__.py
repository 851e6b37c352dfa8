"""`paramlint verify` and `paramlint report`: arguments in, text out; models are built in `verify`."""
