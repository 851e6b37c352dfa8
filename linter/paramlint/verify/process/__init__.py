"""The child process that builds a model: started, watched, ended; what it is asked is not known here."""
