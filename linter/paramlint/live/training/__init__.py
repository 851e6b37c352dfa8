"""What a training run does to its parameters in its first steps, recorded and asked; nothing here knows a rule."""
