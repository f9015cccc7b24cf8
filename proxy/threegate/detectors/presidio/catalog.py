"""The parts of Presidio that we use, listed in `catalog.toml`: its national identifiers, with
additional labels and groupings. The only module that imports Presidio."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from threegate.data_files import table
from threegate.detectors.presidio.without_spacy import without_spacy

_TABLE: Mapping[str, Any] = table("detectors.presidio", "catalog")
_COUNTRIES = "presidio_analyzer.predefined_recognizers.country_specific"


def _predefined(place: str) -> type[PatternRecognizer]:
    module, _, name = place.rpartition(".")
    found: type[PatternRecognizer] = getattr(import_module(f"{_COUNTRIES}.{module}"), name)
    return found


with without_spacy():
    from presidio_analyzer import Pattern as Pattern
    from presidio_analyzer import PatternRecognizer as PatternRecognizer

    PREDEFINED = tuple(map(_predefined, _TABLE["classes"]))

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
