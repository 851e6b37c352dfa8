"""What Python code calls on its own models in its own process: `inspect`, `watch`, notebooks; nothing here judges."""
