"""Code inside notebooks, Markdown and other prose, with its rows in the document; nothing here parses the code."""
