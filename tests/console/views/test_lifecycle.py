"""Four eyes, tried with bad intent: none of it may be accepted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from threegate.audit.log.conditions import Query
from threegate.audit.log.record import Stage
from threegate.policy.lifecycle.people import Role

from tests.console.conftest import Site, opened_site, policies
from tests.e2e.support.running import proxy

RULE = "/policies/rule/cn.pii.documents"
PASSPORT = "我的护照号码是E12345678"


@pytest.fixture
def fresh_site(tmp_path: Path) -> Iterator[Site]:
    """With one small pack: each submission compiles and tests all of them."""
    root = policies(tmp_path / "policies")
    with proxy(tmp_path / "var", root, packs=("cn-privacy",)) as running:
        yield opened_site(running)


def submitted(editor: httpx.Client, mode: str = "shadow", **more: str) -> str:
    """The digest of a fresh version."""
    assert editor.post(RULE, data={"mode": mode, **more}).status_code == 303
    editor.post("/policies/draft/tests.json")
    answer = editor.post("/policies/draft/submit.json", data={"note": "quieter"})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["digest"])


def act(client: httpx.Client, digest: str, verb: str, **form: str) -> int:
    return client.post(f"/policies/version/{digest}/{verb}.json", data=form).status_code


def stage(client: httpx.Client, digest: str) -> str:
    return str(client.get(f"/policies/version/{digest}.json").json()["version"]["stage"])


def test_from_draft_to_force_and_back(fresh_site: Site) -> None:
    site = fresh_site
    editor = site.who("editor", name="ed", group="privacy")
    approver = site.who("approver", name="al", group="legal")
    before = site.running.deps.policies.pin().digest
    first = submitted(editor, mode="off")
    assert act(approver, first, "approve") == 200
    assert act(approver, first, "activate") == 200
    site.reload()
    assert site.running.deps.policies.pin().digest == first != before
    stamp = site.ask(PASSPORT).headers["x-threegate-policy"]
    assert stamp.startswith("cn-privacy@")
    assert stamp in approver.get(f"/policies/version/{first}.json").json()["stamps"]
    assert stamp in approver.get(f"/policies/version/{first}").text
    second = submitted(editor, mode="enforce")
    assert act(approver, second, "approve") == 200
    assert act(approver, second, "activate") == 200
    site.reload()
    assert site.running.deps.policies.pin().digest == second
    assert act(approver, first, "rollback", reason="too strict") == 200
    site.reload()
    assert site.running.deps.policies.pin().digest == first
    work = site.running.deps.audit.search(Query(stage=(Stage.POLICY,)))  # type: ignore[attr-defined]
    done = [e.event["detail"] for e in site.running.run(work).entries]
    verbs = [d["verb"] for d in done if d["actor"] != "proxy"]
    assert verbs[0] == "rollback"
    assert set(verbs) == {"submit", "approve", "activate", "rollback"}


def test_abuse_is_refused(fresh_site: Site) -> None:
    site = fresh_site
    site.who("admin")
    both = site.who("editor", "approver", name="both", group="privacy")
    approver = site.who("approver", name="al", group="legal")
    digest = submitted(both)
    assert act(both, digest, "approve") == 409  # own draft
    assert act(both, digest, "activate") == 409  # no approval
    assert act(both, digest, "activate", emergency="1", reason="hurry") == 409  # own emergency
    assert act(approver, "0" * 64, "approve") == 409  # another digest
    assert act(approver, digest, "approve") == 200
    edited = submitted(both, mode="off")  # edit after approval
    assert stage(both, edited) == "submitted"
    assert act(approver, edited, "activate") == 409
    assert act(approver, digest, "approve") == 409  # replayed approval
    site.accounts.change("al", frozenset(), "", closed=False)  # lowered role
    assert act(approver, digest, "activate") == 403
    assert site.running.deps.policies.pin().digest not in (digest, edited)


def test_a_weaker_change_needs_another_group(fresh_site: Site) -> None:
    site = fresh_site
    editor = site.who("editor", name="ed", group="privacy")
    near = site.who("approver", name="near", group="privacy")
    far = site.who("approver", name="far", group="legal")
    digest = submitted(editor)
    assert act(near, digest, "approve") == 200
    assert stage(near, digest) == "submitted"
    assert act(near, digest, "activate") == 409
    assert act(far, digest, "approve") == 200
    assert stage(far, digest) == "approved"
    assert act(far, digest, "withdraw") == 200
    assert act(near, digest, "activate") == 409


@pytest.mark.parametrize("closed", [True, False])
def test_an_approval_does_not_outlast_its_approver(fresh_site: Site, closed: bool) -> None:
    site = fresh_site
    site.who("admin")
    editor = site.who("editor", name="ed", group="privacy")
    gone = site.who("approver", name="gone", group="legal")
    stays = site.who("approver", name="stays", group="risk")
    digest = submitted(editor)
    assert act(gone, digest, "approve") == 200
    site.accounts.change("gone", frozenset({Role.VIEWER}), "legal", closed=closed)
    assert act(stays, digest, "schedule", due="2099-01-01T00:00") == 409
    refused = stays.post(f"/policies/version/{digest}/activate.json")
    assert refused.status_code == 409
    assert "no longer an approver" in refused.json()["error"]
    assert act(stays, digest, "approve") == 200
    assert act(stays, digest, "activate") == 200


def test_an_emergency_makes_no_weaker_policy_the_measure(fresh_site: Site) -> None:
    site = fresh_site
    editor = site.who("editor", name="ed", group="privacy")
    near = site.who("approver", name="near", group="privacy")
    weak = submitted(editor, mode="off")
    assert act(near, weak, "activate", emergency="1", reason="too many false alarms") == 200
    site.reload()
    again = submitted(editor, mode="off", message_zh="已隐藏。", message_en="Hidden.")
    assert act(near, again, "approve") == 200
    assert stage(near, again) == "submitted"
    assert act(near, again, "activate") == 409


def test_a_rejected_version_stays_out(fresh_site: Site) -> None:
    site = fresh_site
    digest = submitted(site.who("editor", name="ed", group="privacy"))
    approver = site.who("approver", name="al", group="legal")
    assert act(approver, digest, "reject", note="no reason given") == 200
    assert act(approver, digest, "approve") == 409
    assert act(approver, digest, "activate") == 409


def test_a_version_overtaken_by_another_says_what_to_do(fresh_site: Site) -> None:
    """Its approver was offered an approval that led to nothing, its author no way on."""
    first, second = (fresh_site.who("editor", name=name, group="privacy") for name in ("ed", "eve"))
    approver = fresh_site.who("approver", name="al", group="legal")
    quick, late = submitted(first), submitted(second, mode="off")
    page = f"/policies/version/{late}"
    assert "approving it changes nothing" not in approver.get(page).text
    assert act(approver, quick, "approve") == 200
    assert act(approver, quick, "activate") == 200
    assert "approving it changes nothing" in approver.get(page).text
    assert "merge, and submit again" in second.get(page).text
    assert "another version came first" in second.get("/").text
    refused = approver.post(f"{page}/activate")
    assert refused.status_code == 409
    assert f'href="/console{page}"' in refused.text.replace(
        str(approver.base_url).rstrip("/"), "/console"
    )


def test_any_two_versions_are_compared(fresh_site: Site) -> None:
    """A version could be compared with the one that it began from only."""
    editor = fresh_site.who("editor", name="ed")
    first = submitted(editor)
    second = submitted(editor, mode="off")
    page = fresh_site.who("viewer").get("/policies/compare.json").json()
    assert (page["old"], page["new"]) == ("", second)
    both = editor.get("/policies/compare.json", params={"old": first, "new": second}).json()
    (card,) = both["rules"]
    (row,) = [r for r in card["rows"] if r["changed"]]
    assert (row["before"], row["after"]) == ("shadow", "off")
    same = editor.get("/policies/compare.json", params={"old": first, "new": first}).json()
    assert same["unchanged"] is True
    assert editor.get("/policies/compare", params={"old": "0" * 64}).status_code == 404
    assert f"/policies/compare?new={second}" in editor.get(f"/policies/version/{second}").text


def test_an_emergency_is_ended_on_its_page(fresh_site: Site) -> None:
    """Whether the folder's policy comes back or a version; a page that is out of date ends nothing."""
    site = fresh_site
    before = site.running.deps.policies.pin().digest
    editor, approver = site.who("editor", name="ed"), site.who("approver", name="al", group="legal")
    digest = submitted(editor)
    assert act(approver, digest, "end") == 409
    assert act(approver, digest, "activate", emergency="1", reason="leak") == 200
    site.reload()
    assert site.running.deps.policies.pin().digest == digest
    page = f"/policies/version/{digest}"
    assert f"{page}/end" in approver.get(page).text
    assert f"{page}/end" not in editor.get(page).text
    assert act(editor, digest, "end") == 403
    assert act(approver, digest, "end", reason="leak closed") == 200
    last = editor.get(f"{page}.json").json()["events"][-1]
    assert (last["verb"], last["ended"], last["note"]) == ("end", digest, "leak closed")
    assert editor.get("/policies/history.json").json()["events"][0] == last
    site.reload()
    assert site.running.deps.policies.pin().digest == before
    assert "x-threegate-notice" not in site.ask("hello").headers
    assert stage(approver, digest) == "submitted"
    assert act(approver, digest, "approve") == 200
    assert act(approver, digest, "activate") == 200
    urgent = submitted(editor, mode="off")
    assert act(approver, urgent, "activate", emergency="1", reason="leak") == 200
    assert act(approver, digest, "end") == 409
    assert act(approver, urgent, "end") == 200
    assert act(approver, urgent, "end") == 409
    site.reload()
    assert site.running.deps.policies.pin().digest == digest


