"""Errors of the audit log, each from its bilingual entry in `i18n.audit`."""

from __future__ import annotations

from subprocess import CalledProcessError

from sqlalchemy.exc import DBAPIError

from threegate.errors import AuditError
from threegate.i18n.audit import ERRORS
from threegate.i18n.system import reason


def trouble(code: str, /, **details: object) -> AuditError:
    """The error of one entry. Missing details are a bug and raise KeyError."""
    return AuditError(ERRORS[code].filled(details))


SAFE_STATES = ("08", "28", "3D", "42501", "53", "55", "57", "58")
"""Beginnings of the SQLSTATEs for connections, log-in, missing databases, missing rights and
resources; their messages contain no value of a row."""

PLACE = "place"
"""Beside PostgreSQL's fields (one letter each): the server that refused a connection."""


def reason_of(error: DBAPIError) -> str:
    """The message of the server or the driver, without the statement and its parameters."""
    return driver_reason(error.orig) if error.orig else type(error).__name__


def loggable(error: Exception) -> str:
    """The text about an error in the writer, the daily job or a command that a server's log may
    contain: files and reasons, no value of a record."""
    match error:
        case DBAPIError():
            return reason_of(error)
        case AuditError(text=text):
            return text.en
        case OSError(filename=path) if path:
            return f"{path}: {reason(error).en}"
        case CalledProcessError(returncode=status):  # not the command: its arguments may be secret
            return f"exit status {status}"
        case _:
            return type(error).__name__


def driver_reason(error: BaseException) -> str:
    """The same for an error of the driver itself."""
    given = error.args[0] if error.args else ""
    if isinstance(given, dict):  # PostgreSQL's fields: M is the message, C the SQLSTATE
        state = str(given.get("C", ""))
        message = f"{given.get('M', '')} ({state})" if state.startswith(SAFE_STATES) else state
        return f"{message} at {given[PLACE]}" if PLACE in given else message
    return str(given) or type(error).__name__
