"""IBAN (ISO 13616): country, length of that country, MOD 97-10. Solid or in groups of four."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.checksums import mod97
from threegate.detectors.recognizer import Hit, Recognizer, View, overlapping
from threegate.types import Bilingual, Level

KIND = "pii.iban"
_LENGTHS = dict(
    zip(
        [
            "AD",
            "AE",
            "AL",
            "AT",
            "AZ",
            "BA",
            "BE",
            "BG",
            "BH",
            "BR",
            "BY",
            "CH",
            "CR",
            "CY",
            "CZ",
            "DE",
            "DK",
            "DO",
            "EE",
            "EG",
            "ES",
            "FI",
            "FO",
            "FR",
            "GB",
            "GE",
            "GI",
            "GL",
            "GR",
            "GT",
            "HR",
            "HU",
            "IE",
            "IL",
            "IQ",
            "IS",
            "IT",
            "JO",
            "KW",
            "KZ",
            "LB",
            "LC",
            "LI",
            "LT",
            "LU",
            "LV",
            "MC",
            "MD",
            "ME",
            "MK",
            "MR",
            "MT",
            "MU",
            "NL",
            "NO",
            "PK",
            "PL",
            "PS",
            "PT",
            "QA",
            "RO",
            "RS",
            "SA",
            "SC",
            "SE",
            "SI",
            "SK",
            "SM",
            "ST",
            "SV",
            "TL",
            "TN",
            "TR",
            "UA",
            "VA",
            "VG",
            "XK",
        ],
        map(
            int,
            [
                "24",
                "23",
                "28",
                "20",
                "28",
                "20",
                "16",
                "22",
                "22",
                "29",
                "28",
                "21",
                "22",
                "28",
                "24",
                "22",
                "18",
                "28",
                "20",
                "29",
                "24",
                "18",
                "18",
                "27",
                "22",
                "22",
                "23",
                "18",
                "27",
                "28",
                "21",
                "28",
                "22",
                "23",
                "23",
                "26",
                "27",
                "30",
                "30",
                "20",
                "28",
                "32",
                "21",
                "20",
                "20",
                "21",
                "27",
                "24",
                "22",
                "19",
                "27",
                "31",
                "30",
                "18",
                "15",
                "24",
                "28",
                "29",
                "25",
                "29",
                "24",
                "22",
                "24",
                "32",
                "24",
                "19",
                "24",
                "27",
                "25",
                "28",
                "23",
                "24",
                "26",
                "29",
                "22",
                "24",
                "20",
            ],
        ),
        strict=True,
    )
)
_IBAN = re.compile(
    r"[A-Z](?<![0-9A-Za-z].)[A-Z][0-9]{2}(?:[ \u00a0]?[0-9A-Z]{4}){2,7}(?:[ \u00a0]?[0-9A-Z]{1,3})?"
)


def find(view: View) -> Iterator[Hit]:
    for match in overlapping(_IBAN, view.text):
        end = _end(match.group())
        after = view.text[match.start() + end : match.start() + end + 1]
        if end and not (after.isascii() and after.isalnum()):
            yield Hit(match.start(), match.start() + end, KIND, Level.HIGH)


def _end(text: str) -> int:
    """Length of the valid IBAN at the start of `text`, 0 without one."""
    wanted, seen = _LENGTHS.get(text[:2], 0), 0
    for index, char in enumerate(text):
        seen += char not in " \u00a0"
        if seen == wanted:
            value = text[: index + 1].replace(" ", "").replace("\u00a0", "")
            return index + 1 if mod97(value) else 0
    return 0


_OPEN = re.compile(r"(?<![0-9A-Za-z])[A-Z](?:[A-Z](?:[0-9](?:[0-9][ \u00a00-9A-Z]{0,42})?)?)?\Z")


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
)
