"""Passwords inside URLs of any scheme: `scheme://user:password@host`. Only the password
is the finding."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import Hit
from threegate.types import Level

KIND = "secret.password"
_URL = re.compile(
    r"(?<![A-Za-z0-9+.\-])[A-Za-z][A-Za-z0-9+.\-]{1,15}"
    r"://[^\s:@/\"'`,<>]{0,40}:(?P<value>[^\s@/\"'`,<>]{3,128})@(?=[0-9A-Za-z\[{$%])"
)
_PLACEHOLDER = re.compile(
    r"(?i)^[${]|^\[[^\]\d!#%^&*+]*\d{0,3}\]$|\$[{(]|\{\w*\}|\*{3}|x{4}|^(?:pass(?:word|wd)?|pwd|secret|token|your.*|changeme|密码)$"
)


def find(view: ScanText) -> Iterator[Hit]:
    judged: dict[str, bool] = {}
    for match in _URL.finditer(view.text):
        value = match["value"]
        if value not in judged:
            judged[value] = not _PLACEHOLDER.search(value)
        if judged[value]:
            yield Hit(*match.span("value"), KIND, Level.HIGH, "url")


_OPEN = re.compile(r"://[^\s@/\"'<>]*\Z")
_SCHEME = string.ascii_letters + string.digits + "+.-"
_LONGEST_SCHEME = 40


@open_match.begins(_OPEN.pattern)
def tail(text: str) -> int:
    """Everything after the scheme may be user and password, in any script; the scheme itself may
    belong to the value (`database_url`)."""
    match = _OPEN.search(text, max(0, len(text) - 256))
    if match is None:
        return len(text)
    scheme = text[max(0, match.start() - _LONGEST_SCHEME) : match.start()]
    return match.start() - len(scheme) + len(scheme.rstrip(_SCHEME))


RECOGNIZER = described(
    "url", (KIND,), find, (open_match.token, tail), trigger=r"://[^\s:@/]*:[^\s@/]{3,}@"
)
