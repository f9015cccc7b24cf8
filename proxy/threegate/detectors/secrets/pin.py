"""Short codes: PINs, card security codes, door codes, one-time codes.

Four digits alone mean nothing, so a code needs its name directly before it and a word or sign that
assigns it. Only `PIN` and names that end with 密码 or 口令 count directly before the digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.engine import byte_patterns, open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.recognizer import Hit, Recognizer, likely_hits
from threegate.types import Bilingual, Level

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
"""Digits of an Indian postal code, which is also called PIN code."""
_REACH = 56
"""From the label to the value: within `base.LOOKBEHIND`."""


def find(view: ScanText) -> Iterator[Hit]:
    for loose, pattern in _PATTERNS:
        yield from likely_hits(view, loose, pattern, _judge)


def _judge(match: re.Match[str]) -> Hit | None:
    value = match["value"]
    if match.start("value") - match.start() > _REACH:
        return None
    postal = len(value) == _POSTAL and match.group()[:8].lower() == "pin code"
    weak = match.re is _ADJACENT and (value in _WEAK or len(set(value)) == 1)
    return None if postal or weak else Hit(*match.span("value"), KIND, Level.MEDIUM)


RECOGNIZER = Recognizer(
    DetectorInfo(
        id="pin",
        kinds=(KIND,),
        title=Bilingual("PIN 与验证码", "PINs and one-time codes"),
        examples=(
            Example("my pin is 5348, please keep it", ("5348",)),
            Example("短信验证码：367547，五分钟内有效", ("367547",)),
            Example("支付密码738122，密码 27162888", ("738122", "27162888")),
            Example("Your one-time code is 194267.", ("194267",)),
            Example("门禁密码：5525", ("5525",)),
            Example("CVV 871，背面三位 402", ("871", "402")),
            Example("门锁密码改成851207#了", ("851207",)),
            Example("Sign-in code: 483920, gate code 2580 then ring", ("483920", "2580")),
            Example("动态口令为360058", ("360058",)),
            Example("The combination to the safe is 24-9-37.", ("24-9-37",)),
            Example("The code for the gate is 0417, combo 32-8-19", ("0417", "32-8-19")),
            Example("code for the gate is 0417", ("0417",)),
            Example("My ATM pin number 5093, her passcode 558210", ("5093", "558210")),
            Example("the alarm code at mum's is 7741, PIN for the fob is 6093", ("7741", "6093")),
            Example("Gate code changed again: *4410#, 门禁 #5580", ("4410", "5580")),
            Example("The keypad at unit 5 takes 0852, then green", ("0852",)),
            Example("**PIN:** 5348, **验证码**：583920", ("5348", "583920")),
            Example("security code: 821, 卡背面签名栏后三位是 402", ("821", "402")),
            Example("楼道门 4471#，开锁密码改 447100 了", ("4471", "447100")),
            Example("The three digits on the back are 518.", ("518",)),
            Example("the error code for that is long, a keypad lock takes 10 minutes, gate 1234"),
            Example("保险柜左三圈到47-12-83，大门密码锁：按 3719 再按井号", ("47-12-83", "3719")),
            Example("a combination of 3-4-5 items, 密码是2024年设的，保险柜型号 3712"),
            Example("GPIO pin is 17; the PIN code is 560001 in Bengaluru"),
            Example("请输入6位验证码，密码123456太简单"),
            Example("exit code is 1370, status code: 4040"),
        ),
    ),
    trigger=(
        r"(?i)\bpin\b|\bpin[码碼]|\botp\b|\bpuk|passcode|[a-z] (?:code|pin)\b|combo|combination"
        r"|code (?:for|to|of) (?:the|my|our) "
        r"|\bcvv|\bcvc|\bcsc|背面|keypad|intercom|entry panel|digits on the back|security code"
        r"|[证證验驗全款门門禁态態][码碼]|密[码碼]|口令|保险[柜箱]|门锁|门禁|单元门|大门|楼道门"
        r"|(?:gate|door)[: ]{0,2}[#*]"
    ),
    find=find,
    tails=(open_match.token,),
    rank=55,
    plain=False,
)
