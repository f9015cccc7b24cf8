"""US social security numbers: area, group and serial that were ever issued. Unhyphenated only
next to a label."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.detectors import tails
from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.labels import words
from threegate.detectors.recognizer import EDGE, Hit, Recognizer, candidates, first
from threegate.detectors.sieve import Ints, Sieve
from threegate.detectors.surroundings import View, cue
from threegate.types import Bilingual, Level

KIND = "pii.us.ssn"
_SSN = re.compile(
    first("0-8")
    + rf"(?<!000)[0-9]{{2}}(?<!000)(?<!666)([ \-]?)(?!00)[0-9]{{2}}\1(?!0000)[0-9]{{4}}"
    rf"{EDGE}(?!-[0-9])"
)
_LABELS = words("ssn|social security|social|社会安全号|社安号|美国社保|taxpayer|soc sec")


def _spots(sieve: Sieve) -> Ints:
    i = sieve.rows(9, sieve.threes)
    i = i[sieve.solid(i, 3, 4) & sieve.solid(i, 5, 8) & sieve.ends(i + 8)]
    return sieve.at[i]


def find(view: View) -> Iterator[Hit]:
    for match in candidates(view, _SSN, _spots):
        near = cue(view, *match.span(), _LABELS)
        if match[1] == "-":
            level = Level.HIGH if near > 0 else Level.LOW if near else Level.MEDIUM
        else:
            level = Level.MEDIUM if near > 0 else Level.LOW
        yield Hit(*match.span(), KIND, level)


RECOGNIZER = Recognizer(
    DetectorInfo(
        id="us_ssn",
        kinds=(KIND,),
        title=Bilingual("美国社会安全号", "US social security number"),
        examples=(
            Example("my social (270-82-2098) before", ("270-82-2098",)),
            Example("SSN 423517886", ("423517886",)),
            Example("社会安全号423-51-7886是", ("423-51-7886",)),
            Example("order 423-51-7886"),
            Example("000-12-3456 or 666-12-3456 or 123-00-4567"),
            Example("part 423-51-7886-22, total 423517886"),
        ),
    ),
    trigger=r"[0-8][0-9]{2}[ \-]?[0-9]{2}[ \-]?[0-9]{4}",
    find=find,
    tails=(tails.token, tails.number),
    rank=64,
    plain=False,
)
