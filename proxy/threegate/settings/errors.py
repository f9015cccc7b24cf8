"""What is wrong with a setting: one entry each, in both languages.

Entries name settings, files, variables and possible values, never the actual value, which may be a
password in the wrong place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from threegate.i18n.catalog import texts
from threegate.types import Bilingual


class SettingsError(Exception):
    """A setting is wrong; the text names it and where it came from."""

    def __init__(self, text: Bilingual) -> None:
        super().__init__(text.en)
        self.text = text


WRONG: Mapping[str, Bilingual] = texts("settings", "errors")


def wrong(code: str, /, **details: Any) -> SettingsError:
    """The error of one entry. Missing details are a bug and raise KeyError."""
    return SettingsError(WRONG[code].filled(details))
