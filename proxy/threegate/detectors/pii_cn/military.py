"""Chinese military papers (军官证, 士兵证): the printed form 军字第…号, or a labelled number."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.detectors.engine import open_match
from threegate.detectors.engine.byte_patterns import loosened
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import ANSWER, Hit, likely
from threegate.types import Level

KIND = "pii.cn.military_id"
_SERVICES = "[军兵士文职广南北沈兰成济后政参装海陆空火战支联武警东西中新藏]"
_PRINTED = re.compile(rf"{_SERVICES}[^\S\n]?字第\s?[0-9]{{4,12}}\s?号")
_LABEL = (
    r"(?:军官证|士官证|士兵证|义务兵证|文职干部证|文职人员证|军人证|警官证|军官证件|軍官證|士兵證|of"
    r"ficer[ _](?:card|id|no)|military (?:card|id))"
)
_LABELLED = re.compile(
    rf"(?i){_LABEL}(?:[，,、(（]?(?:编号|号码|号|號碼|號)| number| no\.?)?"
    rf"(?:(?-i:(?: [a-z]{{1,5}}){{0,3}})[\s是为為:：=(（\"]{{0,4}}|{ANSWER}"
    r"|[^0-9A-Za-z\n。；]{0,10}(?:是|为))"
    r"(?P<value>[A-Z]{0,2}[0-9]{6,8}(?![0-9A-Za-z]))"
)
_LOOSE = loosened(_LABELLED.pattern)


def find(view: ScanText) -> Iterator[Hit]:
    for match in _PRINTED.finditer(view.text):
        yield Hit(*match.span(), KIND, Level.HIGH)
    for match in likely(view, _LOOSE, _LABELLED, apart=True):
        yield Hit(*match.span("value"), KIND, Level.HIGH)


_OPEN = re.compile(rf"{_SERVICES}[^\S\n]?(?:字(?:第(?:\s?[0-9]{{0,12}}\s?))?)?\Z")
tail = open_match.unfinished(_OPEN, 20)
"""The printed form begins with a service letter."""

RECOGNIZER = described(
    "cn_military", (KIND,), find, (open_match.token, tail), trigger=rf"字第\s?[0-9]|(?i:{_LABEL})"
)
