from __future__ import annotations

from tests.audit.report.test_pdf import texts_of
from tests.console.conftest import Site


def test_the_report_counts(site: Site) -> None:
    shown = site.who("reviewer").get("/audit/report.json").json()
    figures = shown["figures"]
    assert figures["requests"] >= 4
    assert figures["rules"]["cn.pii.documents"] >= 1
    assert shown["latency"]["bars"]
    assert sum(len(b["rects"]) for b in shown["timeline"]["bars"]) >= 1


def test_the_pdf_says_the_same_in_the_reader_s_language(site: Site) -> None:
    client = site.who("reviewer")
    rule = client.get("/policies/rule/cn.pii.documents.json").json()["rule"]["title"]
    answer = client.get("/audit/report/pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-1.5")
    said = "\n".join(texts_of(answer.content))
    for word in ("Audit report", rule, "Review by people", "Complaints"):
        assert word in said
    chinese = client.get("/audit/report/pdf", headers={"accept-language": "zh"})
    assert "审计报告" in "\n".join(texts_of(chinese.content))


def test_a_period_that_cannot_be(site: Site) -> None:
    assert site.who("reviewer").get("/audit/report.json?since=x").status_code == 400
