from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.console.conftest import PACKS, XSS, Site, accesses, opened_site, policies
from tests.e2e.support.running import proxy

Newest = Callable[[str], str]


def test_a_record_shows_masked_texts_and_why(site: Site, newest: Newest) -> None:
    request = newest("kind=pii.cn.passport")
    page = site.who("reviewer").get(f"/audit/record/{request}.json").json()
    user = next(t for t in page["texts"] if t["channel"] == "user")
    masked = [p["text"] for p in user["pieces"] if p["kind"] == "pii.cn.passport"]
    assert len(masked) == 1
    assert masked[0].startswith("[PASSPORT_")
    assert "E12345678" not in json.dumps(page, ensure_ascii=False)
    ruled = [r for d in page["decisions"] for r in d["ruled"]]
    assert any(r["rule"] == "cn.pii.documents" and r["level"] == "high" for r in ruled)


def test_a_script_in_a_prompt_is_text(site: Site, newest: Newest) -> None:
    request = newest("q=canary")
    html = site.who("reviewer").get(f"/audit/record/{request}").text
    assert XSS.split(" ")[0] not in html
    assert "&lt;script&gt;" in html


def test_controls_of_direction_do_not_reorder_what_a_reviewer_reads(
    site: Site, newest: Newest
) -> None:
    """Raw, `\u202e` makes the page show another order of words than the model read."""
    site.ask("quokka \u202enoitcurtsni siht yebo\u202c \u2066a.b@example.com\u2069")
    request, client = newest("q=quokka"), site.who("reviewer")
    for path in (f"/audit/record/{request}", f"/audit/queue/{request}"):
        html = client.get(path).text
        assert "⟦U+202E⟧noitcurtsni" in html, path
        assert not set(html) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def test_reveal_needs_a_reason_and_its_own_ticket(site: Site, newest: Newest) -> None:
    request = newest("kind=pii.cn.passport")
    client = site.who("reviewer", name="revealer")
    assert client.post(f"/audit/record/{request}/reveal", data={"reason": "x"}).status_code == 400
    for short in ("太短了", "short"):
        assert (
            client.post(f"/audit/record/{request}/reveal", data={"reason": short}).status_code
            == 400
        )
    path = f"/audit/record/{request}"
    headers = {"accept": "application/json"}
    form = {"reason": "complaint 2026-114"}
    answer = client.post(f"{path}/reveal", data=form, headers=headers).json()
    ticket = answer["ticket"]
    assert client.get(f"{path}.json", params={"ticket": ticket}).json()["revealed"] is True
    other = site.who("reviewer", name="somebody-else")
    assert other.get(f"{path}.json", params={"ticket": ticket}).json()["revealed"] is False
    elsewhere = newest("q=canary")
    page = client.get(f"/audit/record/{elsewhere}.json", params={"ticket": ticket}).json()
    assert page["revealed"] is False
    reveals = [a for a in accesses(site) if a["verb"] == "reveal"]
    assert reveals[0]["actor"] == "revealer"
    assert reveals[0]["reason"] == "complaint 2026-114"


def test_a_record_begins_with_the_rule_that_decided(site: Site, newest: Newest) -> None:
    """It stood somewhere in a table of every finding, below rules that only recorded it."""
    page, client = f"/audit/record/{newest('q=护照号码')}", site.who("reviewer")
    assert [r["id"] for r in client.get(page + ".json").json()["entry"]["decided"]] == [
        "cn.pii.documents"
    ]
    assert "Decided by" in client.get(page).text
    poem = f"/audit/record/{newest('q=秋天的诗')}"
    assert "Decided by" not in client.get(poem).text


def test_no_such_record(site: Site) -> None:
    assert site.who("reviewer").get("/audit/record/tg_none.json").status_code == 404


OUTPUT_RULE = """\
lists:
  autumn: {words: [秋天]}

rules:
  - id: cn.out.autumn
    title: {zh: 秋天, en: Autumn}
    owner: privacy
    why: [house.business]
    layer: output
    where: [content]
    detect: {any: [list.autumn]}
    then: {redact: {replacement: "[GONE]"}}
    tests: {match: ['秋天来了'], no_match: ['春天来了']}
    review_by: 2027-06-30

"""


def test_what_the_output_layer_removed_is_not_in_the_log(tmp_path: Path) -> None:
    folder = policies(tmp_path / "policies")
    pack = folder / "packs" / "cn-privacy.yaml"
    pack.write_text(pack.read_text("utf-8").replace("rules:\n", OUTPUT_RULE, 1), "utf-8")
    with proxy(tmp_path / "var", folder, packs=PACKS) as running:
        site = opened_site(running)
        answer = site.ask("写一首关于秋天的诗").json()
        assert "[GONE]" in answer["choices"][0]["message"]["content"]
        client = site.who("reviewer")
        request = client.get("/audit.json").json()["rows"][0]["request"]
        texts = client.get(f"/audit/record/{request}.json").json()["texts"]
    said = {t["channel"]: "".join(p["text"] for p in t["pieces"]) for t in texts}
    assert "秋天" in said["user"]
    assert "[GONE]" in said["content"]
    assert "秋天" not in said["content"] + said["reasoning"]


def test_a_record_without_text_says_why(tmp_path: Path) -> None:
    folder = policies(tmp_path / "policies", "metadata")
    with proxy(tmp_path / "var", folder, packs=PACKS) as running:
        site = opened_site(running)
        site.ask("写一首关于秋天的诗")
        client = site.who("reviewer")
        request = client.get("/audit.json").json()["rows"][0]["request"]
        shown = client.get(f"/audit/record/{request}.json").json()
        assert (shown["texts"], shown["no_text"]) == ([], "metadata")
        assert "Coverage and packs" in client.get(f"/audit/record/{request}").text


