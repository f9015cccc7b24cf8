"""Steps of a text depend on the text alone, and what is clear on steps alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from threegate.guard.stream.early_release import (
    ASKED_AGAIN,
    FIRST_STEPS,
    STEP,
    EarlyRelease,
    needs_question,
)

TEXTS = st.text("ab 好。.\né😀", max_size=400)


def cut(text: str, *, final: bool = True) -> list[str]:
    early = EarlyRelease()
    out: list[str] = []
    while steps := early.steps(text, 0, final=final):
        for number, at in steps:
            early.checked(number, clear=True)
            out.append(text[at.start : at.end])
    return out


@given(TEXTS, st.integers(0, 400))
def test_steps_hold_the_whole_text_and_more_text_changes_none(text: str, some: int) -> None:
    whole = cut(text)
    assert "".join(whole) == text
    begun = cut(text[:some], final=False)
    assert begun == whole[: len(begun)]
    sizes = [len(step.encode()) for step in whole[:-1]]
    assert all(
        size >= least
        for size, least in zip(sizes, [*FIRST_STEPS, *[STEP] * len(sizes)], strict=False)
    )


def test_a_step_ends_with_a_word() -> None:
    assert cut("Photosynthesis turns light into sugar")[:2] == ["Photosynthesis", " turns light"]
    assert cut("光合作用把光变成糖")[:2] == ["光合作", "用把光变"]


def test_a_step_that_is_not_clear_holds_the_sentences_that_it_touches() -> None:
    early, text = EarlyRelease(), "a calm day and " * 40
    steps = early.steps(text, 0, final=True)
    assert early.is_clear(0, 40) is None
    for number, _ in steps:
        early.checked(number, clear=number != 1)
    assert early.is_clear(0, 5) is True
    assert early.is_clear(0, 40) is False
    assert early.is_clear(300, 340) is True
    assert early.clear_until(0) == len("a calm d") + len("ay")
    assert early.clear_until(300) == len(text)


def test_the_question_is_read_with_the_first_steps_and_then_with_some() -> None:
    asked = [n for n in range(4 * ASKED_AGAIN) if needs_question(n)]
    assert asked == [*range(len(FIRST_STEPS)), *range(ASKED_AGAIN, 4 * ASKED_AGAIN, ASKED_AGAIN)]
