"""Questions about what a built model shares, and what it should; none of them knows `LiveModel` or a rule."""
