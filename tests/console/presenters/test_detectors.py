from __future__ import annotations

from threegate.console.presenters.detectors import (
    MODELS,
    all_kinds,
    kind_groups,
    kind_page,
    model_rows,
    way_of,
)
from threegate.types import Bilingual

from tests.console.content.test_own_detectors import PACK, loaded

BUNDLE = loaded(PACK.replace("[pattern.staff]", "[pii.cn, hazard]"))


def test_every_kind_is_listed_once_with_its_rules() -> None:
    groups = kind_groups(BUNDLE, frozenset(), "en")
    rows = {row["id"]: row for group in groups for row in group["items"]}
    assert list(rows) == [k for g in groups for k in (r["id"] for r in g["items"])]
    assert set(rows) == set(all_kinds())
    assert rows["pii.cn.mobile"]["used"] == ["own.staff"]
    assert rows["pii.email"]["used"] == []
    assert "secret.aws" in rows  # below an open family


def test_a_kind_of_a_model_that_does_not_run_says_so() -> None:
    off = kind_page(BUNDLE, "hazard.drugs", frozenset(), "en")
    on = kind_page(BUNDLE, "hazard.drugs", frozenset(["guard"]), "en")
    assert (off["kind"]["here"], on["kind"]["here"]) == (False, True)
    assert kind_page(BUNDLE, "pii.email", frozenset(), "en")["kind"]["here"] is True
    running = {"guard": Bilingual("护栏", "guard"), "judge_qwen": Bilingual("qwen", "qwen")}
    rows = model_rows(running, "en")
    assert [r["here"] for r in rows] == [m.id == "guard" for m in MODELS] + [True]


def test_how_a_kind_is_found() -> None:
    ways = {"pii.cn.mobile": "pattern", "hazard.drugs": "model", "pii.person": "model"}
    ways |= {"claim.no_source": "proxy", "leak.pii": "proxy", "judge": "judge", "list.x": "own"}
    assert {kind: way_of(kind) for kind in ways} == ways


def test_a_page_marks_the_values_of_its_examples() -> None:
    page = kind_page(BUNDLE, "pii.cn.mobile", frozenset(), "en")
    marked = ["".join(p["text"] for p in s if p["kind"]) for s in page["samples"]]
    assert all(marked)
    (rule,) = page["rules"]
    assert (rule["kind_level"], rule["own_level"], rule["named"]) == ("medium", "", False)
    assert page["more"] == []
