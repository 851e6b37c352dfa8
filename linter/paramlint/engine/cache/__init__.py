"""Results of earlier runs, kept in a folder beside the code. With it a run says exactly what it says without."""
