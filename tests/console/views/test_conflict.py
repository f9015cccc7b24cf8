"""The same account in two tabs: what one saved, the other does not overwrite unseen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from threegate.policy.schema import ReasonCode

from tests.console.conftest import Site

EDITOR = "/policies/edit/base"
RULE = "/policies/rule/base.pii.id_card"
REPLY = "/policies/answer/self-harm"
COVERAGE = "/policies/coverage"
KIND = "/policies/detector/pii.cn.mobile"
_REASON = next(iter(ReasonCode)).value
WORDS = "/policies/list/base/self_harm"


def _kept(page: Any) -> str:
    return str(page["seen"]["kept"])


def _labelled(page: Any) -> str:
    return str(page["seen"]["label"])


def _levelled(page: Any) -> str:
    return str(page["rules"][0]["seen"])


def _shown(client: httpx.Client, path: str) -> dict[str, Any]:
    return dict(client.get(path + ".json").json())


def test_the_last_save_does_not_win_silently(site: Site) -> None:
    tabs = site.who("editor", name="two-tabs")
    first, second = _shown(tabs, EDITOR), _shown(tabs, EDITOR)
    mine = {"text": "# first\n" + first["text"], "seen": first["seen"]}
    saved = tabs.post(EDITOR + ".json", data=mine).json()
    late = {"text": "# second\n" + second["text"], "seen": second["seen"]}
    answer = tabs.post(EDITOR, data=late)
    assert answer.status_code == 409
    assert "# first" in answer.text
    assert "# second" in answer.text
    assert _shown(tabs, EDITOR)["text"] == mine["text"]
    again = late | {"seen": tabs.post(EDITOR + ".json", data=late).json()["seen"]}
    assert again["seen"] == saved["seen"]
    assert tabs.post(EDITOR, data=again).status_code == 200  # chosen, with both sides in view
    assert _shown(tabs, EDITOR)["text"] == late["text"]
    tabs.post("/policies/draft/discard")


def test_what_is_the_same_or_elsewhere_is_no_conflict(site: Site) -> None:
    """A save that is sent twice, another rule of the same pack, a script that names no state."""
    tabs = site.who("editor", name="two-tabs-2")
    page = _shown(tabs, EDITOR)
    mine = {"text": "# mine\n" + page["text"], "seen": page["seen"]}
    for _ in range(2):
        assert tabs.post(EDITOR, data=mine).status_code == 200
    seen = _shown(tabs, RULE)["seen"]
    tabs.post("/policies/rule/base.pii.email", data={"mode": "shadow"})
    assert tabs.post(RULE, data={"mode": "shadow", "seen": seen}).status_code == 303
    assert tabs.post(RULE, data={"mode": "enforce"}).status_code == 303
    tabs.post("/policies/draft/discard")


@pytest.mark.parametrize(
    ("path", "one", "other"),
    [
        (RULE, {"mode": "shadow"}, {"mode": "off"}),
        (REPLY, {"zh": "请拨打热线。", "en": "Call."}, {"zh": "请找人谈谈。", "en": "Talk."}),
        (WORDS, {"words": "轻生念头"}, {"words": "不想活下去"}),
        ("/policies/messages", {}, {}),
        ("/policies/detectors/own/ticket", {"regex": "TCK-[0-9]{4}"}, {"regex": "TCK-[0-9]{6}"}),
    ],
)
def test_every_page_of_a_part_shows_both(
    site: Site, path: str, one: dict[str, str], other: dict[str, str]
) -> None:
    tabs = site.who("editor", name="two-tabs-3")
    if path == "/policies/messages":
        one, other = (
            {"zh.base.pii.email": word, "en.base.pii.email": word} for word in ("one", "other")
        )
    seen = {"seen": _shown(tabs, path)["seen"]}
    assert tabs.post(path, data=one | seen).status_code == 303
    answer = tabs.post(path, data=other | seen)
    assert answer.status_code == 409
    page = answer.text
    for word in (next(iter(one.values())), next(iter(other.values()))):
        assert word in page
    now = {"seen": tabs.post(path + ".json", data=other | seen).json()["seen"]}
    assert tabs.post(path, data=other | now).status_code == 303
    tabs.post("/policies/draft/discard")


@pytest.mark.parametrize(
    ("page", "to", "found", "one", "other"),
    [
        (COVERAGE, "/policies/kept", _kept, {"level": "full"}, {"level": "metadata"}),
        (COVERAGE, "/policies/label", _labelled, {"label": "text"}, {"label": "header"}),
        (KIND, KIND, _levelled, {"level": "high"}, {"level": "low"}),
    ],
)
def test_small_forms_show_both(
    site: Site,
    page: str,
    to: str,
    found: Callable[[Any], str],
    one: dict[str, str],
    other: dict[str, str],
) -> None:
    tabs = site.who("editor", name="two-tabs-5")
    shown = _shown(tabs, page)
    more = {"review_passed": "100", "review_twice": "100", "rule": "base.pii.mobile"}
    more["seen"] = found(shown)
    assert tabs.post(to, data=more | one).status_code == 303
    answer = tabs.post(to, data=more | other)
    assert answer.status_code == 409
    now = {"seen": tabs.post(to + ".json", data=more | other).json()["seen"]}
    assert tabs.post(to, data=more | other | now).status_code == 303
    tabs.post("/policies/draft/discard")


def test_two_tabs_that_add_an_exception_keep_both(site: Site) -> None:
    """Both suggest the same id."""
    tabs = site.who("editor", name="two-tabs-6")
    given = {"do": "add_exception", "exception_id": "EX-1", "exception_field": "tenant"}
    given |= {"exception_value": "hr", "exception_reason": _REASON, "exception_approver": "li"}
    given["exception_expires"] = (date.today() + timedelta(days=9)).isoformat()
    assert tabs.post(RULE, data=given).status_code == 303
    refused = tabs.post(RULE, data=given | {"exception_value": "shop"})
    assert refused.status_code == 409
    assert 'value="shop"' in refused.text
    again = given | {"exception_value": "shop", "exception_id": "EX-2"}
    assert tabs.post(RULE, data=again).status_code == 303
    assert len(_shown(tabs, RULE)["rule"]["excepted"]) == 2
    tabs.post("/policies/draft/discard")


def test_a_form_shows_both_in_words(site: Site) -> None:
    form = RULE + "/form"
    tabs = site.who("editor", name="two-tabs-4")
    fields = {"title_zh": "甲", "title_en": "First title", "layer": "input", "mode": "shadow"}
    page = _shown(tabs, form)
    fields |= {"kind.pii.cn.id_card": "on", "action": "mask", "level": "high", "rollout": "100"}
    saved = tabs.post(form + ".json", data=fields | {"seen": page["seen"]})
    assert saved.json()["seen"] != page["seen"]
    late = fields | {"title_zh": "乙", "title_en": "Second title", "seen": page["seen"]}
    answer = tabs.post(form + ".json", data=late)
    assert answer.status_code == 409
    assert "tab" in answer.json()["error"]
    assert "First title" in tabs.post(form, data=late).text
    tabs.post("/policies/draft/discard")
