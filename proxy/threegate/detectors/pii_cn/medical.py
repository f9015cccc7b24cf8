"""Numbers of patients and insured persons. They have no common form or check digit, so they are
found only right after their label."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.data_files import patterns
from threegate.detectors.engine.byte_patterns import loosened
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import ANSWER, Hit, likely
from threegate.types import Level

MEDICAL, SOCIAL = "pii.cn.medical_id", "pii.cn.social_security"
_P = patterns("detectors.pii_cn", "medical", ANSWER=ANSWER)
_MEDICAL = re.compile(_P["MEDICAL"])
_SOCIAL = re.compile(_P["SOCIAL"])

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


RECOGNIZER = described("cn_medical", (MEDICAL, SOCIAL), find, trigger=_P["TRIGGER"])
