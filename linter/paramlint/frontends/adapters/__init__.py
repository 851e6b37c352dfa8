"""A watch as what other libraries' loops call: one library a file, which is imported only by who uses it."""
