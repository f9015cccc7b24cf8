"""Recognizers in Presidio's format: what passes the linter is what the detectors can be built from."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.presidio import policy
from threegate.errors import PolicyError
from threegate.policy.language.recognizers import FIELDS, fault

from tests.policy.packs import GOOD, checked

GOOD_ONE = {
    "name": "ticket",
    "supported_entity": "TICKET",
    "patterns": [{"name": "t", "regex": r"TCK-\d{4}", "score": 0.9}],
    "deny_list": ["Northgate"],
    "context": ["ticket"],
}
BAD: list[dict[str, Any]] = [
    {"colour": "blue"},
    {"supported_entity": ""},
    {"patterns": [], "deny_list": []},
    {"patterns": {"regex": "a"}},
    {"patterns": [{"regex": "a"}]},
    {"patterns": [{"score": 1}]},
    {"patterns": [{"regex": "a", "score": "high"}]},
    {"patterns": [{"regex": "a", "score": True}]},
    {"patterns": [{"regex": "(?<=a)b", "score": 1}]},
    {"patterns": ["a"]},
    {"deny_list": "Northgate"},
    {"deny_list": [7]},
    {"deny_list_score": 3},
    {"context": "ticket"},
]


def test_a_good_one_has_no_fault_and_is_built() -> None:
    assert fault(GOOD_ONE) is None
    assert policy.from_policy([GOOD_ONE]).info.kinds == ("pii.ticket",)


@pytest.mark.parametrize("change", BAD, ids=str)
def test_each_fault_is_said_and_stops_the_detector(change: dict[str, Any]) -> None:
    bad = GOOD_ONE | change
    wrong = fault(bad)
    assert wrong is not None
    with pytest.raises(PolicyError) as caught:
        policy.from_policy([bad])
    assert wrong.zh in caught.value.text.zh
    assert wrong.en in caught.value.text.en


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([*sorted(FIELDS), "colour"]), ANY, max_size=5))
def test_what_has_no_fault_can_be_built(change: dict[str, Any]) -> None:
    data = GOOD_ONE | change
    if fault(data) is None:
        policy.from_policy([data])


def test_a_rule_may_name_what_a_recognizer_of_its_pack_finds() -> None:
    own = "recognizers: [{name: t, supported_entity: SITE_NO, deny_list: [Northgate]}]\n"
    text = GOOD.replace("any: [pii.email, ", "any: [pii.site_no, pii.email, ", 1)
    assert "unknown-kind" in {p.code for p in checked(text).problems}
    assert checked(text.replace("rules:\n", own + "rules:\n", 1)).problems == ()
