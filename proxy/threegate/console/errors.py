"""Errors that end a visit with an error page: one entry of `errors` in `i18n/console.toml` each,
with its status (400 by default) and its text in both languages."""

from __future__ import annotations

from threegate.i18n.catalog import catalog, texts
from threegate.types import Bilingual

ERRORS = texts("console", "errors")
_STATUS = {code: entry.get("status", 400) for code, entry in catalog("console")["errors"].items()}


class ConsoleError(Exception):
    """The text never repeats a value that the visitor sent. `code` tells a form what is wrong."""

    def __init__(self, status: int, text: Bilingual, code: str = "") -> None:
        super().__init__(code or text.en)
        self.status, self.text, self.code = status, text, code


def refusal(code: str, /, **details: object) -> ConsoleError:
    """The error of one entry. Missing details are a bug and raise KeyError."""
    return ConsoleError(_STATUS[code], ERRORS[code].filled(details), code)
