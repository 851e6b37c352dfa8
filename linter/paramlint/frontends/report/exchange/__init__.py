"""Findings in formats that other programs read; nothing here is coloured or folded for people."""
