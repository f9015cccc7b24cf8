"""Short codes: PINs, card security codes, door codes, one-time codes.

Four digits alone mean nothing, so a code needs its name directly before it and a word or sign that
assigns it. Only `PIN` and names that end with 密码 or 口令 count directly before the digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.detectors.engine import byte_patterns
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import LABEL_REACH, Hit, likely_hits
from threegate.types import Level

KIND = "secret.password"
_IS = (
    r"[\"'”」*]{0,2}\s?(?:is|was|are|['’]s|:|：|=|[改设換换更]?[成是为為]|[改换]了? "
    r"|to|changed(?: again)?:)\*{0,2}\s?(?:now\s|still\s)?[:：]?\s?"
    r"[\"'“「]?[*#]?"
)
"""What assigns the value; some locks need a sign before the digits."""
_WHERE = r"(?: (?:at|for|on|to|of|in)(?: [a-z]{1,12}(?:['’]s)?){1,4}?)?"
_EDGE = r"(?![0-9A-Za-z年个条次]|[.\-][0-9])"
_DIAL = r"[0-9]{1,2}(?:-[0-9]{1,2}){2,3}"
"""The combination of a dial lock."""
_PLACES = "door|gate|alarm|garage|keypad|lockbox|locker|voicemail"
_CODE = re.compile(
    r"(?i)(?:(?<![a-z0-9])(?:(?:pin(?: code| number)?|otp(?: code)?|passcode|puk2?(?: code)?"
    rf"|(?:one[- ]time|verification|security|sign[- ]?in|log[- ]?in|{_PLACES}|entry|unlock"
    r"|lock|padlock|safe|vault|2fa|mfa|sms)"
    rf" (?:code|pin|passcode|combination|combo)){_WHERE}"
    rf"|code (?:for|to|of) (?:the|my|our) (?:[a-z]{{1,9}} )?(?:{_PLACES}|safe|vault|building|lock)"
    r"|combination (?:to|of|for|on) (?:the|my|our|his|her|your) [a-z ]{2,16}?)"
    r"|(?:pin|[验驗][证證]|校[验驗]|安全|取款|[开開][门門]|[门門]禁)[码碼]"
    rf"|[动動][态態](?:[码碼]|口令)|密[码碼])(?:{_IS})(?P<value>[0-9]{{4,8}}|{_DIAL}){_EDGE}"
)
_CARD = re.compile(
    r"(?i)(?<![a-z0-9])(?:cvv2?|cvc2?|csc|安全码|背面[^0-9\n，。]{0,6}[三3]位"
    r"|security code|(?:three|3|last) digits on the back)(?: code|数字?|码)?"
    rf"(?:{_IS}|[ ]?)(?P<value>[0-9]{{3,4}}){_EDGE}"
)
_ADJACENT = re.compile(
    r"(?:\b(?:PIN|(?i:(?:my|your|her|his|their)(?: atm| card| sim| bank)?|atm|sim) pin)"
    r"(?: code| number)? |\b(?:[Pp]asscode|PUK) "
    rf"|\b(?i:{_PLACES}) code |\b[Cc]ombo (?=[0-9]{{1,2}}-)"
    r"|(?:密[码碼]|口令|[验驗][证證][码碼])[ ]?"
    r"|(?:密[码碼]锁|门锁|门禁|单元门|大门)[^0-9\n。]{0,8}?[按输拨摁]入?[ ]?"
    r"|(?:楼道门|门禁|单元门|大门|门锁)[:： ]{0,2}(?=[0-9]{4,8}#)"
    r"|(?:门禁|单元门|大门|(?i:gate|door))[码号]?[:： ]{0,2}[#*]"
    r"|(?i:keypad|intercom|entry panel)[^0-9\n.,;]{0,20}(?: [0-9]{1,3})?"
    r" (?i:takes|uses|wants|opens with) "
    r"|(?:保险[柜箱][^0-9\n，。]{0,16}|密[码碼][左右顺逆][^0-9\n，。]{0,6})(?=[0-9]{1,2}-))"
    rf"(?P<value>(?:[0-9]{{4}}|[0-9]{{6}}|[0-9]{{8}}|{_DIAL}){_EDGE})"
)
_ENDS = r"(?:[^0-9A-Za-z.\-年个条次]|[.\-][^0-9]|[.\-]?$)"
"""What may follow a code according to `_EDGE`."""
_PATTERNS = tuple((byte_patterns.loosened(p.pattern + _ENDS), p) for p in (_CODE, _CARD, _ADJACENT))
_WEAK = "01234567890 9876543210"
_POSTAL = 6
"""Digits of an Indian postal code, which is also called a PIN code."""


def find(view: ScanText) -> Iterator[Hit]:
    for loose, pattern in _PATTERNS:
        yield from likely_hits(view, loose, pattern, _judge)


def _judge(match: re.Match[str]) -> Hit | None:
    value = match["value"]
    if match.start("value") - match.start() > LABEL_REACH:
        return None
    postal = len(value) == _POSTAL and match.group()[:8].lower() == "pin code"
    weak = match.re is _ADJACENT and (value in _WEAK or len(set(value)) == 1)
    return None if postal or weak else Hit(*match.span("value"), KIND, Level.MEDIUM)


RECOGNIZER = described(
    "pin",
    (KIND,),
    find,
    trigger=(
        r"(?i)\bpin\b|\bpin[码碼]|\botp\b|\bpuk|passcode|[a-z] (?:code|pin)\b|combo|combination"
        r"|code (?:for|to|of) (?:the|my|our) "
        r"|\bcvv|\bcvc|\bcsc|背面|keypad|intercom|entry panel|digits on the back|security code"
        r"|[证證验驗全款门門禁态態][码碼]|密[码碼]|口令|保险[柜箱]|门锁|门禁|单元门|大门|楼道门"
        r"|(?:gate|door)[: ]{0,2}[#*]"
    ),
)
