"""The report of a period: a page with charts, and the same as a PDF."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from threegate.audit.log.database import now_us
from threegate.audit.log.encoding import timestamp
from threegate.audit.report.page import Row, Section, counted, outline, pdf
from threegate.audit.report.report import Figures, gather
from threegate.console.presenters import charts, records
from threegate.console.presenters import labels as words
from threegate.console.review import search_terms
from threegate.console.review.complaints import median_days, within
from threegate.console.review.label_statistics import Agreement, agreement, questions, settled
from threegate.console.web import Answer, ConsoleRequest, Shown, blocking, wants_json

PERIOD = ("days", "since", "until")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What people did in the period, in addition to what the guard did."""

    judged: int
    verdicts: dict[str, int]
    agreement: Agreement
    complaints: dict[str, int]
    outcomes: dict[str, int]
    median_days: float | None


async def report(visit: ConsoleRequest) -> Answer:
    return Shown("audit/report.html", await blocking(_page, visit, *await _gathered(visit)))


def _page(
    visit: ConsoleRequest, terms: dict[str, str], figures: Figures, timeline: dict[str, Any]
) -> dict[str, Any]:
    reviewed = _reviewed(visit, figures)
    known = records.titles(visit.serving)
    return {
        "figures": figures.table(visit.clock.zone),
        "since": visit.clock.field(figures.since_us),
        "until": visit.clock.field(figures.until_us),
        "terms": terms,
        "months": _months(visit.clock.show(now_us(), "day")),
        "titles": {
            r: known[r].get(visit.language)
            for r in {**figures.rules, **figures.shadow}
            if r in known
        },
        "timeline": timeline,
        "latency": _latency_chart(figures, visit.text_in("p95（毫秒）", "p95 (ms)")),
        "reviewed": asdict(reviewed) | {"share": reviewed.agreement.share},
        "view": search_terms.address(terms),
    }


def _months(today: str) -> list[dict[str, str]]:
    """The previous and the current month, from the first to the last day."""
    first = date.fromisoformat(today).replace(day=1)
    last = first - timedelta(days=1)
    return [
        {"name": str(last)[:7], "since": str(last.replace(day=1)), "until": str(last)},
        {"name": str(first)[:7], "since": str(first), "until": today},
    ]


async def report_pdf(visit: ConsoleRequest) -> Answer:
    """Its JSON twin is that of the report."""
    if wants_json(visit.request):
        return await report(visit)
    _, figures, _ = await _gathered(visit)
    name = f"threegate-report-{visit.clock.show(figures.since_us, 'day')}.pdf"
    head = {"content-disposition": f'attachment; filename="{name}"'}
    content = await blocking(_paper, visit, figures)
    return Response(content, media_type="application/pdf", headers=head)


def _paper(visit: ConsoleRequest, figures: Figures) -> bytes:
    known = records.titles(visit.serving)

    def naming(table: str, code: str) -> str:
        if table in ("rules", "shadow"):
            return f"{known[code].get(visit.language)}  {code}" if code in known else code
        book = {
            "actions": "action",
            "kinds": "kind",
            "failures": "kind",
            "stages": "stage",
            "languages": "language",
        }
        return words.name(book[table], code, visit.language) if table in book else code

    more = _sections(_reviewed(visit, figures), visit.language)
    zone = visit.clock.zone
    return pdf(outline(figures, visit.language, naming=naming, more=more, zone=zone))


async def _gathered(visit: ConsoleRequest) -> tuple[dict[str, str], Figures, dict[str, Any]]:
    terms = {n: v for n, v in search_terms.terms_of(visit.query).items() if n in PERIOD}
    since, until = search_terms.period({"days": "30"} | terms, visit.clock)
    settings = records.constraint_ids(visit.serving)

    def work(connection: Connection) -> tuple[Figures, dict[str, Any]]:
        figures = gather(connection, since, until, zone=visit.clock.zone)
        return figures, search_terms.chart_of(connection, figures, visit.language, visit.clock)

    figures, timeline = await visit.parts.audit.read(work)
    await visit.note("report", since=timestamp(since)[:10])
    return terms, _findings_only(figures, settings), timeline


def _findings_only(figures: Figures, settings: frozenset[str]) -> Figures:
    """Leaves out the rules of layer 2, which take part in nearly every call and find nothing."""
    rules = {r: n for r, n in figures.rules.items() if r not in settings}
    kinds = {k: n for k, n in figures.kinds.items() if not k.startswith("constraint.")}
    return replace(figures, rules=rules, kinds=kinds)


def _reviewed(visit: ConsoleRequest, figures: Figures) -> Reviewed:
    first, last = (timestamp(t)[:19] for t in (figures.since_us, figures.until_us - 1))
    labels = visit.parts.review_store.labels()
    mine = [x for x in labels if first <= x.at[:19] <= last]
    taken = within(visit.parts.review_store.complaints.all(), first, last)
    verdicts = Counter(settled(answers) or "disputed" for answers in questions(mine).values())
    outcomes = Counter(c.outcome or "open" for c in taken)
    claims = Counter(c.claim for c in taken)
    requests = len({x.request for x in mine})
    return Reviewed(
        requests, dict(verdicts), agreement(mine), dict(claims), dict(outcomes), median_days(taken)
    )


def _sections(reviewed: Reviewed, language: str) -> list[Section]:
    def named(title: tuple[str, str], book: str, counts: dict[str, int]) -> Section:
        shown = title[0] if language == "zh" else title[1]
        return counted(shown, counts, lambda code: words.name(book, code, language))

    facts = {
        ("复核的请求", "Requests reviewed"): f"{reviewed.judged}",
        ("两人都看过的判断", "Judged by two"): f"{reviewed.agreement.twice}",
        ("其中一致", "of these in agreement"): f"{reviewed.agreement.agreed}",
        ("投诉答复天数（中位）", "Days to answer a complaint (median)"): _or_dash(
            reviewed.median_days
        ),
    }
    short = 0 if language == "zh" else 1
    rows = tuple(Row(title[short], (value,), 0.0) for title, value in facts.items())
    return [
        Section("人工复核" if language == "zh" else "Human review", rows),
        named(("复核结论", "Review results"), "label", reviewed.verdicts),
        named(("投诉", "Complaints"), "claim", reviewed.complaints),
        named(("投诉处理", "Outcome of complaints"), "outcome", reviewed.outcomes),
    ]


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value}"


def _latency_chart(figures: Figures, name: str) -> dict[str, Any]:
    shown = list(figures.latency_ms.items())[-charts.MAX_BARS :]
    return charts.columns(
        [(day, p95, f"{day} · p50 {p50} · p95 {p95} ms") for day, (p50, p95) in shown], name
    )