def test_an_emergency_shows_on_every_page_and_in_every_answer(fresh_site: Site) -> None:
    site = fresh_site
    digest = submitted(site.who("editor", name="ed", group="privacy"))
    approver = site.who("approver", name="al", group="legal")
    assert act(approver, digest, "activate", emergency="1", reason="") == 409
    assert act(approver, digest, "activate", emergency="1", reason="leak in production") == 200
    home = site.who("viewer").get("/home.json").json()
    assert home["notices"]["emergency"]["digest"] == digest
    assert home["notices"]["emergency"]["by"] == "al"
    for path in ("/", "/policies", "/policies/history", "/policies/coverage"):
        assert f"/console/policies/version/{digest}" in site.who("viewer").get(path).text
    assert digest not in site.visitor().get("/login").text
    assert site.ask("hello").headers["x-threegate-notice"] == "emergency-policy"
    site.reload()
    assert act(approver, digest, "approve") == 200
    assert act(approver, digest, "activate") == 200
    assert "x-threegate-notice" not in site.ask("hello").headers
    assert site.who("viewer").get("/home.json").json()["notices"]["emergency"] is None


def test_what_another_version_overtook_is_submitted_again(fresh_site: Site) -> None:
    site = fresh_site
    editor = site.who("editor", name="ed", group="privacy")
    approver = site.who("approver", name="al", group="legal")
    old, new = submitted(editor, mode="off"), submitted(editor, mode="shadow")
    for digest in (old, new):
        assert act(approver, digest, "approve") == 200
    assert act(approver, new, "activate") == 200
    assert act(approver, old, "activate") == 409


