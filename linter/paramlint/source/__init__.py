"""Files as they lie on the disk: text found, read, decoded, written back safely; nothing here parses Python."""
