"""Identity and tax numbers of persons and firms in more countries: after their label, with valid
check digits; a few by their grouping and check digits alone.

All labels are searched in one pass, then each number whose label occurs in another.
"""

# ruff: noqa: E501 (a table reads better with one number a line)
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import re2

from threegate.detectors.engine import open_match
from threegate.detectors.engine.byte_patterns import loosened
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.number_index import DIGITS
from threegate.detectors.engine.recognizer import ANSWER, Find, Hit
from threegate.detectors.pii_intl.national_checks import (
    Check,
    baltic,
    belgian,
    born_day_first,
    born_year_first,
    brazilian,
    czech,
    french,
    indonesian,
    japanese,
    luhn,
    modulo_11,
    norwegian,
    remainder_11,
    russian_insurance,
    russian_tax,
    varied,
    weighted,
)
from threegate.normalize import re2_spans
from threegate.types import Level

OTHER, SIN, RRN = "pii.id_other", "pii.ca.sin", "pii.kr.rrn"
_GAP = rf"(?:[^0-9\n。；;!?！？]{{0,20}}?|{ANSWER})"
_REACH = 56
"""From the label to the value: within `base.LOOKBEHIND`."""


class _Number(NamedTuple):
    """`label` finds the words alone; `whole`, RE2, ends with a value of so many `digits`."""

    label: str
    whole: Any
    digits: int
    check: Check
    kind: str


def _number(label: str, form: str, digits: int, check: Check, kind: str = OTHER) -> _Number:
    return _Number(label, loosened(f"(?i)(?:{label}){_GAP}(?:{form})"), digits, check, kind)


def _alone(form: str, digits: int, check: Check) -> _Number:
    return _Number(form, re2.compile(form), digits, check, OTHER)


