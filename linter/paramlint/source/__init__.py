"""Files as text: found, read, decoded, written back safely; nothing here parses Python."""
