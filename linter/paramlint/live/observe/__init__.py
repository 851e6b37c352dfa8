"""What is noted while a model is built: memory, writes, registrations; nothing here judges."""
