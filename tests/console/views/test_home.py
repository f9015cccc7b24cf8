from __future__ import annotations

from datetime import UTC, datetime, timedelta

from threegate.gateway.telemetry.expiry import Ending
from threegate.policy.language.problems import Mark, problem

from tests.console.conftest import PROMPTS, Site


def test_what_is_in_force_is_named(site: Site) -> None:
    page = site.who("viewer").get("/home.json").json()
    assert page["packs"] == ["base", "cn-privacy"]
    assert page["serving"] == site.running.deps.policies.pin().digest
    assert page["notices"] == {"emergency": None, "left": []}


def test_what_is_wrong_with_the_newest_policy_is_told_in_words(site: Site) -> None:
    """Of a file that lost its end there was "cut-off", and `threegate policy check` knows none."""
    policies = site.running.deps.policies
    policies.problems = (problem("cut-off", Mark("packs/base.yaml", 9)),)
    page = site.who("viewer").get("/").text
    policies.problems = ()
    assert "packs/base.yaml:9" in page
    assert "only the beginning of the file in force is left" in page
    assert "add a comment (#) as the last line" in page


def test_a_draft_is_not_in_force(site: Site) -> None:
    """The packs that an editor's draft switched on stood under "Policy in force"."""
    editor = site.who("editor", name="switches")
    editor.post("/policies/packs", data={"pack": "minors", "on": "1"})
    assert editor.get("/home.json").json()["packs"] == ["base", "cn-privacy"]
    editor.post("/policies/draft/discard")


def test_only_reviewers_see_traffic(site: Site) -> None:
    assert site.who("viewer").get("/home.json").json()["week"] is None
    assert site.who("reviewer").get("/home.json").json()["week"]["requests"] >= 4


def test_a_reviewer_sees_what_waits_to_be_reviewed(fresh_site: Site) -> None:
    """The overview said that there was nothing to do."""
    for prompt in PROMPTS:
        assert fresh_site.ask(prompt).status_code == 200
    reviewer = fresh_site.who("reviewer", name="waits")
    waiting = reviewer.get("/audit/queue.json").json()["waiting"]
    assert reviewer.get("/home.json").json()["review"] == waiting > 0
    assert f"{waiting} requests to review" in reviewer.get("/").text
    assert fresh_site.who("viewer").get("/home.json").json()["review"] == 0


def test_proposed_tests_name_their_rule(fresh_site: Site) -> None:
    """They had its id only."""
    assert fresh_site.ask(PROMPTS[0]).status_code == 200
    reviewer, editor = fresh_site.who("reviewer", name="proposer"), fresh_site.who("editor")
    request = reviewer.get("/audit.json").json()["rows"][0]["request"]
    form = {"part": "messages/0/content:user", "rule": "base.pii.email", "expect": "match"}
    reviewer.post(f"/audit/record/{request}/propose.json", data=form).raise_for_status()
    assert 'title="base.pii.email">Mask e-mail addresses</a>' in editor.get("/").text


def test_a_proxy_without_traffic_draws_no_empty_chart(fresh_site: Site) -> None:
    """It said that the highest of no requests was 1."""
    reviewer = fresh_site.who("reviewer")
    for path in ("/", "/audit/report"):
        assert "figure" not in reviewer.get(path).text


def test_keys_and_certificates_that_end_soon_are_named(site: Site) -> None:
    """Calls with a key that had ended got 401 without a warning to anybody."""
    notices = site.running.deps.notices
    before, at = notices.ends, datetime.now(UTC) + timedelta(days=9)
    notices.ends = (Ending("api_key", "bank-<1>", at), Ending("certificate", "ext_proc_cert", at))
    try:
        client = site.who("viewer")
        assert client.get("/home.json").json()["ends"][0]["name"] == "bank-<1>"
        page = client.get("/").text
    finally:
        notices.ends = before
    assert "API key of a caller bank-&lt;1&gt;" in page
    assert "Certificate ext_proc_cert" in page


def test_the_first_day_says_what_to_do_next(fresh_site: Site) -> None:
    """Pages without traffic said that nothing matched, or nothing at all."""
    everybody = fresh_site.who("admin", "editor", "approver", "reviewer", name="first-day")
    page = everybody.get("/").text
    for path in ("/people", "/policies/new", "/policies/history", "/audit"):
        assert f'href="/console{path}"' in page.split("To do", 1)[1]
    assert "base URL" in page
    assert "Once an application is connected" in everybody.get("/audit").text
    assert "No record matches" in everybody.get("/audit?tenant=nobody").text
    assert "drawn as a sample" in everybody.get("/audit/queue").text
    assert "/audit/queue" in everybody.get("/audit/quality").text.split("Nothing is labelled", 1)[1]
    assert "No version yet. What editors submit" in everybody.get("/policies/history").text
