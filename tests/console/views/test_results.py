"""Results of tests and replays: they belong to a content, and stay while it stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.conftest import PACKS, Site, opened_site, policies
from tests.console.views.test_lifecycle import RULE
from tests.console.views.test_try_page import with_autumn
from tests.e2e.support.running import proxy

PASSPORT = "我的护照号码是E12345678"


def test_both_stay_until_the_draft_changes(site: Site) -> None:
    editor = site.who("editor", "reviewer", name="stays")
    text = editor.get("/policies/pack/cn-privacy.json").json()["text"]
    own = with_autumn(text) + "# results belong to a content: this one is nobody else's\n"
    editor.post("/policies/edit/cn-privacy", data={"text": own})
    shown = editor.post("/policies/draft/tests.json").json()
    assert (shown["report"]["failures"], shown["replay"]) == ([], None)
    shown = editor.post("/policies/draft/replay.json", data={"limit": "50"}).json()
    assert shown["report"]["passed"] is True
    assert "秋天" in shown["replay"]["examples"][0]["text"]
    assert shown["replay"]["rules"]["newly_stopped"] == {"cn.word.autumn": 1}
    assert shown["replay"]["callers"]["newly_stopped"] == {"default / anonymous": 1}
    page = editor.get("/policies/draft").text
    assert 'id="tests"' in page
    assert 'id="replay"' in page
    kept = editor.get("/policies/draft.json").json()
    assert {e["text"] for e in kept["replay"]["examples"]} == {""}  # the log alone keeps texts
    editor.post(RULE, data={"mode": "shadow"})
    changed = editor.get("/policies/draft.json").json()
    assert (changed["report"], changed["replay"]) == (None, None)
    editor.post("/policies/draft/discard")


def test_the_approver_sees_them_in_their_own_language(fresh_site: Site) -> None:
    site = fresh_site
    assert site.ask(PASSPORT).status_code == 200
    editor = site.who("editor", name="ed", group="privacy")
    text = editor.get("/policies/pack/cn-privacy.json").json()["text"]
    wrong = text.replace("        - '会议室E1234在三楼'\n", "        - '护照号码是E12345678'\n", 1)
    editor.post("/policies/edit/cn-privacy", data={"text": wrong})
    editor.post("/policies/draft/tests")
    editor.post("/policies/draft/replay")
    editor.post(RULE, data={"mode": "off"})
    assert editor.get("/policies/draft.json").json()["report"] is None  # changed once more
    approver = site.who("approver", name="al", group="legal")
    editor.post("/policies/edit/cn-privacy", data={"text": wrong})
    editor.post("/policies/draft/tests")
    editor.post("/policies/draft/replay")
    form = {"untested": "shown to the approver"}
    digest = editor.post("/policies/draft/submit.json", data=form).json()["digest"]
    version = f"/policies/version/{digest}.json"
    seen = approver.get(version).json()
    detail = "should not match, found Chinese passport number (pii.cn.passport) high"
    assert [f["detail"] for f in seen["report"]["failures"]] == [detail]
    assert [f["text"] for f in seen["report"]["failures"]] == ["护照号码是E12345678"]
    assert [f["title"] for f in seen["report"]["failures"]] == ["Mask Chinese identity documents"]
    assert seen["replay"]["calls"] == 1
    approver.headers["accept-language"] = "zh"
    (failure,) = approver.get(version).json()["report"]["failures"]
    assert failure["detail"].startswith("不应命中；发现：")
    page = approver.get(f"/policies/version/{digest}").text
    assert "条失败" in page
    assert "没有任何请求会得到不同的处理。" in page


RETAIL = """\
pack: retail
title: {zh: 零售, en: Retail}
recognizers:
  - {name: ticket, supported_entity: TICKET, patterns: [{name: t, regex: 'TCK-\\d{4}', score: 0.9}]}
rules:
  - id: retail.ticket
    title: {zh: 工单号, en: Ticket numbers}
    owner: privacy
    why: [pipl.51]
    layer: input
    where: [user]
    detect: {any: [pii.ticket]}
    then: {block: {}}
    message: {zh: 不行, en: No.}
    tests: {match: ['工单TCK-1234', 'See TCK-1234'], no_match: ['工单1234', 'See 1234']}
    review_by: 2027-06-30
