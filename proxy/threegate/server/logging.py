"""Logs of the server: text lines or JSON lines on standard error, without any text of a request.

Our own messages hold codes, ids and names only. An exception is written as its type and place,
because its message may quote input. The same holds for the loggers of libraries that propagate to
the root logger.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

_QUIET = ("httpx", "httpcore", "aiohttp.access", "sqlalchemy", "alembic", "presidio-analyzer")
"""They log addresses, statements or chatter below warning."""


class TextLine(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """Local time with its offset: records of the audit log are in UTC."""
        moment = datetime.fromtimestamp(record.created).astimezone()
        return moment.isoformat(" ", "milliseconds")

    def formatException(self, ei: Any) -> str:
        return _place(ei)

    def formatStack(self, stack_info: str) -> str:
        return ""


class JsonLine(TextLine):
    """`{"ts", "level", "logger", "message", "error"}`; `ts` is RFC 3339 in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "ts": _timestamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = _place(record.exc_info)
        return orjson.dumps(line).decode()


def set_up(level: str, form: str = "text") -> None:
    """Replaces the handlers of the root logger."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLine() if form == "json" else TextLine())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _place(info: Any) -> str:
    """`ValueError at pack.module:function:12`, never the message."""
    kind, _, trace = info
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return str(kind.__name__)
    frame = trace.tb_frame
    module = frame.f_globals.get("__name__", "?")
    return f"{kind.__name__} at {module}:{frame.f_code.co_name}:{trace.tb_lineno}"


def _timestamp(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
