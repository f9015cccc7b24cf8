"""The sentences by which a recital of a constitution is recognised."""

from __future__ import annotations

from threegate.policy.constitution import HEAD_HAN, HEAD_LATIN, sentences_of

ENGLISH = "Be truthful and say so whenever you are not sure of a thing"
CHINESE = "如实回答用户的问题并且在不确定的时候说明不确定"


def test_long_sentences_have_a_beginning_and_a_whole() -> None:
    found = list(sentences_of(f"Too short. {ENGLISH}! 太短。{CHINESE}。"))
    assert found == [(ENGLISH[:HEAD_LATIN], ENGLISH), (CHINESE[:HEAD_HAN], CHINESE)]