def test_nothing_to_submit(site: Site) -> None:
    assert site.who("editor", name="idle").post("/policies/draft/submit.json").status_code == 409


def test_no_version_without_a_green_run(fresh_site: Site) -> None:
    site = fresh_site
    editor = site.who("editor", name="ed", group="privacy")
    approver = site.who("approver", name="al", group="legal")
    text = editor.get("/policies/pack/cn-privacy.json").json()["text"]
    red = text.replace("        - '会议室E1234在三楼'\n", "        - '护照号码是E12345678'\n", 1)
    editor.post("/policies/edit/cn-privacy", data={"text": red})
    assert editor.post("/policies/draft/submit.json").status_code == 409  # never ran
    editor.post("/policies/draft/tests.json")
    assert editor.post("/policies/draft/submit.json").status_code == 409  # red
    form = {"untested": "the sample is fixed next week"}
    digest = editor.post("/policies/draft/submit.json", data=form).json()["digest"]
    assert "the sample is fixed next week" in approver.get(f"/policies/version/{digest}").text
    assert act(approver, digest, "approve") == 409  # a second reason
    assert act(approver, digest, "activate") == 409
    assert act(approver, digest, "approve", untested="seen by hand") == 200
    assert act(approver, digest, "activate") == 200
    work = site.running.deps.audit.search(Query(stage=(Stage.POLICY,)))  # type: ignore[attr-defined]
    done = [e.event["detail"] for e in site.running.run(work).entries]
    reasons = {d["verb"]: d.get("untested", "") for d in done}
    assert reasons["submit"] == "the sample is fixed next week"
    assert reasons["approve"] == "seen by hand"


