"""The AI-content label: GB 45438-2025 Annex E names, and the explicit sign in the text.

`ProduceID` is the audit request id, so that a label leads back to its record. Values are printable
ASCII without spaces, quotes and backslashes, as the annex requires.
"""

from __future__ import annotations

import re

from threegate.policy.model import AiLabel, CompiledPolicy
from threegate.types import Caller

SIGN = "（内容由AI生成 / AI-generated）"
HEADER = "x-aigc"
_UNFIT = re.compile(r'[^!-~]|["\\]')


def label_of(producer: str, request_id: str) -> dict[str, str]:
    """The members of the label (GB 45438-2025, annex E) for one answer."""
    name, made = _plain(producer) or "self-hosted", _plain(request_id)
    return {
        "Label": "1",
        "ContentProducer": name,
        "ProduceID": made,
        "ReservedCode1": "",
        "ContentPropagator": name,
        "PropagateID": made,
        "ReservedCode2": "",
    }


def label_for(policy: CompiledPolicy, caller: Caller, today: str) -> tuple[AiLabel, str]:
    """The label that an answer gets, and what its audit record says about it. A caller who asked
    for answers without the sign gets only the field, and the record names the request and its
    agreement."""
    if policy.label is AiLabel.TEXT:
        for exemption in policy.unlabelled:
            if exemption.covers(caller, today):
                return AiLabel.FIELD, f"field:art9:{exemption.id}:{exemption.agreement}"
    return policy.label, "" if policy.label is AiLabel.OFF else policy.label.value


def _plain(text: str) -> str:
    return _UNFIT.sub("", text)


def sign_of(label: AiLabel) -> str:
    """The sign at the end of each answer."""
    return SIGN if label is AiLabel.TEXT else ""
