"""What became of parameters between two versions, as people and programs read it; nothing here compares."""