def test_an_approver_sees_everything_that_is_signed(fresh_site: Site) -> None:
    site = fresh_site
    editor = site.who("editor", name="ed", group="privacy")
    approver = site.who("approver", name="al", group="legal")
    text = editor.get("/policies/pack/cn-privacy.json").json()["text"]
    editor.post("/policies/edit/cn-privacy", data={"text": text + STAFF_NUMBER})
    editor.post("/policies/draft/tests.json")
    digest = editor.post("/policies/draft/submit.json").json()["digest"]
    seen = approver.get(f"/policies/version/{digest}.json").json()
    (card,) = seen["rules"]
    assert (card["fate"], card["id"]) == ("added", "cn.staff")
    said = {row["label"]: row["after"] for row in card["rows"]}
    assert "[staff]" in said["what happens"]
    assert {t["text"] for t in card["tests"]} == {"工号，护照号码是E12345678", "A-1"}
    assert {t["passed"] for t in seen["ran"]} == {True}
    added = [x["text"] for f in seen["texts"] for h in f["hunks"] for x in h if x["sign"] == "+"]
    assert added == STAFF_NUMBER.splitlines()
    page = approver.get(f"/policies/version/{digest}").text
    assert "工号，护照号码是E12345678" in page
    assert "did not replay" in page
    assert "No change." not in page


STAFF_NUMBER = """
  - id: cn.staff
    title: {zh: 工号, en: Staff numbers}
    owner: privacy
    why: [pipl.51]
    layer: input
    where: [user]
    detect: {any: [pii.cn.passport]}
    then: {redact: {replacement: '[staff]'}}
    mode: shadow
    tests:
      match: ['工号，护照号码是E12345678']
      no_match: ['A-1']
    review_by: 2027-06-30
"""


def test_a_change_of_tests_alone_is_a_change(fresh_site: Site) -> None:
    site = fresh_site
    editor = site.who("editor", name="ed", group="privacy")
    text = editor.get("/policies/pack/cn-privacy.json").json()["text"]
    other = text.replace("会议室E1234在三楼", "会议室E1234在四楼", 1)
    editor.post("/policies/edit/cn-privacy", data={"text": other})
    draft = editor.get("/policies/draft.json").json()
    assert draft["changes"] == []
    assert draft["unchanged"] is False
    fates = {t["text"]: t["fate"] for t in draft["rules"][0]["tests"] if t["fate"]}
    assert fates == {"会议室E1234在四楼": "added", "会议室E1234在三楼": "removed"}
    page = editor.get("/policies/draft").text
    assert "No change." not in page


def test_work_comes_back_to_its_author(fresh_site: Site) -> None:
    site = fresh_site
    editor = site.who("editor", name="ed", group="privacy")
    approver = site.who("approver", name="al", group="legal")
    digest = submitted(editor, mode="off")
    assert editor.get("/policies/draft.json").json()["files"] == []
    assert act(approver, digest, "reject", note="say why") == 200
    draft = editor.get("/policies/draft.json").json()
    assert draft["files"] == ["packs/cn-privacy.yaml"]
    assert [(r["verb"], r["by"], r["note"]) for r in draft["returned"]] == [
        ("reject", "al", "say why")
    ]
    assert "say why" in editor.get("/policies/draft").text
    again = submitted(editor, mode="shadow")
    assert editor.get("/policies/draft.json").json()["returned"] == []
    assert act(approver, again, "recall") == 403
    assert act(editor, again, "recall") == 200
    assert stage(editor, again) == "withdrawn"
    assert editor.get(RULE + ".json").json()["rule"]["mode"] == "shadow"


