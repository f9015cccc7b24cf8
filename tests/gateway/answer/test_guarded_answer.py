"""An answer that leaves as it grows: the guard model reads it in steps (`guard/stream/early_release.py`)."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from weakref import ref

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.base import SentenceDetector
from threegate.detectors.models.guard import GuardDetector
from threegate.gateway.answer.answer_context import AnswerContext
from threegate.types import Action, Channel, Passage
from threegate.wire.adapter import StreamKey
from threegate_classifiers.runtime import Engine
from threegate_classifiers.testing import build_tiny_models

from tests.cases import cases
from tests.gateway.shell import BadWords, Heard, hear, policy, rule, stream_of, suite

HARM = policy(rule("harm", Action.BLOCK, "hazard.weapons", "compliance.harmful"))
CALM = "Nothing of note went on that day, and the town was calm, "
WORDS = ["bomb ", "mix ", "a ", "quiet ", "town. ", "你好", "。", "river, ", "\n", "炸", CALM]


def undiluted(words: list[str]) -> bool:
    """A sentence is judged as a whole: amid two calm clauses the tiny model calls one harmful word harmless."""
    return words.count(CALM) < 2


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    root = build_tiny_models(tmp_path_factory.mktemp("models"))
    opened = Engine.open(root, ["guard"], gpu=False, report=lambda _: None)
    yield opened
    opened.close()


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@given(
    st.lists(st.sampled_from(WORDS), max_size=14).filter(undiluted),
    st.lists(st.sampled_from(WORDS), max_size=5).filter(undiluted),
    st.sampled_from([7, 40, 333]),
    st.sampled_from(["", "Well?", "mix it"]),
)
@cases(20)
def test_what_leaves_is_the_same_for_any_cut(
    engine: Engine, content: list[str], reasoning: list[str], size: int, asked: str
) -> None:
    data, question = stream_of(content, reasoning), AnswerContext(asked)

    def heard(some: list[bytes]) -> tuple[str, str, str | None, list[tuple[str, str]]]:
        one = asyncio.run(hear(some, HARM, suite(GuardDetector(engine)), question=question))
        assert one.answer is not None
        ruled = [(r.rule_id, getattr(r.finding, "kind", "failed")) for r in one.answer.ruled]
        return one.text(), one.text("reasoning_content"), one.finish(), sorted(ruled)

    whole = heard([data])
    assert heard(pieces(data, size)) == whole
    for text in whole[:2]:
        assert "bomb" not in text
        assert "炸" not in text


@dataclass
class Growing(BadWords):
    """Reads a text as it grows, too."""

    checks_prefixes: bool = True

    async def clear(self, passages: Sequence[Passage]) -> list[bool]:
        return [not self._one(p) for p in passages]


@dataclass
class Asking(Growing):
    """Sure of a text only behind its question."""

    async def clear(self, passages: Sequence[Passage]) -> list[bool]:
        return [bool(p.question) for p in passages]


def slowly(events: Sequence[bytes], heard: Heard, before: list[str]) -> Iterator[bytes]:
    """Two events, a pause, of which `before` gets what had been heard by its end, and the rest."""
    yield b"\n\n".join([*events[:2], b""])
    yield from [b""] * 50
    before.append(heard.text())
    yield b"\n\n".join(events[2:])


@pytest.mark.parametrize(("question", "left"), [("The way to the river?", True), ("", False)])
async def test_a_step_that_is_not_clear_is_read_again_behind_the_question(
    question: str, *, left: bool
) -> None:
    said = "Take the first road on the left, and then go on to the river, " * 3
    events = stream_of([said, said + "Then rest."]).split(b"\n\n")
    heard, before = Heard(b""), list[str]()
    harm = policy(rule("harm", Action.BLOCK, "hazard.test"))
    asked = AnswerContext(question)
    await hear(slowly(events, heard, before), harm, suite(Asking()), heard=heard, question=asked)
    assert (len(before[0]) > 120) is left
    assert heard.text() == said + said + "Then rest."


@pytest.mark.parametrize(
    ("detector", "action", "left"),
    [
        (Growing(), Action.BLOCK, "Take the first road on the left, and then"),
        (Growing(), Action.REDACT, ""),  # an edit leaves whole
        (BadWords(), Action.BLOCK, ""),
    ],
)
async def test_clear_words_leave_before_their_sentence_has_ended(
    detector: SentenceDetector, action: Action, left: str
) -> None:
    said = "Take the first road on the left, and then go on to the river."
    events = stream_of([said[:50], said[50:]]).split(b"\n\n")
    heard, before = Heard(b""), list[str]()
    harm = policy(rule("harm", action, "hazard.test"))
    await hear(slowly(events, heard, before), harm, suite(detector), heard=heard)
    assert before == [left]
    assert heard.text() == said


async def test_an_answer_leaves_memory_with_its_call() -> None:
    harm = policy(rule("harm", Action.REDACT, "hazard.test"))
    gc.disable()  # nothing of its texts waits for a collection of reference cycles
    try:
        heard = await hear([stream_of(["All fine. ", "bad things. "])], harm, suite(BadWords()))
        assert heard.answer is not None
        heard.answer.text(StreamKey(1, Channel.CONTENT)).feed("More")
        answer = ref(heard.answer)
        heard.answer = None
        assert answer() is None
    finally:
        gc.enable()
