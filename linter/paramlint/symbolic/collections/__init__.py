"""What holds several values and what goes through it: containers, texts, loops; no module or tensor is told here."""
