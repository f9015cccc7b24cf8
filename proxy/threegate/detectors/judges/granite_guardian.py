"""Granite Guardian: one risk per call, `Yes`/`No` (to 3.2) or `<score> yes </score>` (3.3 and 4.1).

`criteria` of the settings names the risks, `harm` by default; `yes` is the risk, for groundedness
an answer that its sources do not support. The chat template gets the risk in `guardian_config`,
sources in `documents`. Score: probability of yes against no at the verdict's tokens.
"""

from __future__ import annotations

import re

from threegate.detectors.judges.base import (
    CHAT,
    Json,
    Judged,
    JudgeRequest,
    Score,
    Unreadable,
    chat,
    content_of,
)
from threegate.detectors.judges.logprobs import shares
from threegate.detectors.judges.tables import table
from threegate.settings import JudgeSettings
from threegate.types import CLAIM_SUPPORTED

_TAGGED = re.compile(r"<score>\s*(yes|no)\s*</score>", re.I)
_WORD = re.compile(r"\s*(yes|no)\b", re.I)
PROMPTS = frozenset({"jailbreak"})
GROUNDEDNESS = "groundedness"
ANSWERS = frozenset({GROUNDEDNESS, "harm_engagement"})


class GraniteGuardian:
    name = "granite_guardian"

    def kinds(self, settings: JudgeSettings) -> tuple[str, ...]:
        criteria = _criteria(settings)
        own = tuple(k for c in criteria if (k := table(self.name).get(c, "")))
        return (*own, CLAIM_SUPPORTED) if GROUNDEDNESS in criteria else own

    def requests(self, judged: Judged, settings: JudgeSettings) -> tuple[JudgeRequest, ...]:
        wanted = [c for c in _criteria(settings) if _fits(c, judged)]
        return tuple(self._request(c, judged, settings) for c in wanted)

    def _request(self, criterion: str, judged: Judged, settings: JudgeSettings) -> JudgeRequest:
        question_messages = [{"role": "user", "content": judged.question or judged.text}]
        answer_messages = [{"role": "assistant", "content": judged.text}] if judged.answered else []
        config = {"criteria_id": criterion, "risk_name": criterion}
        more: Json = {"chat_template_kwargs": {"guardian_config": config, "think": False}}
        messages = [*question_messages, *answer_messages]
        if criterion == GROUNDEDNESS:
            messages = answer_messages
            documents = [{"doc_id": str(i), "text": t} for i, t in enumerate(judged.sources)]
            more["documents"] = documents
            more["chat_template_kwargs"]["documents"] = documents
        return JudgeRequest(CHAT, chat(settings, messages, 64, **more), criterion)

    def scores(self, request: JudgeRequest, reply: Json) -> tuple[Score, ...]:
        content = content_of(reply)
        tagged = _TAGGED.findall(content)
        word = _WORD.match(content)
        if not tagged and word is None:
            raise Unreadable("neither yes nor no")
        verdict = (tagged[-1] if tagged else word[1] if word else "").lower()
        opening = "<score>" if tagged else ""
        score = shares(reply, opening, ("yes", "no"), verdict)["yes"]
        found = Score(table(self.name).get(request.about, ""), score, request.about)
        if request.about != GROUNDEDNESS:
            return (found,)
        return (found, Score(CLAIM_SUPPORTED, 1 - score, request.about))


def _criteria(settings: JudgeSettings) -> tuple[str, ...]:
    return settings.criteria or ("harm",)


def _fits(criterion: str, judged: Judged) -> bool:
    if criterion == GROUNDEDNESS:
        return judged.answered and bool(judged.sources)
    return criterion not in (PROMPTS if judged.answered else ANSWERS)
