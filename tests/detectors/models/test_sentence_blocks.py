"""Blocks hold every passage once, in order, and never join what does not belong together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.models.sentence_blocks import (
    BEFORE_BYTES,
    BLOCK_BYTES,
    OPENING_BYTES,
    QUESTION_BYTES,
    blocks,
    first,
    gist,
    last,
    sentences_so_far,
)
from threegate.guard.segments import sentences
from threegate.types import Channel, Layer, Passage, TextLocation

ANSWER = TextLocation(Layer.OUTPUT, Channel.CONTENT)
SENTENCES = st.lists(st.text("ab 。好.", min_size=1, max_size=90), max_size=12)


def passages(sentences: list[str], locus: TextLocation = ANSWER) -> list[Passage]:
    made: list[Passage] = []
    at = 0
    for sentence in sentences:
        made.append(Passage(locus, sentence, at, before="".join(p.text for p in made)[-400:]))
        at += len(sentence)
    return made


@given(SENTENCES)
def test_every_passage_once_in_order_and_within_the_window(sentences: list[str]) -> None:
    given_passages = passages(sentences)
    found = blocks(given_passages)
    assert [p for block in found for p in block] == given_passages
    for block in found:
        text = "".join(p.text for p in block)
        assert len(block) == 1 or len(text.encode()) <= BLOCK_BYTES
        question, read = gist(block)
        assert question == ""
        assert read.endswith(text)
        assert (block[0].before + text).endswith(read)
        assert len(read.encode()) <= BEFORE_BYTES + len(text.encode())


def test_a_block_is_read_with_a_little_of_what_it_answers_and_stands_beside_and_behind() -> None:
    answer = Passage(ANSWER, "So it is.", 900, "before " * 90, "nearby " * 90, "question " * 90)
    question, read = gist([answer])
    assert question == first(answer.question, QUESTION_BYTES)
    nearby, _, before = read.removesuffix("So it is.").partition("\n")
    assert answer.nearby.endswith(nearby)
    assert answer.before.endswith(before)
    assert min(len(nearby), len(before)) > 40
    assert len(read) <= BEFORE_BYTES + 1 + len("So it is.")


@given(st.text(), st.integers(1, 20))
def test_first_and_last_bytes_are_whole_characters(text: str, size: int) -> None:
    assert text.endswith(last(text, size))
    assert text.startswith(first(text, size))
    assert max(len(last(text, size).encode()), len(first(text, size).encode())) <= size
    assert len(last("好" * 300, BEFORE_BYTES)) == BEFORE_BYTES // 3


def test_the_opening_of_a_text_is_read_before_it_drowns() -> None:
    sizes = [sum(len(p.text) for p in block) for block in blocks(passages(["A calm day. "] * 60))]
    assert sizes[0] <= OPENING_BYTES < min(sizes[1:])


def test_texts_of_a_request_are_never_joined() -> None:
    asked = [
        Passage(TextLocation(Layer.INPUT, Channel.USER, n), text) for n, text in enumerate("ab")
    ]
    assert [len(block) for block in blocks(asked)] == [1, 1]


def test_neighbours_must_follow_and_be_asked_alike() -> None:
    first, second = passages(["One. ", "Two. "])
    assert len(blocks([first, second])) == 1
    other = TextLocation(Layer.OUTPUT, Channel.CONTENT, choice=1)
    for stranger in (
        Passage(other, second.text, second.offset),
        Passage(ANSWER, second.text, second.offset, question="what?"),
        Passage(ANSWER, second.text, second.offset, nearby="else"),
        Passage(ANSWER, second.text, second.offset + 40),
    ):
        assert len(blocks([first, stranger])) == 2


@given(st.text("ab 。好.\n", min_size=1, max_size=60), st.text("ab 。好.\n", max_size=90))
def test_a_step_is_read_from_the_beginning_of_its_sentence(text: str, before: str) -> None:
    read = sentences_so_far(Passage(ANSWER, text, len(before), before))
    whole = before + text
    assert whole.endswith("".join(read))
    assert len("".join(read)) >= len(text)
    assert read == [whole[s.start : s.end] for s in sentences(whole)][-len(read) :]
