"""From files and rules to findings, in one process or many; nothing here prints or knows a command line."""
