"""Commands about the project that is checked: what belongs to it, and what paramlint keeps there."""
