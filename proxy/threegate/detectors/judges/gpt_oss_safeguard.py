"""gpt-oss-safeguard: a reasoning model that judges by the operator's policy, given as `question`.

The policy is the system message and says how to answer: `0` or `1`, or JSON with `violation` and
optionally `policy_category` (one of the kinds that `criteria` lists) and `confidence` (high,
medium, low). Tokens are not capped, because the reasoning would use them up; an empty content is a
failure.
"""

from __future__ import annotations

import re

import orjson

from threegate.detectors.judges.base import (
    CHAT,
    SEED,
    Json,
    Judged,
    JudgeRequest,
    Score,
    Unreadable,
    content_of,
)
from threegate.settings import JudgeSettings

_CONFIDENCE = {"high": 1.0, "medium": 0.75, "low": 0.5}
_FENCED = re.compile(r"```(?:json)?\s*(.*?)\s*```", re.S)


class GptOssSafeguard:
    name = "gpt_oss_safeguard"

    def kinds(self, settings: JudgeSettings) -> tuple[str, ...]:
        return settings.criteria

    def requests(self, judged: Judged, settings: JudgeSettings) -> tuple[JudgeRequest, ...]:
        messages = [
            {"role": "system", "content": settings.question},
            {"role": "user", "content": judged.text},
        ]
        body = {"model": settings.model, "messages": messages, "temperature": 0, "seed": SEED}
        about = ",".join(settings.criteria)
        return (JudgeRequest(CHAT, body | {"reasoning_effort": "low"}, about),)

    def scores(self, request: JudgeRequest, reply: Json) -> tuple[Score, ...]:
        content = content_of(reply).strip()
        if content in ("0", "1"):
            return (Score("", float(content)),)
        answer = orjson.loads(content if (at := _FENCED.fullmatch(content)) is None else at[1])
        violation = answer["violation"] if isinstance(answer, dict) else None
        if violation not in (0, 1):
            raise Unreadable("no violation")
        confidence = _CONFIDENCE.get(str(answer.get("confidence") or "high").lower(), 0.5)
        category = str(answer.get("policy_category") or "")
        kind = category if category in request.about.split(",") else ""
        return (Score(kind, confidence if violation else 0.0, category[:40]),)
