"""Machine-readable zones: which lines are one."""

from __future__ import annotations

import pytest
from threegate.detectors.engine.context import ScanText
from threegate.detectors.pii_intl.mrz import RECOGNIZER

PASSPORT = "P<GBROKAFOR<<DANIEL<JAMES<<<<<<<<<<<<<<<<<<<"
DATA = "5334013720GBR8509233M3102123<<<<<<<<<<<<<<06"
CARD = "7408122F3204153UTO<<<<<<<<<<<2"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (f"{PASSPORT}\n{DATA}", [PASSPORT, DATA]),
        (f"扫描结果：{PASSPORT} {DATA}。", [PASSPORT, DATA]),
        (f'["{CARD}"]', [CARD]),
        ("V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", ["V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<"]),
        (DATA.replace("850923", "850924"), []),  # a wrong check digit
        (CARD.replace("320415", "320416"), []),
        (DATA + "1", []),
        (DATA[:-1], []),
        (PASSPORT.replace("<<", "<X"), []),
        (PASSPORT.lower(), []),
        ("<" * 44, []),
        ("A" * 44, []),
    ],
)
def test_values(text: str, values: list[str]) -> None:
    hits = list(RECOGNIZER.find(ScanText(text, final=True)))
    assert [text[hit.start : hit.end] for hit in hits] == values


def test_a_line_that_goes_on_is_held() -> None:
    text = f"scan: {PASSPORT[:20]}"
    assert min(tail(text) for tail in RECOGNIZER.tails) <= len("scan: ")
