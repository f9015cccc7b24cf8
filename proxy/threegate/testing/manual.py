"""A long source for the demo: the manual of an invented product, in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from threegate.types import Bilingual


def _read(language: str) -> str:
    return (Path(__file__).parent / f"manual.{language}.txt").read_text(encoding="utf-8")


MANUAL: Final = Bilingual(_read("zh"), _read("en"))
