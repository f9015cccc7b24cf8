"""Private keys in PEM: from BEGIN to END, or as far as the text looks like a key."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.detectors import tails
from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.recognizer import Hit, Recognizer
from threegate.detectors.surroundings import View
from threegate.types import Bilingual, Level

KIND = "secret.private_key"

MAX_PEM = 16384
"""Characters from BEGIN to END of a private key; an RSA-16384 key in PEM has about 12,700."""

MIN_PEM_BODY = 20
"""Less than this between BEGIN and END is a placeholder."""

_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----")
_BODY = re.compile(r"[\sA-Za-z0-9+/=:,\-\\]*")
_PEM_OPEN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}-{0,5}\Z")


def find(view: View) -> Iterator[Hit]:
    """Up to the END line; without one, up to where the text no longer looks like a key."""
    stop = 0
    for match in _BEGIN.finditer(view.text):
        start, limit = match.start(), match.start() + MAX_PEM
        if start < stop:
            continue
        end = view.text.find("-----END ", match.end(), limit)
        close = view.text.find("-----", end + 9, limit) if end >= 0 else -1
        if close < 0 and len(view.text) < limit:
            view.hold(start)
        body = _BODY.match(view.text, match.end(), limit)
        stop = (
            close + 5
            if close >= 0
            else match.end() + len(body.group().rstrip())
            if body
            else match.end()
        )
        if close < 0 or end - match.end() >= MIN_PEM_BODY:
            yield Hit(start, stop, KIND, Level.HIGH)


@tails.begins(_PEM_OPEN.pattern)
def tail(text: str) -> int:
    match = _PEM_OPEN.search(text, max(0, len(text) - 64))
    return match.start() if match else len(text)


RECOGNIZER = Recognizer(
    DetectorInfo(
        "secrets.pem",
        (KIND,),
        Bilingual("PEM 私钥", "PEM private key"),
        (
            Example(
                "私钥：-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBxyz0123+/abc=\n-----END EC "
                "PRIVATE KEY-----。",
                (
                    "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBxyz0123+/abc=\n-----END EC PRIVATE "
                    "KEY-----",
                ),
            ),
            Example("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"),
        ),
    ),
    trigger="PRIVATE KEY",
    find=find,
    tails=(tails.token, tail),
    rank=99,
    plain=False,
)
