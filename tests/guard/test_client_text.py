"""What a client sent itself is no leak."""

from __future__ import annotations

from threegate.guard.client_text import NO_TEXT, ClientText, letters

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
