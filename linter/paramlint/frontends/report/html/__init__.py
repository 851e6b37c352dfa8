"""The report as one HTML file: no script, nothing loaded from elsewhere, and every name in it only text."""
