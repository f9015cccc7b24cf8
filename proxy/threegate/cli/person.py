"""Who runs a command, where the command line does not say."""

from __future__ import annotations

import getpass
import os


def current_user() -> str:
    """The user's name; its number where the system has no name for it, as in containers that run
    under any id."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # OSError: from Python 3.13 on
        return str(os.getuid())
