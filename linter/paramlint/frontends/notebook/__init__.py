"""IPython's side: cells are checked after they ran, and magics ask for more. It only translates."""
