"""What people and programs read, made of findings and models: text and files; nothing here finds or decides."""
