"""Models of Keras 3 on its PyTorch backend, asked as those of torch are; Keras is used where it is imported already."""