def test_what_was_rolled_back_comes_back_too(fresh_site: Site) -> None:
    site = fresh_site
    editor = site.who("editor", name="ed", group="privacy")
    approver = site.who("approver", name="al", group="legal")
    first, second = submitted(editor, mode="off"), ""
    for verb in ("approve", "activate"):
        assert act(approver, first, verb) == 200
    second = submitted(editor, mode="shadow")
    for verb in ("approve", "activate"):
        assert act(approver, second, verb) == 200
    site.reload()
    assert f"/policies/version/{second}" in approver.get("/").text  # where one looks first
    assert f"/policies/version/{first}/rollback" in approver.get(f"/policies/version/{second}").text
    assert act(approver, first, "rollback", reason="complaints") == 200
    after = approver.get(f"/policies/version/{first}").text  # not back to what was undone
    assert f"/policies/version/{second}/rollback" not in after
    assert editor.get("/policies/draft.json").json()["files"] == ["packs/cn-privacy.yaml"]
    assert editor.get(RULE + ".json").json()["rule"]["mode"] == "shadow"


def test_a_busy_draft_is_not_written_over(fresh_site: Site) -> None:
    site = fresh_site
    editor = site.who("editor", name="ed", group="privacy")
    approver = site.who("approver", name="al", group="legal")
    digest = submitted(editor, mode="off")
    editor.post(RULE, data={"mode": "shadow"})
    assert act(approver, digest, "reject", note="no") == 200
    back = f"/policies/draft/returned/{digest}.json"
    assert editor.get(RULE + ".json").json()["rule"]["mode"] == "shadow"
    refused = editor.post(back, data={"do": "resume"})
    assert refused.status_code == 409
    assert "your draft changes cn.pii.documents too" in refused.json()["error"]
    editor.post("/policies/draft/discard")
    assert editor.post(back, data={"do": "resume"}).status_code == 200
    assert editor.get(RULE + ".json").json()["rule"]["mode"] == "off"
    assert editor.post(back, data={"do": "drop"}).status_code == 404


def test_nobody_reverts_anybody_unseen(fresh_site: Site) -> None:
    site = fresh_site
    slow = site.who("editor", name="slow", group="privacy")
    quick = site.who("editor", name="quick", group="privacy")
    approver = site.who("approver", name="al", group="legal")
    slow.post("/policies/rule/cn.pii.vehicle", data={"mode": "off"})
    digest = submitted(quick, mode="off")
    for verb in ("approve", "activate"):
        assert act(approver, digest, verb) == 200
    draft = slow.get("/policies/draft.json").json()
    assert draft["moved"] == ["packs/cn-privacy.yaml"]
    slow.post("/policies/draft/tests.json")
    assert slow.post("/policies/draft/submit.json").status_code == 409
    (file,) = slow.get("/policies/draft/merge.json").json()["files"]
    assert (file["taken"], file["conflicts"]) == (["rules/cn.pii.documents"], [])
    assert slow.post("/policies/draft/merge.json").status_code == 200
    changed = slow.get("/policies/draft.json").json()
    assert (changed["moved"], [r["id"] for r in changed["rules"]]) == ([], ["cn.pii.vehicle"])


def test_two_edits_of_one_rule_are_chosen_between(fresh_site: Site) -> None:
    site = fresh_site
    slow = site.who("editor", name="slow", group="privacy")
    approver = site.who("approver", name="al", group="legal")
    slow.post(RULE, data={"message_zh": "我的", "message_en": "Mine."})
    digest = submitted(site.who("editor", name="quick", group="privacy"), mode="off")
    for verb in ("approve", "activate"):
        assert act(approver, digest, verb) == 200
    assert "to be merged" in slow.get("/").text
    merging = slow.get("/policies/draft/merge.json").json()
    (file,) = merging["files"]
    assert [c["key"] for c in file["conflicts"]] == ["rules/cn.pii.documents"]
    rows = [row for row in merging["cards"]["cn.pii.documents"]["rows"] if row["changed"]]
    assert "off" in [row["before"] for row in rows]  # in words, for who does not read YAML
    assert any("Mine." in row["after"] for row in rows)
    page = slow.get("/policies/draft/merge").text
    assert re.search("<mark>[^<]*Mine\\.", page)
    assert re.search("<mark> *mode: [^<]*off", page)
    assert "\n    layer: input\n" in page  # the same on both sides, on a line of its own
    assert slow.post("/policies/draft/merge.json").status_code == 409
    choice = {"choice/packs/cn-privacy.yaml/rules/cn.pii.documents": "mine"}
    assert slow.post("/policies/draft/merge.json", data=choice).status_code == 200
    rule = slow.get(RULE + ".json").json()["rule"]
    assert (rule["mode"], rule["message_en"]) == ("enforce", "Mine.")


