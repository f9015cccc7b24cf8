"""What stopped a command, as a message for the person who typed it.

Messages name files, addresses and reasons, never a statement's parameters or a password.
"""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError
from threegate_classifiers.errors import ClassifierError

from threegate.audit.errors import reason_of
from threegate.cli.errors import UseError
from threegate.errors import AuditError, PolicyError, ThreegateError
from threegate.i18n.system import reason
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
        case ClassifierError(zh=zh):
            return zh if language == "zh" else str(error)
        case ThreegateError():
            return str(error)
        case DBAPIError():
            return DATABASE.get(language).format(why=reason_of(error))
        case ModuleNotFoundError(name=str(name)) if (top := name.partition(".")[0]) in EXTRAS:
            return EXTRA.get(language).format(module=top, extra=EXTRAS[top])
        case OSError(filename=path, strerror=why) if path and why:
            return FILE.get(language).format(path=path, why=reason(error).get(language))
        case _:
            return None
