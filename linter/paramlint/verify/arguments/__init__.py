"""Which arguments a factory is called with: given, guessed, or its own defaults; nothing here judges."""
