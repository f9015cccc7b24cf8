"""The name of the person who runs a command, if the command line does not give one."""

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
