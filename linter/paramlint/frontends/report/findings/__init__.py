"""Findings as people read them; formats that programs read are in `exchange`."""
