"""The parts of Presidio that we use, listed in `catalog.toml`: its national identifiers, with
additional labels and groupings. The only module that imports Presidio."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from threegate.data_files import table
from threegate.detectors.presidio.without_spacy import without_spacy

with without_spacy():
    from presidio_analyzer import Pattern as Pattern
    from presidio_analyzer import PatternRecognizer as PatternRecognizer
    from presidio_analyzer import predefined_recognizers

_TABLE: Mapping[str, Any] = table("detectors.presidio", "catalog")
PREDEFINED: tuple[type[PatternRecognizer], ...] = tuple(
    getattr(predefined_recognizers, name) for name in _TABLE["classes"]
)
MORE_CONTEXT: Mapping[str, str] = _TABLE["labels"]
OTHER_FORMS: Mapping[str, str] = _TABLE["form"]

REWRITTEN: Mapping[str, str] = {
    "(?=.*?[a-zA-Z])": "(?=.{0,9}[a-zA-Z])",
    "(?=.*?[0-9]{4})": "(?=.{0,6}[0-9]{4})",
    "([0-9][ _]?){11}": "(?:[0-9][ _]?){10}[0-9]",
}
"""Corrections to patterns. For an Indian PAN (ten characters) Presidio looks for the letter and the
digits anywhere in the text that follows: any word before digits matches, in quadratic time. For an
Italian VAT number it includes the space after it, so the next word is joined to it.
"""
