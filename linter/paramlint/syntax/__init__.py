"""Python as trees, from `ast` and from LibCST, and what can be read off them alone; nothing here knows torch."""
