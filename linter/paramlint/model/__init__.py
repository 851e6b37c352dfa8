"""What a rule may ask of a model, whoever built it: from source (`symbolic`) or from objects; no torch, no parsing."""
