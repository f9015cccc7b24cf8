from __future__ import annotations

from random import Random

from bench.made import clean


def test_paragraphs_are_filled_in_both_languages() -> None:
    for language, least in (("zh", 40), ("en", 100)):
        for seed in range(40):
            text = clean.text(Random(seed), language)
            assert len(text) >= least
            assert "{d" not in text
