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
_SPELLED = re.compile(
    r"(?i)(?:my|your)?p(?:a|4|@|%40)?s{1,2}(?:%[0-9a-f]{2}|[!#$&*+])?(?:w(?:o|0)?r?d)?"
    r"(?:%[0-9a-f]{2}|[!#$&*+])?"
)
"""The word "password" with a sign in it, as in explanations of percent encoding: `p%40ssword`."""
_NO_HOST = re.compile(r"(?i)@(?:host(?:name)?|localhost|example\.[a-z]{3})(?![A-Za-z0-9.\-])")
"""Only explanations name a host like that; with a real host even a weak password counts."""


def find(view: ScanText) -> Iterator[Hit]:
    judged: dict[str, bool] = {}
    for match in _URL.finditer(view.text):
        value = match["value"]
        if value not in judged:
            judged[value] = not _PLACEHOLDER.search(value)
        if judged[value] and not _is_explained(view, value, match):
            yield Hit(*match.span("value"), KIND, Level.HIGH, "url")


def _is_explained(view: ScanText, value: str, match: re.Match[str]) -> bool:
    if not _SPELLED.fullmatch(value):
        return False
    return _NO_HOST.match("@" + view.after(match.start(), match.end())) is not None


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
