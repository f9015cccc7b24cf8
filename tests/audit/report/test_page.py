from __future__ import annotations

from threegate.audit.log.record import DAY_US
from threegate.audit.report.page import Row, Section, html, outline, pdf
from threegate.audit.report.report import Calls, Figures

from tests.audit.report.test_pdf import texts_of

FIGURES = Figures(
    0,
    DAY_US,
    (Calls(0, "completed", 0, 2), Calls(0, "blocked", 7, 1)),
    kinds={"<script>alert(1)</script>": 2},
    latency_ms={"1970-01-01": (12.0, 80.5)},
)


def test_the_page_is_whole_bilingual_and_escaped() -> None:
    for language, word in (("zh-CN", "审计报告"), ("en", "Audit report")):
        page = html(outline(FIGURES, language))
        assert word in page
        assert "<script" not in page
        assert "http" not in page
        assert page.endswith("</html>\n")


def test_page_and_pdf_say_the_same() -> None:
    more = Section("投诉", (Row("误拦截", ("2",), 1.0),))
    made = outline(FIGURES, "zh", naming=lambda table, code: f"{table}:{code}", more=[more])
    page, paper = html(made), "\n".join(texts_of(pdf(made)))
    for word in (
        "审计报告",
        "投诉",
        "误拦截",
        "1970-01-01",
        "80.5",
        "检测结果类别",
        "耗时（毫秒）",
    ):
        assert word in page
        assert word in paper
    assert "kinds:<script>" in paper


def test_a_period_without_timings_is_printed_too() -> None:
    """A table with a head and no row ended in an error."""
    for figures in (Figures(0, DAY_US), Figures(0, DAY_US, FIGURES.calls)):
        assert pdf(outline(figures, "en")).startswith(b"%PDF")
