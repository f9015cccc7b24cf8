"""The excerpt of a record's texts for a list: the words searched for, else the first hit, else the
beginning."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from threegate.console.presenters.highlights import Highlight, excerpt, pieces
from threegate.console.presenters.records import texts
from threegate.normalize.confusables import simplified
from threegate.types import CLAIM_NO_SOURCE, CLAIM_SUPPORTED

SIZE = 60
SEARCHED = "searched"
"""The kind of a mark on a word that was searched for."""
NO_HIT = ("", CLAIM_NO_SOURCE, CLAIM_SUPPORTED)


def snippet(
    event: Mapping[str, Any], parts: Sequence[Mapping[str, str]], words: str
) -> list[dict[str, str]]:
    """Pieces of one redacted text; empty if none was kept."""
    shown = [t["pieces"] for t in texts(event, parts, revealed=False)]
    for cut in shown:
        text = "".join(p["text"] for p in cut)
        if marks := _searched(text, words):
            return excerpt(pieces(text, marks), SIZE)
    hit = (cut for cut in shown if any(p["kind"] not in NO_HIT for p in cut))
    return excerpt(next(hit, shown[0] if shown else []), SIZE)


def _searched(text: str, words: str) -> list[Highlight]:
    """The first occurrences of the words as typed; the index also finds other forms."""
    terms = [re.escape(word) for word in re.findall(r"\w+", words.translate(simplified()))]
    plain = text.translate(simplified())  # maps one character to one
    found = re.finditer("|".join(terms), plain, re.IGNORECASE) if terms else ()
    places = [Highlight(m.start(), m.end(), SEARCHED, "", "") for m in found]
    return places[:4]
