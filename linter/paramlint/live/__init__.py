"""A model that was built, and all that may be asked about it, with torch loaded; nothing here knows a rule."""
