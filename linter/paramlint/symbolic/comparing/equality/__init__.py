"""Whether pieces of two versions mean the same: sizes, conditions, laws, code; nothing here knows a model."""
