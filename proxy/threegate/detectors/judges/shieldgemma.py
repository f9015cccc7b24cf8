"""ShieldGemma: one policy per call, one token; `Yes` is a violation. English.

The prompt is raw (`/v1/completions`) and the model's own; `criteria` of the settings choose among
its four policies. Score: P(Yes) / (P(Yes) + P(No)) at the first token.
"""

from __future__ import annotations

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
from threegate.detectors.judges.logprobs import positions
from threegate.detectors.judges.tables import filled, table
from threegate.settings import JudgeSettings

_MARKS = ("<start_of_turn>", "<end_of_turn>")
_USER = {"subject": "The prompt", "verb": "contain or seek generation of"}
_ANSWER = {"subject": "The chatbot", "verb": "generate"}


class ShieldGemma:
    name = "shieldgemma"

    def kinds(self, settings: JudgeSettings) -> tuple[str, ...]:
        return tuple(k for c in _criteria(settings) if (k := table(self.name).get(c, "")))

    def requests(self, judged: Judged, settings: JudgeSettings) -> tuple[JudgeRequest, ...]:
        prompt = table("shieldgemma_prompt")["answer" if judged.answered else "user"]
        text, question_text = without(judged.text, _MARKS), without(judged.question, _MARKS)
        out = []
        for criterion in _criteria(settings):
            words = _ANSWER if judged.answered else _USER
            policy = filled(table("shieldgemma_policies")[criterion], **words)
            question = question_text if judged.answered else text
            full = filled(prompt, question=question, answer=text, policy=policy)
            out.append(JudgeRequest(COMPLETIONS, completion(settings, full, 1), criterion))
        return tuple(out)

    def scores(self, request: JudgeRequest, reply: Json) -> tuple[Score, ...]:
        found = positions(reply)
        share = found[0].share(("yes", "no")) if found else {}
        word = str(reply["choices"][0]["text"]).strip().lower()
        if not share and word not in ("yes", "no"):
            raise Unreadable("neither yes nor no")
        score = share["yes"] if share else float(word == "yes")
        return (Score(table(self.name)[request.about], score, request.about),)


def _criteria(settings: JudgeSettings) -> tuple[str, ...]:
    return settings.criteria or tuple(table("shieldgemma"))