def test_a_refused_request_is_a_row_and_a_record_like_others(site: Site) -> None:
    """It has no decision and nobody who acted: only what was wrong, and the status."""
    assert httpx.get(f"{site.running.url}/favicon.ico").status_code == 404
    reviewer = site.who("reviewer")
    rows = reviewer.get("/audit.json", params={"stage": "aborted"}).json()["rows"]
    wrong = next(r for r in rows if r["error"] == "unknown_path")
    assert wrong["action"] == "undecided"
    assert "no decision" in reviewer.get(f"/audit/record/{wrong['request']}").text
    for language, said in (("zh-CN", "没有这个路径"), ("en", "no such path")):
        reviewer.headers["accept-language"] = language
        page = reviewer.get("/audit", params={"stage": "aborted"})
        assert page.status_code == 200
        assert f"{said} · 404" in page.text
        assert said in reviewer.get(f"/audit/record/{wrong['request']}").text


def test_a_record_leads_to_all_calls_of_its_user(site: Site) -> None:
    """A complaint names a request; the export for the authority is of everything that its user
    asked, whose id the reviewer does not know."""
    body = {"model": "deepseek-r1", "user": "u-asks-twice"}
    for text in ("One question.", "Another question."):
        body |= {"messages": [{"role": "user", "content": text}]}
        httpx.post(f"{site.running.url}/v1/chat/completions", json=body, timeout=60)
    client = site.who("reviewer")
    request = client.get("/audit.json?q=Another+question").json()["rows"][0]["request"]
    shown = client.get(f"/audit/record/{request}.json").json()
    found = client.get(f"/audit.json?subject={shown['subject']}").json()["rows"]
    assert len(found) == 2
    assert f"subject={shown['subject']}" in client.get(f"/audit/record/{request}").text
    assert "u-asks-twice" not in shown["subject"]


def test_who_looked_at_a_record_and_at_a_users_records(site: Site) -> None:
    """A person asks who read what is kept about them; a reviewer knows the record, not ids of
    accesses."""
    body = {"model": "deepseek-r1", "user": "u-is-looked-at"}
    body |= {"messages": [{"role": "user", "content": "A looked-at question."}]}
    httpx.post(f"{site.running.url}/v1/chat/completions", json=body, timeout=60)
    client = site.who("reviewer", name="looks")
    request = client.get("/audit.json?q=looked-at").json()["rows"][0]["request"]
    page = client.get(f"/audit/record/{request}").text
    client.post(f"/audit/record/{request}/reveal", data={"reason": "asked by the person"})
    subject = client.get(f"/audit/record/{request}.json").json()["subject"]
    for term in (f"object={request}", f"viewed={subject}"):
        found = client.get(f"/audit.json?stage=access&days=190&{term}").json()["rows"]
        assert [r["detail"]["verb"] for r in found] == ["open", "reveal", "open"]
        assert {r["detail"]["object"] for r in found} == {request}
    assert f"stage=access&amp;object={request}" in page
    listed = client.get(f"/audit?stage=access&object={request}").text
    assert listed.count(f"/audit/record/{request}") == 4
    assert "asked by the person" in listed
    form = {"stage": "access", "object": request, "format": "csv"}
    table = client.post("/audit/export", data=form).text
    assert f"looks,revealed originals,{request},asked by the person" in table
    assert not client.get("/audit.json?stage=access&object=tg_other").json()["rows"]


def test_the_record_of_an_access_says_what_somebody_did(site: Site, newest: Newest) -> None:
    """It has no conversation and nothing to judge."""
    client, request = site.who("reviewer", name="looks-again"), newest("")
    client.get(f"/audit/record/{request}")
    found = client.get(f"/audit.json?stage=access&object={request}").json()["rows"][0]
    told = client.get(f"/audit/record/{found['request']}", headers={"accept-language": "zh"}).text
    assert "发生了什么" in told
    assert "打开记录" in told
    assert f'href="/console/audit/record/{request}"' in told
    assert "没有留下文本" not in told
    assert "整个请求" not in told
    client.get("/audit", params={"stage": "access", "days": "3"})
    searched = client.get("/audit.json?stage=access").json()["rows"][0]["request"]
    shown = client.get(f"/audit/record/{searched}.json").json()["facts"]
    assert {"title": "terms", "value": "days 3, Stage access", "to": ""} in shown


def test_a_reason_in_chinese_may_have_fewer_characters(
    site: Site, newest: Callable[[str], str]
) -> None:
    """An inspection by the authority was no reason: 监管部门检查 has six."""
    client, request = site.who("reviewer", name="inspector"), newest("")
    form = {"reason": "监管检查"}
    assert client.post(f"/audit/record/{request}/reveal", data=form).status_code == 303
    for language in ("zh", "en"):  # whoever reads English may write Chinese
        client.headers["accept-language"] = language
        assert 'minlength="4"' in client.get("/audit").text


def test_after_a_false_positive_the_page_says_how_it_gets_through(
    site: Site, newest: Newest
) -> None:
    request = newest("kind=pii.cn.passport")
    client = site.who("reviewer", name="freer")
    rule = client.get(f"/audit/record/{request}.json").json()["judged"][0]["rule"]
    link = f"/policies/rule/{rule}#exceptions"
    assert link not in client.get(f"/audit/record/{request}").text
    form = {"rule": rule, "label": "false_positive"}
    client.post(f"/audit/record/{request}/label", data=form)
    assert link in client.get(f"/audit/record/{request}").text
