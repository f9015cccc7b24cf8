"""Qwen3Guard-Gen: three levels, categories and, for answers, refusal; Chinese and English.

The chat template holds the instruction and judges the last turn. Answer (model card and technical
report): `Safety: Safe|Unsafe|Controversial`, `Categories: None|name, name`, `Refusal: Yes|No`.
Score: P(Unsafe) + ½ P(Controversial) at the token after `Safety:`.
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

_LINES = re.compile(
    r"\s*Safety: (Safe|Unsafe|Controversial)\s*\n\s*Categories: ([^\n]+?)\s*"
    r"(?:\n\s*Refusal: (Yes|No)\s*)?"
)
_MARKS = ("<|im_start|>", "<|im_end|>", "<BEGIN CONVERSATION>", "<END CONVERSATION>")
_LEVELS = ("safe", "unsafe", "controversial")
COMPLIED = "compliance.harmful"


class Qwen3Guard:
    name = "qwen3guard"

    def kinds(self, settings: JudgeSettings) -> tuple[str, ...]:
        return (*table(self.name).values(), COMPLIED)

    def requests(self, judged: Judged, settings: JudgeSettings) -> tuple[JudgeRequest, ...]:
        turns = [{"role": "user", "content": without(judged.question, _MARKS)}]
        last = {
            "role": "assistant" if judged.answered else "user",
            "content": without(judged.text, _MARKS),
        }
        messages = [*turns, last] if judged.answered else [last]
        about = "answer" if judged.answered else ""
        return (JudgeRequest(CHAT, chat(settings, messages, 128), about),)

    def scores(self, request: JudgeRequest, reply: Json) -> tuple[Score, ...]:
        read = _LINES.fullmatch(content_of(reply))
        if read is None or bool(request.about) != bool(read[3]):
            raise Unreadable("not the lines of this model")
        level, names, refusal = read[1], read[2], read[3]
        score = _score(reply, level)
        if level == "Safe":
            return (Score("", score),)
        natives = [] if names == "None" else [n.strip() for n in names.split(",")]
        found = [Score(mapped(table(self.name), n), score, n) for n in natives]
        if refusal == "No" and level == "Unsafe":
            found.append(Score(COMPLIED, score))
        return tuple(found) or (Score("", score),)


def _score(reply: Json, level: str) -> float:
    share = shares(reply, "Safety:", _LEVELS, level.lower())
    return share["unsafe"] + share["controversial"] / 2
