"""What stopped a command, as a message for the person who typed it.

Messages name files, addresses and reasons, never a statement's parameters or a password.
"""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError
from threegate_classifiers.errors import ModelError

from threegate.cli.errors import UseError
from threegate.errors import AuditError, PolicyError, ThreegateError
from threegate.policy.testing.report import problems_text
from threegate.settings.errors import SettingsError
from threegate.types import Bilingual

DATABASE = Bilingual("数据库无法使用：{why}", "the database cannot be used: {why}")
EXTRA = Bilingual(
    "没有安装 {module}：运行 pip install 'threegate[{extra}]'",
    "{module} is not installed: run pip install 'threegate[{extra}]'",
)
EXTRAS = {"pg8000": "server", "redis": "server", "grpc": "grpc", "pyarrow": "parquet"}
"""Modules that a plain install leaves out, and the extra that brings them."""
FILE = Bilingual("{path}：{why}", "{path}: {why}")


def message(error: Exception, language: str) -> str | None:
    """In this language where the error has both; None for a bug of ours, which keeps its
    traceback."""
    match error:
        case PolicyError(problems=problems, text=text):
            return problems_text(problems, language) or text.get(language)
        case SettingsError(text=text) | AuditError(text=text) | UseError(text=text):
            return text.get(language)
        case ThreegateError() | ModelError():
            return str(error)
        case DBAPIError():
            return DATABASE.get(language).format(why=database_reason(error))
        case ModuleNotFoundError(name=str(name)) if (top := name.partition(".")[0]) in EXTRAS:
            return EXTRA.get(language).format(module=top, extra=EXTRAS[top])
        case OSError(filename=path, strerror=why) if path and why:
            return FILE.get(language).format(path=path, why=why)
        case _:
            return None


SAFE_CLASSES = ("08", "28", "3D", "53", "55", "57", "58")
"""SQLSTATE classes of connections, log-in, missing databases and resources: their messages name no
value of a row."""


def database_reason(error: DBAPIError) -> str:
    """What the server or the driver reports, without the statement and its parameters."""
    given = error.orig.args[0] if error.orig is not None and error.orig.args else ""
    if isinstance(given, dict):  # PostgreSQL's fields: M is the message, C the SQLSTATE
        state = str(given.get("C", ""))
        return f"{given.get('M', '')} ({state})" if state[:2] in SAFE_CLASSES else state
    return str(given) or type(error.orig).__name__
