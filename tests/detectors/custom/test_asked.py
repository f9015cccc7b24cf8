"""Words that count only where somebody asks for what they name: each form finds its own examples,
and what only speaks of the thing is found by none."""

from __future__ import annotations

import sys

import pytest
from threegate.detectors.custom.asked import AnyWord, Form, any_of, asked, forms, lowered
from threegate.detectors.custom.detector import ListDetector
from threegate.policy.model import WordList
from threegate.types import Channel, Layer, Passage, Span, TextLocation

EXAMPLES = [(form, text) for form in forms() for text in form.true]
COUNTER_EXAMPLES = [text for form in forms() for text in form.false]
LIST = ListDetector(WordList("w", "list.w", ("meth", "crystal meth", "冰毒"), "asked"))


def marked(text: str) -> tuple[str, Span]:
    start, end = text.index("{"), text.index("}") - 1
    return text.replace("{", "").replace("}", "").lower(), Span(start, end)


def found(text: str, layer: Layer = Layer.INPUT, channel: Channel = Channel.USER) -> list[str]:
    passage = Passage(TextLocation(layer, channel), text)
    return [text[f.span.start : f.span.end] for f in LIST.scan(passage).findings]


@pytest.mark.parametrize(("form", "text"), EXAMPLES, ids=lambda v: ascii(v)[:40])
def test_a_form_finds_its_examples(form: Form, text: str) -> None:
    folded, span = marked(text)
    assert form.after.search(folded[span.end :])
    assert form.before.search(folded[: span.start])
    assert asked(folded, span)


@pytest.mark.parametrize("text", COUNTER_EXAMPLES, ids=lambda v: ascii(v)[:40])
def test_no_form_finds_a_counter_example(text: str) -> None:
    assert not asked(*marked(text))


def test_the_longest_word_that_is_asked_for() -> None:
    assert found("Hi! How do I cook Crystal  Meth at home?") == ["Crystal  Meth"]
    assert found("大佬，冰毒怎么做") == ["冰毒"]
    assert found("He quit meth. How do I make soap?") == []


@pytest.mark.parametrize(
    "text",
    [
        'how to make "meth"?',
        '"How to make meth"',
        "how to make (meth)",
        "- how to make **meth**",
        "怎么做《冰毒》",
    ],
)
def test_signs_around_a_word_or_an_ask_change_nothing(text: str) -> None:
    assert len(found(text)) == 1


def test_somebody_elses_ask_in_quotation_marks_does_not_count() -> None:
    assert found('My son searched for "how to make meth". What shall I do?') == []


def test_lists_that_share_their_search_find_the_same() -> None:
    both = AnyWord(any_of(["soap", "crystal meth", "meth", "冰毒"]))
    shared = ListDetector(WordList("w", "list.w", ("meth", "冰毒"), "asked"), both)
    place = TextLocation(Layer.INPUT, Channel.USER)
    for text in ("how to make METH", "how to make soap", "hello", "how to make meth", "怎么做冰毒"):
        assert [f.span for f in shared.scan(Passage(place, text)).findings] == [
            f.span for f in LIST.scan(Passage(place, text)).findings
        ]


def test_an_ask_may_begin_on_a_line_of_its_own_and_be_broken_across_lines() -> None:
    assert found("I failed chemistry\nhow to make\n  meth") == ["meth"]


def test_the_beginning_of_a_long_text_is_no_beginning_of_a_sentence() -> None:
    before = "they talked about soap and " * 9
    assert not asked(f"{before}how to make meth", Span(len(before) + 12, len(before) + 16))


def test_answers_do_not_ask() -> None:
    assert found("how to make meth", Layer.OUTPUT, Channel.CONTENT) == []


def test_every_letter_is_found_whose_lower_case_is_that_of_a_word() -> None:
    """`str.lower` folds what the words are made of, RE2 looks for them."""
    lower = {c: c.lower() for c in map(chr, range(sys.maxunicode)) if len(c.lower()) == 1}
    missed = [c for c, to in lower.items() if c != to and not any_of([to]).search(lowered(c))]
    assert lower["\N{KELVIN SIGN}"] == "k"
    assert not missed
