"""`python -m threegate`: the command line."""

from __future__ import annotations

import sys

from threegate.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
