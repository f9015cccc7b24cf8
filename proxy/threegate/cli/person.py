"""The name of the person who runs a command, if the command line does not give one."""

from __future__ import annotations

import getpass
import os


def current_user() -> str:
    """The user's name, or the numeric id if the system has no name for it, as in containers that
    run under arbitrary ids."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # OSError: from Python 3.13 on
        return str(os.getuid())
