"""Four eyes, tried with bad intent: none of it may be accepted."""

from __future__ import annotations

import httpx
from threegate.audit.log.query import Query
from threegate.audit.log.record import Stage

from tests.console.conftest import Site

RULE = "/policies/rule/cn.pii.documents"
PASSPORT = "我的护照号码是E12345678"


def submitted(editor: httpx.Client, mode: str = "shadow", **more: str) -> str:
    """The digest of a fresh version."""
    assert editor.post(RULE, data={"mode": mode, **more}).status_code == 303
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
    assert stamp.startswith("base+cn-privacy@")
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


def test_a_rejected_version_stays_out(fresh_site: Site) -> None:
    site = fresh_site
    digest = submitted(site.who("editor", name="ed", group="privacy"))
    approver = site.who("approver", name="al", group="legal")
    assert act(approver, digest, "reject", note="no reason given") == 200
    assert act(approver, digest, "approve") == 409
    assert act(approver, digest, "activate") == 409


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
