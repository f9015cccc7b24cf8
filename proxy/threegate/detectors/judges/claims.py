"""Any model as a fact checker: does a claim agree with its sources? It answers with one of three
words. Used for the `second_opinion` of a fact check. Question, sources, the sentences before the
claim and the claim go to the model as JSON that the prompt calls data. Score: the probability of
the word at the first token of the verdict, 1 if the server gives none.
"""

from __future__ import annotations

import json

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
from threegate.types import CLAIM_CONTRADICTED, CLAIM_SUPPORTED, CLAIM_UNSUPPORTED

_KINDS = {
    "supported": CLAIM_SUPPORTED,
    "contradicted": CLAIM_CONTRADICTED,
    "unsupported": CLAIM_UNSUPPORTED,
}


class Claims:
    name = "claims"

    def kinds(self, settings: JudgeSettings) -> tuple[str, ...]:
        return tuple(_KINDS.values())

    def requests(self, judged: Judged, settings: JudgeSettings) -> tuple[JudgeRequest, ...]:
        if not (judged.answered and judged.sources):
            return ()
        data = {
            "question": judged.question,
            "sources": judged.sources,
            "before": judged.before,
            "claim": judged.sentence,
        }
        messages = [
            {"role": "system", "content": table("claims_prompt")["text"]},
            {"role": "user", "content": json.dumps(data, ensure_ascii=False)},
        ]
        return (JudgeRequest(CHAT, chat(settings, messages, 8)),)

    def scores(self, request: JudgeRequest, reply: Json) -> tuple[Score, ...]:
        word = content_of(reply).strip(" \n\"'*.。").lower()
        if word not in _KINDS:
            raise Unreadable("none of the three words")
        return (Score(_KINDS[word], shares(reply, "", tuple(_KINDS), word)[word], word),)
