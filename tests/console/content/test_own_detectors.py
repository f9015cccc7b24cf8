from __future__ import annotations

from pathlib import Path

import pytest
from threegate.console.content.own_detectors import (
    detectors_of,
    fields_of,
    rules_for,
    with_detector,
    without,
)
from threegate.console.errors import ConsoleError
from threegate.policy.language.load import Bundle, DictTree, load_bundle, load_text

PACKS = sorted((Path(__file__).parents[3] / "policies" / "packs").glob("*.yaml"))
PACK = """\
pack: own
title: {zh: 甲, en: A}
detectors:
  staff:   # from HR
    regex: 'EMP-\\d{6}'
    edges: false
    examples: {match: [EMP-104233], no_match: [EMP-1]}
rules:
  - id: own.staff
    title: {zh: 工号, en: Staff}
    owner: hr
    why: [pipl.51]
    layer: input
    where: [user]
    detect: {any: [pattern.staff]}
    then: flag
"""


def loaded(text: str) -> Bundle:
    return load_bundle(DictTree({"packs/own.yaml": text.encode()}), ("own",))


def test_a_pattern_is_read_and_written_with_its_comments() -> None:
    (found,) = detectors_of(loaded(PACK))
    assert (found.kind, found.pack, found.used) == ("pattern.staff", "own", ("own.staff",))
    form = fields_of("staff", found.spec)
    assert with_detector(PACK, form) == PACK
    changed = with_detector(PACK, form | {"edges": "on", "match": "EMP-104233\nEMP-000001"})
    (now,) = detectors_of(loaded(changed))
    assert (now.spec.edges, now.spec.examples.match) == (True, ("EMP-104233", "EMP-000001"))
    assert "# from HR" in changed


def test_a_category_by_examples() -> None:
    form = {
        "name": "law", "describe_zh": "法律", "describe_en": "Law",
        "examples": "我能起诉吗\nCan I sue?", "counter_examples": "你好",
    }  # fmt: skip
    text = with_detector(PACK, form)
    law = next(d for d in detectors_of(loaded(text)) if d.name == "law")
    assert (law.kind, law.spec.category and law.spec.category.counter_examples) == (
        "category.law",
        ("你好",),
    )
    assert with_detector(text, fields_of("law", law.spec)) == text
    assert without(text, "detectors", "law") == PACK


@pytest.mark.parametrize("pack", PACKS, ids=lambda p: p.stem)
def test_a_detector_of_a_shipped_pack_stays_what_it_is(pack: Path) -> None:
    text = pack.read_text("utf-8")
    made, _ = load_text(text.encode(), pack.name)
    assert made is not None
    for name, spec in made.detectors.items():
        assert with_detector(text, fields_of(str(name), spec)) == text


@pytest.mark.parametrize(
    "form",
    [{"name": "Bad Name", "regex": "x"}, {"name": "x"}, {"name": "x", "regex": "a", "level": "?"}],
)
def test_what_cannot_be_a_detector(form: dict[str, str]) -> None:
    with pytest.raises(ConsoleError):
        with_detector(PACK, form)
    with pytest.raises(ConsoleError):
        without(PACK, "detectors", "nothing")


def test_rules_for_a_kind_are_found_by_its_families() -> None:
    family = PACK.replace("[pattern.staff]", "[pii.cn]")
    assert [r.id for r in rules_for(loaded(family), "pii.cn.mobile")] == ["own.staff"]
    assert rules_for(loaded(PACK), "pii.cn.mobile") == []
