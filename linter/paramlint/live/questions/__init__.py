"""One question about a built model a file; none of them knows `LiveModel` or a rule."""
