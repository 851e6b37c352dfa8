"""A model as its source tells it, as people read it; models that were built for real are beside."""
