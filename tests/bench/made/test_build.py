from __future__ import annotations

import pytest
from threegate.eval.labels import is_known

from bench.made import TASKS, rows


@pytest.mark.parametrize("task", TASKS)
def test_the_same_seed_gives_the_same_rows(task: str) -> None:
    made = list(rows(task, 200, 3))
    assert made == list(rows(task, 200, 3))
    assert made != list(rows(task, 200, 4))


@pytest.mark.parametrize("task", TASKS)
def test_half_of_the_rows_hold_nothing_and_every_span_is_its_value(task: str) -> None:
    made = list(rows(task, 600))
    assert sum(not row["spans"] for row in made) == 300
    for row in made:
        for span in row["spans"]:
            assert 0 <= span["start"] < span["end"] <= len(row["text"])
            assert is_known(span["label"])


def test_all_kinds_and_languages_come() -> None:
    made = list(rows("pii", 1_000))
    assert len({s["label"] for row in made for s in row["spans"]}) >= 40
    assert {row["language"] for row in made} == {"zh", "en", "mixed"}