_LABELLED = (
    _number(r"s[ée]cu(?:rit[ée] sociale)?\b|\bNIR\b|num[ée]ro insee", r"[12] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", 15, french),
    _number(r"\bBSN\b|burgerservicenummer|sofinummer", r"[0-9]{9}|[0-9]{4}[. ][0-9]{2}[. ][0-9]{3}", 9, weighted(11, 9, 8, 7, 6, 5, 4, 3, 2, -1)),
    _number(r"num[ée]ro national|registre national|rijksregister(?:nummer)?|\bNISS\b|\bINSZ\b", r"[0-9]{2}\.?[0-9]{2}\.?[0-9]{2}-?[0-9]{3}[.\-]?[0-9]{2}", 11, belgian),
    _number(r"\bNIF\b|contribuinte", r"[0-9]{9}|[0-9]{3} [0-9]{3} [0-9]{3}", 9, modulo_11(9, 8, 7, 6, 5, 4, 3, 2)),
    _number(r"\bAHV\b|\bAVS\b", r"756\.?[0-9]{4}\.?[0-9]{4}\.?[0-9]{2}", 13, weighted(10, *(1, 3) * 6, 1)),
    _number(r"f[øo]dselsnummer|\bfnr\b", r"[0-9]{6} ?[0-9]{5}", 11, norwegian),
    _number(r"\bCPR\b", r"[0-9]{6}-?[0-9]{4}", 10, born_day_first),
    _number(r"rodn[ée] [čc][íi]slo|rodn[ée]ho [čc][íi]sla", r"[0-9]{6}/?[0-9]{4}", 10, czech),
    _number(r"\bCNP\b|cod numeric personal", r"[1-8][0-9]{12}", 13, remainder_11(2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)),
    _number(r"\bEGN\b|ЕГН", r"[0-9]{10}", 10, remainder_11(2, 4, 8, 5, 10, 9, 7, 3, 6)),
    _number(r"isikukood|asmens kodas", r"[1-6][0-9]{10}", 11, baltic),
    _number(r"\bUTR\b|unique taxpayer reference", r"[0-9]{5} ?[0-9]{5}", 10, varied),
    _number(r"\bCPF\b", r"[0-9]{3}\.?[0-9]{3}\.?[0-9]{3}-?[0-9]{2}", 11, brazilian),
    _number(r"\bCNPJ\b", r"[0-9]{2}\.?[0-9]{3}\.?[0-9]{3}/?[0-9]{4}-?[0-9]{2}", 14, brazilian),
    _number(r"\bCUI[TL]\b", r"[0-9]{2}-?[0-9]{8}-?[0-9]", 11, modulo_11(5, 4, 3, 2, 7, 6, 5, 4, 3, 2)),
    _number(r"マイナンバー|個人番号|\bmy ?number\b", r"[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}", 12, japanese),
    _number(r"\bNIK\b|\bKTP\b", r"[0-9]{16}", 16, indonesian),
    _number(r"\bmykad\b|kad pengenalan|\bIC (?:no|number)\b", r"[0-9]{6}-?[0-9]{2}-?[0-9]{4}", 12, born_year_first),
    _number(r"\bCCCD\b|căn cước|chứng minh nhân dân", r"[0-9]{12}", 12, varied),
    _number(r"снилс|\bSNILS\b", r"[0-9]{3}-?[0-9]{3}-?[0-9]{3}[ -]?[0-9]{2}", 11, russian_insurance),
    _number(r"(?-i:ИНН)|\bINN\b", r"[0-9]{10}", 10, russian_tax),
    _number(r"(?-i:ИНН)|\bINN\b", r"[0-9]{12}", 12, russian_tax),
    _number(r"teudat zehut|תעודת זהות", r"[0-9]{8}-?[0-9]", 9, luhn),
    _number(r"\bEIN\b|employer identification", r"[0-9]{2}-[0-9]{7}", 9, varied),
    _number(r"\bSIN\b|social insurance|assurance sociale", r"[0-9]{9}", 9, luhn, SIN),
    _number(r"주민(?:등록)?번호|韩国(?:居民登[记录]|身份)证?号码?", r"[0-9]{6}-?[1-4][0-9]{6}", 13, born_year_first, RRN),
)  # fmt: skip
_BARE = (
    _alone(r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", 11, brazilian),
    _alone(r"[0-9]{2}\.[0-9]{3}\.[0-9]{3}/[0-9]{4}-[0-9]{2}", 14, brazilian),
    _alone(r"756\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}", 13, weighted(10, *(1, 3) * 6, 1)),
    _alone(r"784-[0-9]{4}-[0-9]{7}-[0-9]", 15, luhn),
)
"""Recognized without a label, by a recognizer that is woken by any number (`BARE`): as separate
triggers they would multiply the states of all others."""


_WORDS = (
    r"(?i)sécu|secu|nir|insee|bsn|burgerservice|sofinummer|national|rijksregister|niss|insz|nif|contribuinte"
    r"|ahv|avs|dselsnummer|fnr|cpr|rodn|cnp|numeric personal|egn|егн|isikukood|asmens|utr|unique taxpayer"
    r"|cpf|cuit|cuil|マイナンバー|個人番号|my number|mynumber|nik|ktp|mykad|pengenalan|ic no|ic number|cccd"
    r"|căn cước|chứng minh|снилс|snils|инн|inn|teudat|תעודת|ein|employer identification|sin|social insurance"
    r"|assurance sociale|주민|韩国|emirates id"
)
"""Of every label a part that is no pattern: words share one automaton with all others."""


def _finder(table: tuple[_Number, ...]) -> Find:
    labels = re2.Set.SearchSet()
    for number in table:
        labels.Add(f"(?i){number.label}")
    labels.Compile()

    def find(view: ScanText) -> Iterator[Hit]:
        for n in sorted(labels.Match(view.data) or ()):
            yield from _found(view, table[n])

    return find


def _found(view: ScanText, number: _Number) -> Iterator[Hit]:
    for first, last in re2_spans.spans(number.whole, view.data):
        view.spend()
        label, end = view.place(first), view.place(last)
        digits = [i for i in range(label, end) if view.text[i] in DIGITS][-number.digits :]
        start = digits[0]
        if (
            start - label <= _REACH
            and _EDGES.match(view.text, start)
            and not _BEHIND.match(view.text, end)
            and number.check([int(view.text[i]) for i in digits])
        ):
            yield Hit(start, end, number.kind, Level.HIGH)


_EDGES = re.compile(r"[0-9](?<![0-9A-Za-z].)(?<![0-9][.\-/].)")
_BEHIND = re.compile(r"[0-9A-Za-z]|[.\-/][0-9]")
"""Makes a value a part of something longer."""


RECOGNIZER = described(
    "world_ids",
    (OTHER, SIN, RRN),
    _finder(_LABELLED),
    (open_match.token, open_match.number),
    trigger=_WORDS,
)
BARE = described("world_ids_bare", (OTHER,), _finder(_BARE), (open_match.token, open_match.number))
