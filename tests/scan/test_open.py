from __future__ import annotations

from pathlib import Path

import pytest
from threegate.detectors.registry import kinds
from threegate.scan.open import KINDS, NEEDS, models_for, scanner
from threegate_classifiers.errors import ModelError
from threegate_classifiers.registry import SHIPPED, scan


@pytest.mark.parametrize(
    ("wanted", "models"),
    [
        ({"secret"}, ()),
        ({"pii.cn"}, ()),
        ({"pii.cn.*"}, ()),
        ({"pii"}, ("entities",)),
        ({"pii.person"}, ("entities",)),
        ({"injection"}, ("guard",)),
        ({"hazard.weapons"}, ("guard",)),
        ({"offensive", "secret"}, ("guard",)),
        ({"claim"}, ("grounding", "evidence")),
        (KINDS, ("guard", "entities", "grounding", "evidence")),
    ],
)
def test_just_the_models_that_are_needed(wanted: set[str], models: tuple[str, ...]) -> None:
    assert models_for(frozenset(wanted)) == models


def test_a_missing_model_matters_only_if_it_is_needed(tmp_path: Path) -> None:
    with scanner(tmp_path, frozenset({"secret"})) as made:
        assert made.guard is None
    with pytest.raises(ModelError), scanner(tmp_path, frozenset({"offensive"})):
        pass


def test_every_pattern_kind_belongs_to_a_family_that_is_scanned() -> None:
    assert {k.split(".")[0] for k in kinds()} <= KINDS


def test_shipped_models_report_only_what_the_table_says() -> None:
    """A label that the table does not know would never be loaded for."""
    table = dict(NEEDS)
    for entry in scan(SHIPPED):
        m = entry.manifest
        if m.name in table and m.name != "grounding":
            for label in m.entity_labels or m.labels:
                assert models_for(frozenset({m.kind(label)})) == (m.name,), label
