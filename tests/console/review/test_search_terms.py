from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.audit.log.record import ENDS
from threegate.console.errors import ConsoleError
from threegate.console.local_time import SECOND_US, LocalTime, zone_of
from threegate.console.review.search_terms import (
    DAY_US,
    NAMES,
    address,
    facet_groups,
    jump,
    period,
    terms_of,
    to_query,
)
from threegate.types import Action, Bilingual

UTC = LocalTime()
WORDS = st.text(min_size=1, max_size=20).map(str.strip).filter(bool)
TERMS = st.dictionaries(st.sampled_from(NAMES), WORDS)


@given(TERMS)
def test_an_address_is_a_saved_view(terms: dict[str, str]) -> None:
    assert terms_of(dict(parse_qsl(address(terms)))) == terms


def test_unknown_and_empty_terms_are_left_out() -> None:
    assert terms_of({"q": " x ", "model": "", "evil": "1"}) == {"q": "x"}
    assert address({"q": "x", "model": "m"}, model="") == "q=x"


def test_requests_are_shown_once_by_default() -> None:
    assert to_query({}, UTC).stage == ENDS
    assert to_query({"stage": "all"}, UTC).stage == ()
    assert to_query({"action": "mask,block"}, UTC).action == (Action.MASK, Action.BLOCK)
    assert to_query({"shadow": "1"}, UTC).shadow is True


def test_days_are_whole_and_inclusive() -> None:
    since, until = period({"since": "2026-11-01", "until": "2026-11-02"}, UTC)
    assert until - since == 2 * DAY_US
    since, until = period({"days": "30"}, UTC)
    assert until - since == 30 * DAY_US
    summer = LocalTime(zone_of("Europe/Berlin"))
    since, until = period({"since": "2026-03-29", "until": "2026-03-29"}, summer)
    assert until - since == 23 * DAY_US // 24  # the clocks go forward
    exact = {"since": "2026-11-01T10:00", "until": "2026-11-01T02:05Z"}
    since, until = period(exact, LocalTime(zone_of("Asia/Shanghai")))
    assert until - since == 5 * 60 * SECOND_US


def test_a_jump_continues_after_the_end_of_a_day() -> None:
    assert jump("2026-11-01", UTC) == f"{UTC.read('2026-11-02')}..0"
    with pytest.raises(ConsoleError):
        jump("yesterday", UTC)


@pytest.mark.parametrize(
    "terms", [{"days": "x"}, {"since": "soon"}, {"stage": "none"}, {"action": "nothing"}]
)
def test_terms_that_cannot_be(terms: dict[str, str]) -> None:
    with pytest.raises(ConsoleError):
        to_query(terms, UTC)


def test_a_chosen_facet_leads_back() -> None:
    facets = {"action": {"mask": 3}, "rule": {"r.one": 2, "r.set": 9}, "kind": {"constraint.x": 4}}
    titles = {"r.one": Bilingual("一", "one")}
    groups = facet_groups(facets, {"action": "mask"}, "en", titles, frozenset({"r.set"}))
    by_name = {g["name"]: g["values"] for g in groups}
    assert by_name["action"][0]["on"] is True
    assert by_name["action"][0]["to"] == ""
    assert [(v["label"], v["to"]) for v in by_name["rule"]] == [("one", "action=mask&rule=r.one")]
    assert by_name["kind"] == []
