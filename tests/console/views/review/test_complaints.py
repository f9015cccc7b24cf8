from __future__ import annotations

import httpx

from tests.console.conftest import Site

FORM = {"source": "user", "claim": "over_blocked", "text": "canary-51 Why was my poem stopped?"}


def complained(client: httpx.Client) -> list[str]:
    """Requests that the queue holds for a complaint; a share of the others is in it by chance."""
    rows = client.get("/audit/queue.json").json()["rows"]
    return [row["request"] for row in rows if row["why"] == "complaint"]


def test_a_complaint_is_linked_queued_and_answered(fresh_site: Site) -> None:
    site = fresh_site
    site.ask("写一首关于秋天的诗")
    client = site.who("reviewer", name="ann")
    (row,) = client.get("/audit.json").json()["rows"]
    assert not complained(client)
    taken = client.post("/audit/complaints.json", data=FORM | {"request": row["request"]}).json()
    assert complained(client) == [row["request"]]
    shown = client.get(f"/audit/record/{row['request']}.json").json()
    assert [c["id"] for c in shown["complaints"]] == [taken["id"]]
    answer = {"outcome": "upheld", "answer": "The rule is changed."}
    assert client.post(f"/audit/complaints/{taken['id']}", data=answer).status_code == 303
    assert client.post(f"/audit/complaints/{taken['id']}", data=answer).status_code == 404
    assert not complained(client)
    report = client.get("/audit/report.json").json()["reviewed"]
    assert report["complaints"] == {"over_blocked": 1}
    assert report["outcomes"] == {"upheld": 1}
    log = client.get("/audit.json?stage=access").text
    assert "complaint-answered" in log
    assert "canary-51" not in log


def test_what_a_complaint_needs(site: Site) -> None:
    client = site.who("reviewer")
    for bad in ({"text": ""}, {"source": "x"}, {"claim": "x"}, {"request": "tg_unknown"}):
        assert client.post("/audit/complaints.json", data=FORM | bad).status_code == 400
    assert client.post("/audit/complaints.json", data=FORM | {"request": ""}).status_code == 200
    form = {"outcome": "later", "answer": "x"}
    assert client.post("/audit/complaints/cpl_0.json", data=form).status_code == 400


def test_a_complaint_closed_by_mistake_is_opened_again(site: Site) -> None:
    """A wrong click decided for good what the authority was told."""
    client = site.who("reviewer", name="reopener")
    id = client.post("/audit/complaints.json", data=FORM | {"request": ""}).json()["id"]
    answer = {"outcome": "rejected", "answer": "The rule was right."}
    assert client.post(f"/audit/complaints/{id}", data=answer).status_code == 303
    assert client.post(f"/audit/complaints/{id}/reopen").status_code == 303
    assert client.post(f"/audit/complaints/{id}/reopen").status_code == 404
    assert "The rule was right." in client.get("/audit/complaints").text
    again = {"outcome": "upheld", "answer": "The rule is changed."}
    assert client.post(f"/audit/complaints/{id}", data=again).status_code == 303
