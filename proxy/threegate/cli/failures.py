"""What stopped a command, as a message for the person who typed it.

Messages name files, addresses and reasons, never a statement's parameters or a password.
"""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError
from threegate_classifiers.errors import ClassifierError

from threegate.audit.errors import reason_of
from threegate.cli.errors import UseError
from threegate.cli.language import line
from threegate.errors import AuditError, PolicyError, ThreegateError
from threegate.i18n.system import reason
from threegate.policy.testing.report import problems_text
from threegate.settings.errors import SettingsError

EXTRAS = {"pg8000": "server", "redis": "server", "grpc": "grpc", "pyarrow": "parquet"}
"""Modules that a plain install lacks, and the extra that provides them."""


def message(error: Exception, language: str) -> str | None:
    """The message in this language if the error has both; None for an internal bug, which keeps its
    traceback."""
    match error:
        case PolicyError(problems=problems, text=text):
            return problems_text(problems, language) or text.get(language)
        case SettingsError(text=text) | AuditError(text=text) | UseError(text=text):
            return text.get(language)
        case ClassifierError(zh=zh):
            return zh if language == "zh" else str(error)
        case ThreegateError():
            return str(error)
        case DBAPIError():
            return line("database", language, why=reason_of(error))
        case ModuleNotFoundError(name=str(name)) if (top := name.partition(".")[0]) in EXTRAS:
            return line("extra", language, module=top, extra=EXTRAS[top])
        case OSError(filename=path, strerror=why) if path and why:
            return line("file", language, path=path, why=reason(error).get(language))
        case _:
            return None
