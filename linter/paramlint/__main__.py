"""`python -m paramlint`."""

import os
import sys

if __name__ == "__main__":
    if sys.path[0] == os.getcwd():
        del sys.path[0]  # what is checked may be there, and nothing in it stands in for a library

    from paramlint.frontends.cli import main

    raise SystemExit(main())
