"""What is said of a model: proved, refuted, joined with the static findings; nothing here is printed."""
