"""A watched training run as text; its page is among the pages."""
