"""Passwords inside URLs of any scheme: `scheme://user:password@host`. Only the password
is the finding."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.recognizer import Hit, Recognizer
from threegate.types import Bilingual, Level

KIND = "secret.password"
_URL = re.compile(
    r"(?<![A-Za-z0-9+.\-])[A-Za-z][A-Za-z0-9+.\-]{1,15}"
    r"://[^\s:@/\"'`,<>]{0,40}:(?P<value>[^\s@/\"'`,<>]{3,128})@(?=[0-9A-Za-z\[{$%])"
)
_PLACEHOLDER = re.compile(
    r"(?i)^[${]|\$[{(]|\{\w*\}|\*{3}|x{4}|^(?:pass(?:word|wd)?|pwd|secret|token|your.*|changeme|密码)$"
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


RECOGNIZER = Recognizer(
    DetectorInfo(
        id="url",
        kinds=(KIND,),
        title=Bilingual("网址中的密码", "Password in a URL"),
        examples=(
            Example("git clone https://bob:Xk29fQzz@git.corp.cn/a.git", ("Xk29fQzz",)),
            Example("代理http://u1:p4ss77@10.1.2.3:8080吗", ("p4ss77",)),
            Example("ftp://bob:Xk$29f{Qz@ftp.corp.cn/a", ("Xk$29f{Qz",)),
            Example(
                "https://u:$PASS@b.com, http://{u}:{p}@h, https://u:pre-{p}@h, https://u:x$(p)@h"
            ),
            Example("rtsp://admin:Xk29fQzz@10.0.0.8:554/ch1", ("Xk29fQzz",)),
            Example("cloudinary://8748:Xk29fQzz@mycloud", ("Xk29fQzz",)),
            Example("https://user:password@host/ 与 https://a:${PASS}@b.com"),
            Example("http://host:8080/a@b"),
        ),
    ),
    trigger=r"://[^\s:@/]*:[^\s@/]{3,}@",
    find=find,
    tails=(open_match.token, tail),
    rank=50,
    plain=False,
)
