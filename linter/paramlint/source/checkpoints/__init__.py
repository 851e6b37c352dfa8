"""What is said of tensors in checkpoints: their names and shapes, read as data; nothing of a file is ever run."""
