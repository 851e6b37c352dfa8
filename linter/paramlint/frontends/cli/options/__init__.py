"""Options that several commands have, and how a command shows its options."""
