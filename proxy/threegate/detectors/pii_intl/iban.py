"""IBAN (ISO 13616): country, length of that country, MOD 97-10. Solid or in groups of four."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.engine import open_match
from threegate.detectors.engine.checksums import mod97
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.digit_index import DigitIndex, Ints, together
from threegate.detectors.engine.recognizer import Hit, Recognizer, candidates
from threegate.types import Bilingual, Level

KIND = "pii.iban"
_TABLE = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 "
    "EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 "
    "IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 "
    "NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 "
    "TR26 UA29 VA22 VG24 XK20"
)
_LENGTHS = {item[:2]: int(item[2:]) for item in _TABLE.split()}
_SIZES = sorted(set(_LENGTHS.values()))
_WANTED = np.zeros((27, 27), np.int64)
for _country, _length in _LENGTHS.items():
    _WANTED[ord(_country[0]) - ord("A"), ord(_country[1]) - ord("A")] = _length
_WORTH = np.array([int(c, 36) if c.isascii() and c.isalnum() else 0 for c in map(chr, range(128))])
_SMALL = tuple(map(ord, "az"))
_BLANKS = tuple(map(ord, " \u00a0"))
_IBAN = re.compile(
    r"[A-Z](?<![0-9A-Za-z].)[A-Z][0-9]{2}(?:[ \u00a0]?[0-9A-Z]{4}){2,7}(?:[ \u00a0]?[0-9A-Z]{1,3})?"
)


def _spots(sieve: DigitIndex) -> Ints:
    """Words that begin like one; of the whole length only with a check number that fits."""
    start, end = sieve.tokens(4)
    head = [sieve.code(start + place) for place in range(4)]
    wanted = _WANTED[_letter(head[0]), _letter(head[1])]
    digits = sieve.is_digit(start + 2) & sieve.is_digit(start + 3)
    size = end - start
    start, size, wanted = (
        each[digits & (wanted >= size) & (wanted > 0)] for each in (start, size, wanted)
    )
    whole = size == wanted
    fits = np.concatenate(
        [_fitting(sieve, start[whole & (size == length)], length) for length in _SIZES]
    )
    grouped = start[~whole]
    return together(grouped[_written(sieve, grouped) >= wanted[~whole]], fits)


def _written(sieve: DigitIndex, start: Ints) -> Ints:
    """How many characters these words have with those behind them, one blank between two, up to a
    small letter."""
    starts, ends = sieve.tokens(1)
    small = np.cumsum((sieve.codes >= _SMALL[0]) & (sieve.codes <= _SMALL[1]), dtype=np.int32)
    blank = (starts[1:] - ends[:-1] == 1) & np.isin(sieve.codes[ends[:-1]], _BLANKS)
    last = np.append(
        np.flatnonzero(~blank | (small[ends[1:] - 1] > small[ends[:-1]])), len(ends) - 1
    )
    sizes = np.cumsum(ends - starts)
    first = np.searchsorted(starts, start)
    upto = last[np.searchsorted(last, first)]
    written: Ints = sizes[upto] - sizes[first] + ends[first] - start
    return written


def _letter(code: Ints) -> Ints:
    """0 to 25, 26 for what is no capital."""
    place = code - ord("A")
    return np.where((place >= 0) & (place < 26), place, 26)


def _fitting(sieve: DigitIndex, start: Ints, length: int) -> Ints:
    """`mod97` of words of one length."""
    rest = np.zeros(len(start), np.int64)
    for place in (*range(4, length), *range(4)):
        worth = _WORTH[sieve.codes[start + place]]
        rest = np.where(worth < 10, rest * 10 + worth, rest * 100 + worth) % 97
    fitting: Ints = start[rest == 1]
    return fitting


def find(view: ScanText) -> Iterator[Hit]:
    for match in candidates(view, _IBAN, _spots):
        end = _end(match.group())
        after = view.text[match.start() + end : match.start() + end + 1]
        if end and not (after.isascii() and after.isalnum()):
            yield Hit(match.start(), match.start() + end, KIND, Level.HIGH)


def _end(text: str) -> int:
    """Length of the valid IBAN at the start of `text`, 0 without one."""
    wanted = _LENGTHS.get(text[:2], 0)
    value = text.replace(" ", "").replace("\u00a0", "")[:wanted]
    if not wanted or len(value) < wanted or not mod97(value):
        return 0
    if text[:wanted] == value:
        return wanted
    return [i for i, char in enumerate(text) if char not in " \u00a0"][wanted - 1] + 1


_OPEN = re.compile(r"(?<![0-9A-Za-z])[A-Z](?:[A-Z](?:[0-9](?:[0-9][ \u00a00-9A-Z]{0,42})?)?)?\Z")


@open_match.begins(_OPEN.pattern)
def tail(text: str) -> int:
    match = _OPEN.search(text, max(0, len(text) - 48))
    return match.start() if match else len(text)


RECOGNIZER = Recognizer(
    DetectorInfo(
        id="iban",
        kinds=(KIND,),
        title=Bilingual("国际银行账号", "International bank account number"),
        examples=(
            Example("IBAN DE89370400440532013000是", ("DE89370400440532013000",)),
            Example("to GB82 WEST 1234 5698 7654 32 please", ("GB82 WEST 1234 5698 7654 32",)),
            Example("汇到NL91ABNA0417164300。", ("NL91ABNA0417164300",)),
            Example("IBAN DE89370400440532013001"),
            Example("HS code DE12 3456 7890"),
        ),
    ),
    trigger="[A-Z]{2}[0-9]{2}[ \u00a0]?[0-9A-Z]{4}[ \u00a0]?[0-9A-Z]{4}",
    find=find,
    tails=(tail,),
    rank=88,
    plain=False,
)
