"""Where harm may stand in a streamed answer, and what each setting of a rule does about it: the
table of docs/streams.md, made by running it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from threegate.detectors.base import DetectorInfo
from threegate.policy.model import CompiledPolicy, Mode, StreamMode
from threegate.types import Action, Channel, Failed, Finding, Level, Passage, Span

from tests.gateway.shell import INFO, Heard, hear, policy, rule, suite

DOCS = Path(__file__).parents[2] / "docs"
C, R = "content", "reasoning_content"
FIRST, SECOND, WHOLE, CLEAN = "The first half. ", "The second half. ", "All the harm. ", "Fine. "

PLACES: dict[tuple[str, str], tuple[tuple[int, str, str], ...]] = {
    ("思考过程中，正文无害", "in the reasoning, the answer is clean"): (
        (0, R, WHOLE),
        (0, C, CLEAN),
    ),
    ("正文中，思考过程无害", "in the answer, the reasoning is clean"): (
        (0, R, CLEAN),
        (0, C, WHOLE),
    ),
    ("分在正文的两句话里", "over two sentences of the answer"): ((0, C, FIRST), (0, C, SECOND)),
    ("分在两个候选里", "over two choices"): ((0, C, FIRST), (1, C, SECOND)),
    ("一半在思考过程，一半在正文", "half in the reasoning, half in the answer"): (
        (0, R, FIRST),
        (0, C, SECOND),
    ),
}

CONTENT, REASONING = frozenset({Channel.CONTENT}), frozenset({Channel.REASONING})
BOTH = CONTENT | REASONING
SETTINGS: dict[str, tuple[CompiledPolicy, bool]] = {
    label: (
        policy(rule("harm", action, "hazard.test", channels=where, stream=stream, mode=mode)),
        same,
    )
    for label, where, action, stream, mode, same in (
        ("`where: [content]`", CONTENT, Action.BLOCK, StreamMode.HOLD, Mode.ENFORCE, False),
        ("`stream: cut`", CONTENT, Action.BLOCK, StreamMode.CUT, Mode.ENFORCE, False),
        ("`where: [reasoning]`", REASONING, Action.BLOCK, StreamMode.HOLD, Mode.ENFORCE, False),
        ("`check: same`", CONTENT, Action.BLOCK, StreamMode.HOLD, Mode.ENFORCE, True),
        ("`[content, reasoning]`, `cut`", BOTH, Action.BLOCK, StreamMode.CUT, Mode.ENFORCE, False),
        ("`[content, reasoning]`, `flag`", BOTH, Action.FLAG, StreamMode.HOLD, Mode.ENFORCE, False),
        (
            "`[content, reasoning]`, `shadow`",
            BOTH,
            Action.BLOCK,
            StreamMode.HOLD,
            Mode.SHADOW,
            False,
        ),
    )
}
WORDS = {
    "never": ("不出现", "never shown"),
    "cut": ("出现后中断", "cut after it"),
    "recorded": ("出现，记录", "shown, recorded"),
    "missed": ("出现", "shown"),
}


@dataclass
class Spread:
    """Harm in one sentence, or where its two halves are read together."""

    info: DetectorInfo = INFO

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...] | Failed]:
        await asyncio.sleep(0.001)
        return [self._one(p) for p in passages]

    def _one(self, passage: Passage) -> tuple[Finding, ...]:
        read = f"{passage.nearby}\n{passage.before}{passage.text}"
        ends = SECOND.strip() in passage.text and FIRST.strip() in read
        if not ends and WHOLE.strip() not in passage.text:
            return ()
        span = Span(0, len(passage.text))
        return (Finding("bad", INFO.kinds[0], span, 0.9, Level.HIGH, passage.locus),)


def events(pieces: Sequence[tuple[int, str, str]]) -> list[bytes]:
    made = [
        {"index": n, "delta": {name: text}, "finish_reason": None} for n, name, text in pieces
    ] + [{"index": n, "delta": {}, "finish_reason": "stop"} for n in sorted({p[0] for p in pieces})]
    frames = [json.dumps({"id": "c", "choices": [choice]}) for choice in made]
    return [f"data: {frame}\n\n".encode() for frame in [*frames, "[DONE]"]]


def outcome(heard: Heard) -> str:
    said = heard.text(C) + heard.text(R)
    shown = WHOLE.strip() in said or SECOND.strip() in said
    assert heard.answer is not None
    if '"content_filter"' in heard.data.decode():
        return "cut" if shown else "never"
    return "recorded" if heard.answer.ruled else "missed"


def table(language: int) -> str:
    head = [("有害内容在哪里", "where the harm is")[language], *SETTINGS]
    lines = [head, ["---"] * len(head)]
    for place, pieces in PLACES.items():
        cells = []
        for rules, same in SETTINGS.values():
            heard = asyncio.run(hear(events(pieces), rules, suite(Spread()), same=same))
            cells.append(WORDS[outcome(heard)][language])
        lines.append([place[language], *cells])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


@pytest.mark.parametrize(("language", "name"), [(0, "streams.zh-CN.md"), (1, "streams.md")])
def test_the_table_of_the_handbook_is_what_happens(language: int, name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    assert table(language) in text
