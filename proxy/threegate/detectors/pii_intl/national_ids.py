"""Identity and tax numbers of persons and firms in more countries, which are rows of
`national_ids.toml`: found after their label with valid check digits, a few by their grouping only.

All labels are searched in one pass, then each number whose label occurs in another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import re2

from threegate.data_files import table
from threegate.detectors.engine import open_match
from threegate.detectors.engine.byte_patterns import loosened
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.number_index import DIGITS
from threegate.detectors.engine.recognizer import ANSWER, LABEL_REACH, Find, Hit
from threegate.detectors.pii_intl import national_checks
from threegate.detectors.pii_intl.national_checks import Check
from threegate.normalize import re2_spans
from threegate.types import Level

OTHER, SIN, RRN = "pii.id_other", "pii.ca.sin", "pii.kr.rrn"
_GAP = rf"(?:[^0-9\n。；;!?！？]{{0,20}}?|{ANSWER})"


class _Number(NamedTuple):
    """`label` finds only the words; `whole` (RE2) ends with a value of this many `digits`."""

    label: str
    whole: Any
    digits: int
    check: Check
    kind: str


def _numbers(key: str) -> tuple[_Number, ...]:
    return tuple(_number(entry) for entry in _TABLE[key])


def _number(entry: Mapping[str, Any]) -> _Number:
    label, form, kind = entry.get("label"), entry["form"], entry.get("kind", OTHER)
    whole = loosened(f"(?i)(?:{label}){_GAP}(?:{form})") if label else re2.compile(form)
    return _Number(label or form, whole, entry["digits"], _check(entry["check"]), kind)


def _check(named: str | list[Any]) -> Check:
    name, *numbers = [named] if isinstance(named, str) else named
    check = getattr(national_checks, name)
    made: Check = check(*numbers) if numbers else check
    return made


_TABLE: Final = table("detectors.pii_intl", "national_ids")
_LABELLED, _BARE = _numbers("labelled"), _numbers("bare")
"""Those without a label have a recognizer that is woken by any number (`BARE`): as separate
triggers they would multiply the states of all others."""


def _finder(rows: tuple[_Number, ...]) -> Find:
    labels = re2.Set.SearchSet()
    for number in rows:
        labels.Add(f"(?i){number.label}")
    labels.Compile()

    def find(view: ScanText) -> Iterator[Hit]:
        for n in sorted(labels.Match(view.data) or ()):
            yield from _found(view, rows[n])

    return find


def _found(view: ScanText, number: _Number) -> Iterator[Hit]:
    for first, last in re2_spans.spans(number.whole, view.data):
        view.spend()
        label, end = view.place(first), view.place(last)
        digits = [i for i in range(label, end) if view.text[i] in DIGITS][-number.digits :]
        start = digits[0]
        if (
            start - label <= LABEL_REACH
            and _EDGES.match(view.text, start)
            and not _AFTER.match(view.text, end)
            and number.check([int(view.text[i]) for i in digits])
        ):
            yield Hit(start, end, number.kind, Level.HIGH)


_EDGES = re.compile(r"[0-9](?<![0-9A-Za-z].)(?<![0-9][.\-/].)")
_AFTER = re.compile(r"[0-9A-Za-z]|[.\-/][0-9]")
"""A character that makes a value part of something longer."""


RECOGNIZER = described(
    "world_ids",
    (OTHER, SIN, RRN),
    _finder(_LABELLED),
    (open_match.token, open_match.number),
    trigger=_TABLE["words"],
)
BARE = described("world_ids_bare", (OTHER,), _finder(_BARE), (open_match.token, open_match.number))