def test_two_edits_of_a_word_list_are_shown_in_words(fresh_site: Site) -> None:
    """Only rules were: the rest was a choice between two pieces of YAML."""
    slow = fresh_site.who("editor", name="slow", group="privacy")
    quick = fresh_site.who("editor", name="quick", group="privacy")
    approver = fresh_site.who("approver", name="al", group="legal")
    page = "/policies/list/base/self_harm"
    before = slow.get(page + ".json").json()["list"]["words"]
    slow.post(page, data={"words": before, "match": "substring"})
    quick.post(page, data={"words": before, "match": "sound"})
    quick.post("/policies/draft/tests.json")
    form = {"untested": "words"}
    digest = quick.post("/policies/draft/submit.json", data=form).json()["digest"]
    for verb in ("approve", "activate"):
        assert act(approver, digest, verb, untested="seen") == 200
    cards = slow.get("/policies/draft/merge.json").json()["cards"]
    (row,) = [row for row in cards["lists/self_harm"]["rows"] if row["changed"]]
    assert row["label"] == "matching"
    assert "<summary>YAML</summary>" in slow.get("/policies/draft/merge").text


def test_named_reviewers_comments_and_a_schedule(fresh_site: Site) -> None:
    site = fresh_site
    editor = site.who("editor", name="ed", group="privacy")
    al, bo = (site.who("approver", name=n, group="legal") for n in ("al", "bo"))
    assert editor.post(RULE, data={"mode": "off"}).status_code == 303
    editor.post("/policies/draft/tests.json")
    asked = {"note": "quieter", "reviewer_al": "1", "reviewer_nobody": "1"}
    digest = str(editor.post("/policies/draft/submit.json", data=asked).json()["digest"])
    page = f"/policies/version/{digest}"
    assert al.get(page + ".json").json()["version"]["reviewers"] == ["al"]
    waiting = {c: c.get("/home.json").json()["waiting"][0]["for_me"] for c in (al, bo)}
    assert waiting == {al: True, bo: False}
    assert "quieter" in al.get("/").text

    changed = al.get(page + ".json").json()["texts"][0]
    line = next(x for x in changed["hunks"][0] if x["sign"] == "+")
    place = f"{changed['path']}:{line['new']}"
    assert 'id="comment"' in al.get(page, params={"place": place}).text
    assert act(al, digest, "comment", place=place, text="Why <b>off</b>?") == 200
    assert act(al, digest, "comment", text=" ") == 400
    comments = editor.get(page + ".json").json()["comments"]
    assert [(c["by"], c["text"]) for c in comments[place]] == [("al", "Why <b>off</b>?")]
    assert "Why &lt;b&gt;off&lt;/b&gt;?" in editor.get(page).text
    work = site.running.deps.audit.search(Query(stage=(Stage.POLICY,)))  # type: ignore[attr-defined]
    assert "Why" not in str([e.event for e in site.running.run(work).entries])

    assert act(bo, digest, "approve") == 200  # whoever is not asked may approve too
    assert act(bo, digest, "schedule", due="yesterday") == 400
    assert act(bo, digest, "schedule", due="2020-01-01T00:00") == 409
    bo.cookies.set("threegate_zone", "Asia/Shanghai", domain="127.0.0.1", path="/console")
    assert act(bo, digest, "schedule", due="2100-01-01T08:00") == 200
    version = bo.get(page + ".json").json()["version"]
    assert (version["due"][:16], version["scheduled_by"]) == ("2100-01-01T00:00", "bo")
    assert "2100-01-01 08:00" in bo.get(page).text
    assert act(bo, digest, "schedule", due="") == 200
    assert bo.get(page + ".json").json()["version"]["due"] == ""


