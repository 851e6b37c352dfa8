"""Functions outside the project that are told one by one; methods of modules and tensors are in `library`."""
