"""The words that all modules speak: order of actions and levels, and no text where none belongs."""

from __future__ import annotations

from threegate.types import (
    Action,
    Bilingual,
    Channel,
    Finding,
    Layer,
    Level,
    Passage,
    Source,
    Span,
    TextLocation,
)

LOCUS = TextLocation(Layer.INPUT, Channel.USER)
FOUND = Finding("d", "pii.email", Span(0, 3), 1.0, Level.HIGH, LOCUS)


def test_the_stronger_action_and_level_is_the_larger() -> None:
    weakest_first = ("ALLOW", "FLAG", "ANNOTATE", "MASK", "REDACT", "REWRITE", "ANSWER", "BLOCK")
    assert tuple(a.name for a in sorted(Action)) == weakest_first
    assert max(Level.LOW, Level.HIGH, Level.MEDIUM) is Level.HIGH


def test_a_text_has_two_languages() -> None:
    text = Bilingual("中", "en")
    assert [text.get(language) for language in ("zh", "zh-CN", "en", "fr")] == [
        "中",
        "中",
        "en",
        "en",
    ]


def test_texts_are_not_shown() -> None:
    passage = Passage(LOCUS, "secret-1", before="secret-2", nearby="secret-3", question="secret-4")
    assert "secret" not in repr(passage)
    assert "secret" not in repr(Source("s", "secret-5"))
