"""What torch does with modules, tensors and optimizers, told by hand; torch itself is not imported."""
