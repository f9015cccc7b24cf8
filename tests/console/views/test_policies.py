from __future__ import annotations

from threegate.console.views.policies import excerpt

from tests.console.conftest import Site

TEXT = "rules:\n  - id: a\n    x: 1\n\n  - id: b\n    tests:\n      match: ['- c']\n"


def test_an_excerpt_is_one_rule() -> None:
    assert [x["n"] for x in excerpt(TEXT, 2)] == [2, 3, 4]
    assert next(x["text"].strip() for x in excerpt(TEXT, 6)) == "- id: b"


def test_rules_with_their_facts(site: Site) -> None:
    page = site.who("viewer").get("/policies.json").json()
    rule = next(r for r in page["rules"] if r["id"] == "cn.pii.documents")
    assert (rule["owner"], rule["mode"], rule["action"]) == ("privacy", "enforce", "mask")
    assert rule["hits"] >= 1
    assert rule["tests"] >= 2


def test_filters(site: Site) -> None:
    client = site.who("viewer")
    rows = client.get("/policies.json?mode=shadow").json()["rules"]
    assert rows
    assert {r["mode"] for r in rows} == {"shadow"}
    rows = client.get("/policies.json", params={"q": "documents identity"}).json()["rules"]
    assert [r["id"] for r in rows] == ["cn.pii.documents"]


def test_a_viewer_sees_no_draft_and_no_form(site: Site) -> None:
    html = site.who("viewer").get("/policies/rule/cn.pii.documents").text
    assert '<form method="post" action="/console/policies/rule' not in html


def test_coverage_of_every_taxonomy(site: Site) -> None:
    client = site.who("viewer")
    for each in client.get("/policies/coverage.json").json()["taxonomies"]:
        page = client.get(f"/policies/coverage.json?taxonomy={each['id']}").json()
        assert page["rows"], each["id"]
    assert client.get("/policies/coverage.json?taxonomy=none").status_code == 404
    shown = client.get("/policies/coverage", headers={"accept-language": "zh"}).text
    assert 'title="base.harm.request">拦截' in shown
    assert ">base.harm.request<" not in shown
