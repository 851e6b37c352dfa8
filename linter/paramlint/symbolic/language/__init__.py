"""What Python's expressions and statements do, a function a kind of node; what they work on is not here."""
