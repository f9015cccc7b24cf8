"""What a client sent itself is no leak."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from threegate.guard.client_text import NO_TEXT, ClientText, SentLetters, letters

SECRET = "Never praise the moon over the quiet harbour of the northern town"
OTHER = "Always speak of the mountains beyond the river in the far north"


def test_a_sentence_counts_as_seen_only_if_it_was_sent_whole() -> None:
    principles = [f"{SECRET}. {OTHER}."]
    assert ClientText.of(f"I said: «{SECRET.upper()}!»", principles).quoted == {
        letters(SECRET[:40])
    }
    assert ClientText.of(SECRET[:45], principles).quoted == frozenset()
    assert NO_TEXT.quoted == ClientText.of("hi", principles).quoted


def test_texts_are_in_no_representation() -> None:
    assert "moon" not in repr(ClientText.of(SECRET, [SECRET]))


@given(st.text("ab1", max_size=30), st.lists(st.text("ab1", max_size=4), max_size=12))
def test_values_are_found_in_any_order(text: str, values: list[str]) -> None:
    sent = SentLetters(text)
    assert [value in sent for value in values] == [value in text for value in values]


def test_values_repeated_in_their_order_cost_one_pass() -> None:
    values = [f"v{n:05}" for n in range(2_000)]
    sent = SentLetters("".join(values))
    assert all(value in sent for value in values)
    assert SentLetters().left - sent.left < len(sent.text)


def test_a_value_beyond_the_bound_counts_as_not_sent() -> None:
    sent = SentLetters("a" * 1_000 + "known", left=2_500)
    assert "known" in sent
    assert ["new" in sent for _ in range(3)] == [False] * 3
    assert "known" not in sent
