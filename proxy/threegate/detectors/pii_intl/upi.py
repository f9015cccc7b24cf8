"""Payment addresses of India's UPI: `name@handle`, where the handle of a bank or an app has no dot.
Those that are nothing else than a handle need no label; any other word needs one (`UPI`, `VPA`).

NPCI publishes the handles; these are well-known ones, not the whole list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described, labels
from threegate.detectors.engine.recognizer import Hit, overlapping
from threegate.detectors.pii_intl.national_ids import OTHER
from threegate.types import Level

_HANDLES: Final = (
    r"ok(?:axis|hdfcbank|icici|sbi)|pt(?:axis|hdfc|sbi|yes)|wa(?:axis|hdfcbank|icici|sbi)"
    r"|ybl|ibl|axl|apl|yapl|rapl|paytm|upi|ikwik|freecharge|jupiteraxis|naviaxis|barodampay|cnrb"
    r"|superyes|yescred|idfcbank|axisb|hdfcbank|yesbank|unionbank"
)
_NAME: Final = r"[0-9A-Za-z][0-9A-Za-z._\-]{1,63}"
_UPI: Final = re.compile(
    rf"(?<![0-9A-Za-z._%+@/:\-]){_NAME}@(?:(?P<known>(?i:{_HANDLES}))|[A-Za-z]{{2,16}})"
    r"(?![0-9A-Za-z@:_])(?![.\-][0-9A-Za-z])"
)
_LABELS = labels("upi")


def find(view: ScanText) -> Iterator[Hit]:
    for match in overlapping(_UPI, view):
        polarity = view.label_polarity(*match.span(), _LABELS)
        if polarity > 0 or (polarity == 0 and match["known"]):
            yield Hit(*match.span(), OTHER, Level.HIGH)


RECOGNIZER = described(
    "upi", (OTHER,), find, (open_match.token,), trigger=rf"@(?i:{_HANDLES})|@[A-Za-z]{{2,16}}"
)
