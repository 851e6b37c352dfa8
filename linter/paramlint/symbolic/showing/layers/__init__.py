"""What `paramlint show` says of models of Keras and Gluon, from what was read of them; nothing here is printed."""
