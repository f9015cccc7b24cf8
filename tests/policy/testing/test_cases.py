"""Inline tests become cases; a run of nothing fails."""

from __future__ import annotations

from threegate.policy.language.load import load_bundle
from threegate.policy.testing.cases import Case, ConstraintCase, TestReport, cases
from threegate.types import Channel

from tests.policy.packs import tree

CASES = cases(load_bundle(tree(), ["shop"]))


def test_every_test_is_a_case_with_its_place() -> None:
    assert len(CASES) == 18
    assert len({c.id for c in CASES}) == 18
    assert all(c.at.file == "packs/shop.yaml" and c.at.line > 1 for c in CASES)


def test_channels_default_to_what_people_write_and_read() -> None:
    by_id = {c.id: c for c in CASES if isinstance(c, Case)}
    assert by_id["pii.email/match/1"].channel is Channel.USER
    assert by_id["facts/match/1"].channel is Channel.CONTENT
    assert by_id["facts/match/1"].sources == ("两年",)


def test_constraint_cases() -> None:
    changed, unchanged = (c for c in CASES if isinstance(c, ConstraintCase))
    assert (changed.becomes, changed.id) == ({"temperature": 0.7}, "model/match/1")
    assert (unchanged.becomes, unchanged.id) == (None, "model/no_match/1")


def test_no_case_is_a_failure() -> None:
    assert not TestReport("x", ()).passed


def test_texts_stay_out_of_representations() -> None:
    assert "a@b.cn" not in repr(CASES)