"""
BOUND = """\
pack: bound
title: {zh: 绑定, en: Bindings}
bindings:
  - {pack: retail, tenants: [retail]}
  - {pack: base}
"""


@pytest.fixture
def bound_site(tmp_path: Path) -> Iterator[Site]:
    root = policies(tmp_path / "policies")
    (root / "packs" / "retail.yaml").write_text(RETAIL, "utf-8")
    (root / "packs" / "bound.yaml").write_text(BOUND, "utf-8")
    with proxy(tmp_path / "var", root, packs=("bound",)) as running:
        yield opened_site(running)


def test_every_bound_policy_is_shown_tested_tried_and_replayed(bound_site: Site) -> None:
    site = bound_site
    editor = site.who("editor", name="ed")
    assert site.ask("工单TCK-1234").status_code == 200  # everybody else has base
    packs = editor.get("/policies.json").json()["packs"]
    assert {p["name"] for p in packs} == {"bound", "base", "retail"}
    form = {"text": "工单TCK-1234", "channel": "user"}
    tried = editor.post("/policies/try.json", data=form | {"policy": "retail"}).json()
    assert tried["trace"]["action"] == "block"
    assert editor.post("/policies/try.json", data=form).json()["trace"]["action"] == "allow"
    assert editor.post("/policies/try", data=form | {"policy": "x"}).status_code == 400
    editor.post("/policies/rule/retail.ticket", data={"review_by": "2027-05-31"})
    shown = editor.post("/policies/draft/tests.json").json()["report"]
    assert shown["passed"], shown["failures"]
    assert shown["total"] + shown["left_out"] == sum(p["tests"] for p in packs)
    replay = editor.post("/policies/draft/replay.json").json()["replay"]
    assert replay["counts"]["same"] == replay["texts"] > 0


def test_no_rule_is_begun_in_a_pack_that_only_binds_others(bound_site: Site) -> None:
    """It was the first choice there, its form said "for everybody", and it held for nobody."""
    editor = bound_site.who("editor", name="ed")
    page = editor.get("/policies/new").text
    assert '<option value="base" selected>' in page
    assert '<option value="retail">' in page
    assert '<option value="bound"' not in page
    made = editor.post("/policies/new.json", data={"template": "project_names"}).json()["rule"]
    assert made.startswith("base.")


def test_a_version_keeps_the_pack_that_binds_the_others(bound_site: Site) -> None:
    """It was left out when a version was stored: its page was an error, and nobody could approve."""
    editor = bound_site.who("editor", name="ed", group="one")
    editor.post("/policies/rule/retail.ticket", data={"review_by": "2027-05-31"})
    editor.post("/policies/draft/tests")
    digest = editor.post("/policies/draft/submit.json", data={"note": "later"}).json()["digest"]
    approver = bound_site.who("approver", name="ap", group="two")
    page = f"/policies/version/{digest}"
    assert [t["path"] for t in approver.get(page + ".json").json()["texts"]] == [
        "packs/retail.yaml"
    ]
    assert approver.post(page + "/approve").status_code == 303
    assert approver.post(page + "/activate").status_code == 303
    bound_site.reload()
    assert approver.get(page + ".json").json()["version"]["stage"] == "active"


def test_a_replay_of_nothing_is_no_good_news(tmp_path: Path) -> None:
    root = policies(tmp_path / "policies", "metadata")
    with proxy(tmp_path / "var", root, packs=PACKS) as running:
        site = opened_site(running)
        assert site.ask(PASSPORT).status_code == 200
        editor = site.who("editor", name="ed")
        editor.post(RULE, data={"mode": "shadow"})
        page = editor.post("/policies/draft/replay").text
        assert "There is nothing to replay" in page
        assert "/policies/coverage#kept" in page  # where texts are kept from now on, without YAML
        assert 'id="kept"' in editor.get("/policies/coverage").text
        assert "No call would have been treated differently" not in page
