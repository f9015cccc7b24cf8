"""United Kingdom: NHS number (10 digits, modulus 11) next to a label, National Insurance number
by its form."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.checksums import nhs
from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described, labels
from threegate.detectors.engine.number_index import DIGITS, Shape
from threegate.detectors.engine.recognizer import EDGE, WORD_EDGE, Hit, digits_of, first, numbers
from threegate.types import Level

NHS, NINO = "pii.uk.nhs", "pii.uk.nino"
_NHS = re.compile(first("0-9") + rf"[0-9]{{2}}([ \-]?)[0-9]{{3}}\1[0-9]{{4}}{EDGE}(?!-[0-9])")
_NINO = re.compile(
    r"[A-CEGHJ-PR-TW-Z](?<![0-9A-Za-z].)(?!(?<=B)G|(?<=G)B|(?<=K)N|(?<=N)[KT]|(?<=T)"
    r"N|(?<=Z)Z)[A-CEGHJ-NPR-TW-Z]"
    rf"([ ]?)[0-9]{{2}}\1[0-9]{{2}}\1[0-9]{{2}}\1[A-D]{WORD_EDGE}"
)
_NHS_SHAPE, _NINO_SHAPE = Shape(10, DIGITS, run=3, most=10), Shape(6, run=2, letters=True, most=6)
_NHS_LABELS = labels("uk_ids", "nhs_labels")
_NINO_LABELS = labels("uk_ids", "nino_labels")


def find(view: ScanText) -> Iterator[Hit]:
    for match in numbers(view, _NHS, _NHS_SHAPE):
        if nhs(digits_of(match.group())) and view.label_polarity(*match.span(), _NHS_LABELS) > 0:
            yield Hit(*match.span(), NHS, Level.HIGH)
    for match in numbers(view, _NINO, _NINO_SHAPE):
        yield _nino(view, match)


def _nino(view: ScanText, match: re.Match[str]) -> Hit:
    polarity = view.label_polarity(*match.span(), _NINO_LABELS, look_after=False)
    level = Level.MEDIUM if match[1] else Level.LOW
    return Hit(*match.span(), NINO, Level.HIGH if polarity > 0 else level)


_OPEN = re.compile(
    r"(?<![0-9A-Za-z])[A-Z]{1,2}[ ]?(?:(?<=[A-Z]{2})[0-9 ]{0,9}|(?<=[A-Z]{2} )[0-9 ]{0,9})\Z"
)
tail = open_match.unfinished(_OPEN, 14)

RECOGNIZER = described("uk_ids", (NHS, NINO), find, (open_match.token, open_match.number, tail))
