"""What keeps a command of `scan`, `eval`, `demo` and `models` from its work, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from threegate.i18n.catalog import texts
from threegate.types import Bilingual


class UseError(Exception):
    """The command cannot be carried out as it was typed."""

    def __init__(self, text: Bilingual) -> None:
        super().__init__(text.en)
        self.text = text


WRONG_USE: Mapping[str, Bilingual] = texts("usage", "errors")


def misuse(code: str, /, **details: object) -> UseError:
    """The error of one entry. Missing details are a bug and raise KeyError."""
    entry = WRONG_USE[code]
    return UseError(Bilingual(entry.zh.format_map(details), entry.en.format_map(details)))


def unread(error: OSError) -> UseError:
    if isinstance(error, FileNotFoundError):
        return misuse("no-file", path=error.filename)
    return misuse("not-read", path=error.filename, why=error.strerror)
