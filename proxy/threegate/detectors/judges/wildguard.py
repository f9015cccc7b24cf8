"""WildGuard: three lines of yes or no, for request, refusal and response. English.

The prompt is raw (`/v1/completions`) and the model's own. For a user's text the first line counts,
for an answer the last. Score: probability of yes against no at that line's word.
"""

from __future__ import annotations

import re

from threegate.detectors.judges.base import (
    COMPLETIONS,
    Json,
    Judged,
    JudgeRequest,
    Score,
    Unreadable,
    completion,
    without,
)
from threegate.detectors.judges.logprobs import shares
from threegate.detectors.judges.tables import filled, table
from threegate.settings import JudgeSettings

_LINES = re.compile(
    r"\s*Harmful request: (yes|no)\s*\nResponse refusal: (yes|no|n/a)\s*"
    r"\nHarmful response: (yes|no|n/a)\s*",
    re.I,
)
_MARKS = ("<|user|>", "<|assistant|>", "[INST]", "[/INST]", "</s>", "<s>")
COMPLIED = "compliance.harmful"


class WildGuard:
    name = "wildguard"

    def kinds(self, settings: JudgeSettings) -> tuple[str, ...]:
        return (COMPLIED,)

    def requests(self, judged: Judged, settings: JudgeSettings) -> tuple[JudgeRequest, ...]:
        text = without(judged.text, _MARKS)
        question = without(judged.question, _MARKS) if judged.answered else text
        answer = text if judged.answered else ""
        prompt = filled(table("wildguard_prompt")["text"], question=question, answer=answer)
        about = "Harmful response:" if judged.answered else "Harmful request:"
        return (JudgeRequest(COMPLETIONS, completion(settings, prompt, 32), about),)

    def scores(self, request: JudgeRequest, reply: Json) -> tuple[Score, ...]:
        read = _LINES.fullmatch(str(reply["choices"][0]["text"]))
        answered = request.about == "Harmful response:"
        verdict = "" if read is None else read[3 if answered else 1].lower()
        if verdict not in ("yes", "no"):
            raise Unreadable("not the lines of this model")
        score = shares(reply, request.about, ("yes", "no"), verdict)["yes"]
        return (Score(COMPLIED if answered else "", score),)