def test_a_long_note_is_kept_and_its_first_line_is_the_name(fresh_site: Site) -> None:
    """It was cut after 200 characters without a word, and all of it was the heading."""
    site = fresh_site
    editor = site.who("editor", name="ed", group="privacy")
    editor.post(RULE, data={"mode": "off"})
    editor.post("/policies/draft/tests.json")
    note = "证件规则先停用\n" + "理由：" * 100 + "见附件"
    digest = editor.post("/policies/draft/submit.json", data={"note": note}).json()["digest"]
    page = editor.get(f"/policies/version/{digest}.json").json()
    assert page["names"][digest] == "证件规则先停用…"
    assert page["events"][0]["note"] == note


def test_a_returned_version_joins_a_draft_of_other_rules(fresh_site: Site) -> None:
    """All rules of a pack are in one file, so it could only be taken up after discarding the rest;
    and the overview did not say that it had come back."""
    site = fresh_site
    editor = site.who("editor", name="ed", group="privacy")
    digest = submitted(editor, mode="off")
    editor.post("/policies/rule/cn.pii.vehicle", data={"mode": "shadow"})
    assert act(site.who("approver", name="al", group="legal"), digest, "reject", note="no") == 200
    assert "Returned to you" in editor.get("/").text
    assert editor.get("/home.json").json()["returned"] == [digest]
    assert editor.post(f"/policies/draft/returned/{digest}.json").status_code == 200
    draft = editor.get("/policies/draft.json").json()
    assert {r["id"] for r in draft["rules"]} == {"cn.pii.documents", "cn.pii.vehicle"}
    assert editor.get("/home.json").json()["returned"] == []


def test_a_draft_that_changes_no_policy_is_not_submitted(fresh_site: Site) -> None:
    """A reply that no rule uses was refused as submitted already, or became a version of nothing."""
    editor = fresh_site.who("editor", name="ed", group="privacy")
    editor.post("/policies/answer/spare", data={"zh": "备用", "en": "Spare"})
    editor.post("/policies/draft/tests.json")
    answer = editor.post("/policies/draft/submit.json")
    assert answer.status_code == 409
    assert "does not change the policy" in answer.json()["error"]


def test_a_draft_that_came_into_force_otherwise_is_over(fresh_site: Site) -> None:
    """The page offered to discard a draft in which nothing differed."""
    editor, other = (fresh_site.who("editor", name=name) for name in ("ed", "eve"))
    approver = fresh_site.who("approver", name="al", group="legal")
    other.post(RULE, data={"mode": "off"})
    assert "Discard the draft" in other.get("/policies/draft").text
    digest = submitted(editor, mode="off")
    assert act(approver, digest, "approve") == 200
    assert act(approver, digest, "activate") == 200
    fresh_site.reload()
    page = other.get("/policies/draft").text
    assert "Discard the draft" not in page
    assert "Nothing is changed yet" in page
    assert other.get("/home.json").json()["draft"] == []


def test_an_approver_reads_whether_their_approval_is_enough_and_what_is_left_to_do(
    fresh_site: Site,
) -> None:
    """The page said that somebody of another group has to approve, and left it to the reader to
    know both groups; after the approval nothing said that the version was not in force."""
    editor = fresh_site.who("editor", name="ed", group="privacy")
    near = fresh_site.who("approver", name="near", group="privacy")
    far = fresh_site.who("approver", name="far", group="legal")
    digest = submitted(editor)
    page = f"/policies/version/{digest}"
    assert "your approval alone is not enough" in near.get(page).text
    assert "your approval is enough" in far.get(page).text
    assert "may be looser" in far.get("/").text
    assert "not in force yet" not in far.get(page).text
    assert act(far, digest, "approve") == 200
    shown = far.get(page).text
    assert "Approved, but not in force yet" in shown
    assert "has to approve it" not in shown
    assert act(far, digest, "activate") == 200
    shown = far.get(page).text
    assert "not in force yet" not in shown
    assert "has to approve it" not in shown
