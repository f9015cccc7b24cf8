"""Llama Guard 3 and 4: `safe`, or `unsafe` and a line of codes S1 to S14 (model cards).

Contents are lists of parts: the templates of the 1B and of version 4 need them. Blank lines may
come first. Score: P(unsafe) / (P(safe) + P(unsafe)) at the first token that is not white space.
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
    mapped,
    without,
)
from threegate.detectors.judges.logprobs import shares
from threegate.detectors.judges.tables import table
from threegate.settings import JudgeSettings

_ANSWER = re.compile(r"\s*(?:(safe)|unsafe\s*\n\s*(S\d{1,2}(?:\s*,\s*S\d{1,2})*))\s*")
_MARKS = (
    *("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|eot|>"),
    *("<|header_start|>", "<|header_end|>", "<BEGIN CONVERSATION>", "<END CONVERSATION>"),
)


class LlamaGuard:
    name = "llama_guard"

    def kinds(self, settings: JudgeSettings) -> tuple[str, ...]:
        return tuple(dict.fromkeys(table(self.name).values()))

    def requests(self, judged: Judged, settings: JudgeSettings) -> tuple[JudgeRequest, ...]:
        exchange = [("user", judged.question), ("assistant", judged.text)]
        turns = exchange if judged.answered else [("user", judged.text)]
        messages = [_turn(role, text) for role, text in turns]
        return (JudgeRequest(CHAT, chat(settings, messages, 20)),)

    def scores(self, request: JudgeRequest, reply: Json) -> tuple[Score, ...]:
        read = _ANSWER.fullmatch(content_of(reply))
        if read is None:
            raise Unreadable("neither safe nor unsafe")
        score = shares(reply, "", ("safe", "unsafe"), read[1] or "unsafe")["unsafe"]
        if read[1]:
            return (Score("", score),)
        codes = [code.strip() for code in read[2].split(",")]
        return tuple(Score(mapped(table(self.name), c), score, c) for c in codes)


def _turn(role: str, text: str) -> Json:
    return {"role": role, "content": [{"type": "text", "text": without(text, _MARKS)}]}
