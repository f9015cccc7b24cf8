"""Errors of the commands `scan`, `eval`, `demo` and `models`, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from threegate.i18n.catalog import texts
from threegate.i18n.system import reason
from threegate.types import Bilingual


class UseError(Exception):
    """The command cannot be executed as typed."""

    def __init__(self, text: Bilingual) -> None:
        super().__init__(text.en)
        self.text = text


WRONG_USE: Mapping[str, Bilingual] = texts("usage", "errors")


def misuse(code: str, /, **details: object) -> UseError:
    """The error of one entry. Missing details are a bug and raise KeyError."""
    return UseError(WRONG_USE[code].filled(details))


def unread(error: OSError) -> UseError:
    if isinstance(error, FileNotFoundError):
        return misuse("no-file", path=error.filename)
    return misuse("not-read", path=error.filename, why=reason(error))
