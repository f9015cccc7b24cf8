"""UPI payment addresses: what is found in a text, and where."""

from __future__ import annotations

import pytest
from threegate.detectors.engine.context import ScanText
from threegate.detectors.pii_intl.upi import RECOGNIZER
from threegate.types import Level


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("rahul.sharma@okhdfcbank", ["rahul.sharma@okhdfcbank"]),
        ("pay rahul@YBL, please", ["rahul@YBL"]),
        ("请付到9876543210@paytm。", ["9876543210@paytm"]),
        ("VPA=meera-92@mybank", ["meera-92@mybank"]),
        ("a1@upi b2@upi", ["a1@upi", "b2@upi"]),
        ("rahul@mybank", []),  # no label
        ("rahul@ybl.com", []),  # an e-mail address
        ("rahul@ybl-host", []),
        ("UPI works; ssh root@10.0.0.1", []),
        ("git@paytm:group/project", []),
        ("https://user@upi/", []),
        ("x@upi", []),  # too short for a name
        ("@upi", []),
    ],
)
def test_values(text: str, values: list[str]) -> None:
    hits = list(RECOGNIZER.find(ScanText(text, final=True)))
    assert [text[hit.start : hit.end] for hit in hits] == values
    assert all(hit.level is Level.HIGH for hit in hits)
