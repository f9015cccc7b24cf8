"""The arithmetic of the bench of the fact check."""

from __future__ import annotations

import random

import pytest
from threegate.guard.segments import sentences
from threegate.policy.language.load import load_text

from bench import claims


def test_added_delay_is_against_the_same_run_unchecked() -> None:
    bare = [claims.Run(10.0, (100.0, 200.0)), claims.Run(20.0, (110.0, 210.0))]
    held = [claims.Run(60.0, (130.0, 250.0)), claims.Run(60.0, (120.0, 230.0))]
    made = claims.figures("hold", held, bare)
    assert (made["first_text_ms"], made["first_added_ms"]) == (60.0, 45.0)
    assert (made["sentence_added_ms_p50"], made["sentence_added_ms_max"]) == (25.0, 50.0)
    assert (made["end_added_ms"], made["whole_s"]) == (35.0, 0.24)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_answer_has_true_and_false_claims_on_its_source(language: str) -> None:
    rng = random.Random(1)
    source = claims.facts(language, 2000, rng)
    assert sum(len(f.stated(language)) for f in source) >= 2000 * claims.CHARACTERS[language]
    answer = claims.answer_on(source, language, rng)
    said = [answer[s.start : s.end].strip() for s in sentences(answer)]
    assert len(said) == claims.SENTENCES
    told = {fact.told(language) for fact in source}
    assert [s in told for s in said[:4]] == [True, False, True, False]


def test_the_pack_has_a_rule_for_each_checked_way() -> None:
    pack, problems = load_text(claims.PACK.encode(), "bench.yaml")
    assert pack is not None, problems
    assert [(r.stream, r.when.model) for r in pack.rules] == [
        ("hold", ("hold",)),
        ("cut", ("cut",)),
    ]
