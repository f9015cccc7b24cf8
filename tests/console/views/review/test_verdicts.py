from __future__ import annotations

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import httpx
from threegate.audit.settings import from_settings
from threegate.audit.verify.export import verify_export
from threegate.audit.verify.verifier import own_keys

from tests.console.conftest import Site, accesses

BLOCKED = "我不想活了"
STOPPED = "action=block%2Canswer&days=1"


def _requests(client: httpx.Client, query: str) -> set[str]:
    rows = client.get(f"/audit.json?{STOPPED}&{query}").json()["rows"]
    return {row["request"] for row in rows}


def _judge(client: httpx.Client, request: str, label: str) -> None:
    asked = client.get(f"/audit/queue/{request}.json").json()["questions"]
    for question in asked:
        form = {"rule": question["rule"], "label": label}
        answer = client.post(f"/audit/record/{request}/label.json", data=form)
        assert answer.status_code == 200, answer.text


def test_calls_are_found_by_what_reviewers_said(fresh_site: Site) -> None:
    site = fresh_site
    for _ in range(3):
        site.ask(BLOCKED)
    first = site.who("reviewer", name="first")
    every = _requests(first, "")
    right, wrong, left = sorted(every)
    _judge(first, right, "correct")
    _judge(first, wrong, "false_positive")
    assert _requests(first, "review=correct") == {right}
    assert _requests(first, "review=false_positive") == {wrong}
    assert _requests(first, "review=none") == {left}
    assert first.get("/audit?review=nonsense").status_code == 400
    groups = {g["name"]: g for g in first.get(f"/audit.json?{STOPPED}").json()["facets"]}
    counts = {v["value"]: v["count"] for v in groups["review"]["values"]}
    assert counts == {"correct": 1, "false_positive": 1, "none": 1}
    for value in groups["review"]["values"]:
        found = first.get(f"/audit.json?{value['to']}").json()
        assert len(found["rows"]) == value["count"]
    lines = first.post(
        "/audit/export", data={"format": "jsonl", "review": "none", "action": "block,answer"}
    ).text
    assert left in lines
    assert right not in lines

    second = site.who("reviewer", name="second")  # judges all of it again, and knows nothing yet
    assert _requests(second, "review=correct") == set()
    assert _requests(second, "review=none") == {left}
    _judge(second, right, "correct")
    assert _requests(second, "review=correct") == {right}


def _exported(client: httpx.Client, form: dict[str, str], kind: str) -> httpx.Response:
    data = form | {"format": kind, "reason": "for the authority"}
    return client.post("/audit/export", data=data, headers={"accept": "application/json"})


def _unpacked(zipped: httpx.Response, folder: Path) -> Path:
    with ZipFile(BytesIO(zipped.content)) as packed:
        packed.extractall(folder)
    return folder / "threegate-export"


def test_an_export_shows_no_verdict_on_a_call_to_be_judged(
    fresh_site: Site, tmp_path: Path
) -> None:
    """The page hid it; the JSON lines and the zip of the same search contained it."""
    site = fresh_site
    site.ask(BLOCKED)
    first, second = (site.who("reviewer", name=name) for name in ("first", "second"))
    (request,) = _requests(first, "")
    _judge(first, request, "false_positive")
    form = {"stage": "access", "object": request}
    assert "false_positive" in _exported(first, form, "jsonl").text
    lines = _exported(second, form, "jsonl").text
    assert '"verb":"label"' in lines
    assert "false_positive" not in lines
    whole = _unpacked(_exported(first, form, "proofs"), tmp_path / "first")
    assert "false_positive" in (whole / "records.jsonl").read_text("utf-8")
    assert not (whole / "LEFT-OUT.txt").exists()
    part = _unpacked(_exported(second, form, "proofs"), tmp_path / "second")
    assert (
        (part / "LEFT-OUT.txt")
        .read_text("utf-8")
        .startswith("Records that match the search and are not in this export: 1.")
    )
    lines = (part / "records.jsonl").read_text("utf-8")
    assert '"verb":"open"' in lines
    assert '"verb":"label"' not in lines
    assert accesses(site)[0]["left_out"] == 1
    assert verify_export(part, own_keys(from_settings(site.running.deps.settings))).ok
    _judge(second, request, "correct")
    assert "false_positive" in _exported(second, form, "jsonl").text
