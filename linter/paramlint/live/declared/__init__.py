"""What a user or a model declares, compared with what is there; nothing here looks for what is not declared."""
