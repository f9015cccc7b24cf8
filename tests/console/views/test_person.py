"""Erasing a person: calls carry the end user, the console finds, exports, holds and erases."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from threegate.cli.main import main

from tests.console.conftest import Site

REASON = {"reason": "request of the person, 2026-77"}
OPENAI = "/v1/chat/completions"
ANTHROPIC = "/v1/messages"


def call(site: Site, path: str, **body: Any) -> None:
    messages = [{"role": "user", "content": "please summarise the minutes"}]
    sent = {"model": "deepseek-r1", "max_tokens": 64, "messages": messages, **body}
    assert httpx.post(site.running.url + path, json=sent, timeout=60).status_code == 200


def tenant_of(site: Site) -> str:
    page = site.who("admin", name="finder").get("/audit/person.json").json()
    (tenant,) = page["tenants"]
    return str(tenant)


def test_the_only_tenant_need_not_be_named(site: Site) -> None:
    assert site.who("reviewer").get("/audit/person.json").json()["tenant"] == tenant_of(site)


def looked(site: Site, subject: str) -> dict[str, Any]:
    form = {"tenant": tenant_of(site), "subject": subject}
    found = site.who("reviewer").post(
        "/audit/person", data=form, headers={"accept": "application/json"}
    )
    return dict(found.json()["found"])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (OPENAI, {"user": "u-openai"}),
        (OPENAI, {"safety_identifier": "u-safety"}),
        (ANTHROPIC, {"metadata": {"user_id": "u-anthropic"}}),
    ],
    ids=["user", "safety_identifier", "metadata.user_id"],
)
def test_a_call_is_found_by_its_end_user(site: Site, path: str, body: dict[str, Any]) -> None:
    call(site, path, **body)
    (subject,) = body["metadata"].values() if "metadata" in body else body.values()
    assert looked(site, subject)["records"] >= 1
    assert looked(site, subject + "x")["records"] == 0


def test_a_persons_calls_lead_to_their_records(site: Site) -> None:
    call(site, OPENAI, user="u-complains")
    form = {"tenant": tenant_of(site), "subject": "u-complains"}
    page = site.who("reviewer").post("/audit/person", data=form)
    (record,) = set(re.findall(r'href="/console(/audit/record/[^"]+)"', page.text))
    assert site.who("reviewer").get(record).status_code == 200


def test_an_administrator_erases_and_gets_a_certificate(site: Site) -> None:
    call(site, OPENAI, user="u-erased")
    form = {"tenant": tenant_of(site), "subject": "u-erased", **REASON}
    before = looked(site, "u-erased")
    admin = site.who("admin", name="eraser")
    answer = admin.post("/audit/person/erase", data=form, headers={"accept": "application/json"})
    certificate = answer.json()["certificate"]
    assert certificate["records"] == before["records"] >= 1
    assert certificate["by"] == "eraser"
    assert certificate["proofs"]
    assert "u-erased" not in json.dumps(certificate)
    assert looked(site, "u-erased")["records"] == 0
    assert site.who("reviewer").post("/audit/verify.json").json()["good"] is True


def test_a_hold_keeps_the_records(site: Site) -> None:
    call(site, OPENAI, user="u-held")
    form = {"tenant": tenant_of(site), "subject": "u-held", **REASON}
    admin = site.who("admin", name="holder")
    assert admin.post("/audit/person/hold", data=form).status_code == 200
    assert admin.post("/audit/person/erase", data=form).status_code == 200
    assert looked(site, "u-held")["held"] == looked(site, "u-held")["records"] >= 1


def test_an_export_is_the_records_with_their_texts(site: Site) -> None:
    call(site, OPENAI, user="u-exported")
    form = {"tenant": tenant_of(site), "subject": "u-exported", **REASON}
    text = site.who("admin", name="handing").post("/audit/person/export", data=form).text
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines
    assert any("summarise the minutes" in json.dumps(line["texts"]) for line in lines)


def test_reviewers_look_and_do_not_erase(site: Site) -> None:
    form = {"tenant": "x", "subject": "y", **REASON}
    reviewer = site.who("reviewer")
    assert reviewer.get("/audit/person").status_code == 200
    for step in ("erase", "hold", "release", "export"):
        assert reviewer.post(f"/audit/person/{step}", data=form).status_code == 403


@pytest.mark.parametrize("missing", ["tenant", "subject", "reason"])
def test_each_part_is_needed(site: Site, missing: str) -> None:
    form = {"tenant": "t", "subject": "s", **REASON} | {missing: ""}
    assert site.who("admin").post("/audit/person/erase", data=form).status_code == 400


def test_a_certificate_names_what_a_hold_kept(site: Site) -> None:
    """It certified the erasure of no record, without a reason."""
    call(site, OPENAI, user="u-kept")
    form = {"tenant": tenant_of(site), "subject": "u-kept", **REASON}
    admin = site.who("admin", name="keeper-of-records")
    assert admin.post("/audit/person/hold", data=form).status_code == 200
    page = admin.post("/audit/person/erase", data=form).text
    assert "under a legal hold that were not erased: 1<" in page
    assert "Certificate of erasure" not in page
    assert "Nothing was erased" in page


def test_a_hold_is_lifted_where_it_is_set(site: Site) -> None:
    """The console set holds that it neither named again nor lifted."""
    call(site, OPENAI, user="u-lifted")
    form = {"tenant": tenant_of(site), "subject": "u-lifted", **REASON}
    admin = site.who("admin", name="lifter")
    made = admin.post("/audit/person/hold.json", data=form).json()["hold"]
    other = admin.post("/audit/person/hold.json", data={**form, "subject": "u-else"}).json()["hold"]
    page = admin.post("/audit/person", data=form).text
    assert made in page
    assert other not in page
    assert REASON["reason"] in page
    release = "/audit/person/release"
    assert admin.post(release, data={**form, "hold": other}).status_code == 409
    assert admin.post(release, data={**form, "hold": made, "reason": ""}).status_code == 400
    assert admin.post(release, data={**form, "hold": made}).status_code == 200
    assert admin.post(release, data={**form, "hold": made}).status_code == 409
    assert looked(site, "u-lifted")["held"] == 0
    assert "Certificate of erasure" in admin.post("/audit/person/erase", data=form).text
    assert site.who("reviewer").post("/audit/verify.json").json()["good"] is True


def test_an_authority_gets_a_users_calls_of_one_sort_with_proofs(
    site: Site, tmp_path: Path
) -> None:
    """The page of a person led to all calls at most, and no export of the console had proofs."""
    for prompt in ("我的身份证号是11010519491231002X", "write a poem"):
        messages = [{"role": "user", "content": prompt}]
        call(site, OPENAI, user="u-asked-for", messages=messages)
    reviewer = site.who("reviewer", name="authority")
    form = {"tenant": tenant_of(site), "subject": "u-asked-for"}
    page = reviewer.post("/audit/person", data=form).text
    (query,) = re.findall(r'/audit\?(subject=[^"]+)"', page)
    assert "u-asked-for" not in query
    terms = dict(parse_qsl(query.replace("&amp;", "&")))
    assert len(reviewer.get("/audit.json", params=terms).json()["rows"]) == 2
    terms["kind"] = "pii.cn.id_card"
    (row,) = reviewer.get("/audit.json", params=terms).json()["rows"]
    assert (
        "改看所有用户"
        in reviewer.get("/audit", params=terms, headers={"accept-language": "zh"}).text
    )
    asked = terms | {"format": "proofs", "texts": "1"}
    assert reviewer.post("/audit/export", data=asked).status_code == 400
    answer = reviewer.post("/audit/export", data=asked | REASON)
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path)
    folder = tmp_path / "threegate-export"
    (line,) = (folder / "records.jsonl").read_text("utf-8").splitlines()
    assert row["request"] in line
    assert "11010519491231002X" not in line
    key = site.running.var / "audit/log.vkey"
    verify = ["audit", "verify", "--export", str(folder), "--key", str(key)]
    assert main(verify) == 0
    (folder / "records.jsonl").write_text(line.replace("mask", "pass"), "utf-8")
    assert main(verify) == 1
