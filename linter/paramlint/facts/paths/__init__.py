"""A walk along every path of a constructor, and what it knows of memory, names and conditions on the way."""
