"""`python -m threegate`: the command line."""

import sys

from threegate.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
