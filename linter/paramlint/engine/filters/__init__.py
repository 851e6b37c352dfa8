"""What is left out of a report: by comments, a baseline, declared sharing; nothing here finds anything new."""
