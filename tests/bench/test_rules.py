"""The bench of rule sets: its packs are policies, its answers are new, its tables say what was seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from threegate.policy.facade import compile_pack
from threegate.policy.lifecycle.store import DirTree

from bench.speed import load, mock, rules, rules_page
from bench.speed.rule_sets import RULE_SETS


@pytest.mark.parametrize("name", [s.name for s in RULE_SETS if not s.policies])
def test_every_set_is_a_policy(tmp_path: Path, name: str) -> None:
    pack = next(s for s in RULE_SETS if s.name == name).pack()
    assert pack["rules"]
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / f"{name}.yaml").write_text(json.dumps(pack, ensure_ascii=False), "utf-8")
    made = compile_pack(DirTree(tmp_path), name)
    assert [r.id for r in made.rules] == [r["id"] for r in pack["rules"]]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_two_streams_say_the_same(language: str) -> None:
    def said(seed: str) -> str:
        return b"".join(data for data, _ in mock.fresh(language, seed)).decode()

    assert said("a") == said("a") != said("b")
    assert mock.fresh(language, "a")[-1][1] == mock.SAID[language]


def test_the_answer_begins_after_the_reasoning() -> None:
    log = [(0, 0), (10_000_000, 0), (20_000_000, 5)]
    assert load._first_answer_ms(log, [(1, 0, 3), (23_000_000, 2, 5)]) == 3.0


def row(system: str, first: float, errors: int = 0, turn: int = 0) -> dict[str, Any]:
    names = (*rules_page.ADDED, *rules_page.PLAIN)
    place = {"scenario": "x", "system": system, "prompts": "en", "at_once": 1, "round": turn}
    return {**place, **dict.fromkeys(names, first), "errors": errors, "load": 1.0}


def test_a_stream_that_was_cut_short_counts_as_that_alone() -> None:
    rows = [row("pii", 2.0), row("pii", float("nan"), 1, 1), row("base", float("nan"), 1)]
    made = {r["system"]: (r["first_ms"], r["errors"]) for r in rules.settled(rows)}
    assert made["pii"] == (2.0, 1)
    assert made["base"][1] == 1


def test_the_table_shows_what_is_added_and_takes_the_place_of_the_old_one() -> None:
    made = rules_page.table({n: row(n, v) for n, v in (("off-set", 1.0), ("pii", 3.5))}, "en")
    assert made.splitlines()[-1].startswith("| personal data (patterns) | 3.5 | 2.5 |")
    title, before = rules_page.TITLE["en"], rules_page.BEFORE["en"]
    text = rules_page.placed(f"# Speed\n\n{before}\n", f"{title}\n\nnew\n", "en")
    assert rules_page.placed(text, f"{title}\n\nnewer\n", "en") == text.replace("new", "newer")
    assert text.index(title) < text.index(before)
