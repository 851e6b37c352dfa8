"""What people and programs read: terminal, JSON and files."""
