"""Numbers of patients and insured persons. They have no common form or check digit, so they are
found only right after their label."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.detectors.engine.byte_patterns import loosened
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import ANSWER, Hit, likely
from threegate.types import Level

MEDICAL, SOCIAL = "pii.cn.medical_id", "pii.cn.social_security"
_VALUE = r"(?P<value>[A-Za-z]{0,4}-?[0-9](?:[0-9A-Z]|-[0-9A-Z]){3,19})(?![0-9A-Za-z])"
_LINK = (
    rf"(?P<gap>[\s\"']{{0,2}}[:：=是为為(（#.]{{0,2}}[\s\"']{{0,2}}|{ANSWER}"
    r"|[^0-9A-Za-z\n。；密]{0,12}?|(?-i:(?: [a-z]{1,5}){0,2}) ?[:(]? ?)"
)
_ABROAD = "(?<!美国)(?<!英国)(?<!德国)(?<!韩国)(?<!加拿大)(?<!澳大利亚)(?<!澳洲)(?<!新加坡)"
"""Documents whose numbers have their own recognizers."""
_WORDS = (
    "病历|病歷|病案|住院|门诊|門診|就诊|就診|体检|處方|处方|挂号|掛號|检查|检验|医"
    "保|醫保|医疗保险|醫療保險|健康卡|诊疗|样本|患者|病人|影像"
)
_MEDICAL = re.compile(
    rf"(?i)(?:{_ABROAD}(?:{_WORDS})"
    r"(?:电子凭证|个人|序列|电脑)?(?:卡|证|登记|条码)?(?:号码|號碼|编号|編號|号|號)|"
    r"(?:医保|就诊|就診|诊疗|门诊|住院|健康)卡|(?<![a-z])(?:mrn|pt\.? id)(?![a-z])"
    r"|medical[ _]?record[ _]?(?:number|no\.?|id)|patient (?:id|no\.?|number)|patient_?(?:id|"
    r"no)|health insurance (?:id|number|no\.?)|(?:患者|病人)id"
    r"|(?:hosp(?:ital|\.)?|admission|inpatient|outpatient)[ _]?(?:no\.?|number|id))"
    rf"{_LINK}{_VALUE}"
)
_SOCIAL = re.compile(
    rf"(?i)(?:{_ABROAD}(?:社保|社会保障|社会保险|社會保險|养老保险|公积金)(?:电脑|个人|账户|帳戶|"
    r"卡)?(?:号码|號碼|编号|編號|账号|号|號|卡)|shebao(?:_(?:no|id|card))?"
    r"|china social (?:security|insurance)(?: (?:card|number|no\.?))?"
    r"|(?:社保|社会保险|医保|公积金|养老)[^0-9A-Za-z\n。；]{1,8}?(?:个人|职工|参保)(?:编号|账号|号码))"
    rf"{_LINK}{_VALUE}"
)

_FORMS = (
    (MEDICAL, loosened(_MEDICAL.pattern), _MEDICAL),
    (SOCIAL, loosened(_SOCIAL.pattern), _SOCIAL),
)

_NEAR, _LONG = 4, 6
"""Farther than this from its label, a number must have at least that many digits."""


def find(view: ScanText) -> Iterator[Hit]:
    for kind, loose, pattern in _FORMS:
        for match in likely(view, loose, pattern):
            if len(match["gap"]) > _NEAR and len(match["value"]) < _LONG:
                continue
            yield Hit(*match.span("value"), kind, Level.HIGH)


RECOGNIZER = described(
    "cn_medical",
    (MEDICAL, SOCIAL),
    find,
    trigger=(
        rf"(?i)(?:{_WORDS}|mrn|pt\.? id|medical[ _]?record|patient|health insurance"
        r"|hosp|admission|inpatient|outpatient|社保|社会保|社會保|shebao|china social"
        r"|养老保险|公积金)[^0-9]*[0-9]"
    ),
)
