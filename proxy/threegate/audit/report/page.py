"""The report as one self-contained page or as a PDF. Both print the same outline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from threegate.audit.report.pdf import FAINT, PdfPages
from threegate.audit.report.report import Figures, Outcome
from threegate.data_files import template
from threegate.i18n.catalog import texts

TABLES = texts("report", "tables")
WORDS = texts("report", "words")
Naming = Callable[[str, str], str]  # (table, code) → name for readers


@dataclass(frozen=True, slots=True)
class Row:
    """`share` (0 to 1) is drawn as a bar."""

    name: str
    values: tuple[str, ...]
    share: float


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    rows: tuple[Row, ...]
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    title: str
    facts: Mapping[str, str]
    sections: tuple[Section, ...]
    note: str
    language: str = field(default="zh-CN")


def outline(
    figures: Figures,
    language: str,
    *,
    naming: Naming = lambda table, code: code,
    more: Sequence[Section] = (),
    zone: tzinfo = UTC,
) -> Outline:
    """`more` follows the first table: what other parts know of the period. Days are those of
    `zone`."""
    short = "zh" if language.startswith("zh") else "en"
    words = {name: word.get(short) for name, word in WORDS.items()}
    first, last = (
        datetime.fromtimestamp(t // 1_000_000, zone).isoformat(" ", "minutes")[:16]
        for t in (figures.since_us, figures.until_us)
    )
    facts = {
        words["period"]: f"{first} - {last}",
        words["zone"]: str(zone),
        words["requests"]: f"{figures.requests:,}",
        words["unanswered"]: f"{figures.unanswered:,}",
    }
    tables = [
        counted(title.get(short), getattr(figures, name), lambda code, n=name: naming(n, code))  # type: ignore[misc]
        for name, title in TABLES.items()
    ]
    days = Section(words["days"], _days(figures, zone), (words["requests"], words["stopped"]))
    slow = Section(words["latency"], _latencies(figures), ("p50", "p95"))
    sections = (tables[0], *more, days, slow, *tables[1:])
    tag = "zh-CN" if short == "zh" else "en"
    return Outline(words["title"], facts, sections, words["note"], tag)


def counted(title: str, counts: Mapping[str, int], name: Callable[[str], str]) -> Section:
    most = max(counts.values(), default=1) or 1
    return Section(title, tuple(Row(name(k), (f"{n:,}",), n / most) for k, n in counts.items()))


def _days(figures: Figures, zone: tzinfo) -> tuple[Row, ...]:
    days = {day: (sum(c.values()), c[Outcome.STOPPED]) for day, c in figures.days(zone).items()}
    most = max((requests for requests, _ in days.values()), default=1) or 1
    return tuple(
        Row(day, (f"{requests:,}", f"{stopped:,}"), requests / most)
        for day, (requests, stopped) in days.items()
    )


def _latencies(figures: Figures) -> tuple[Row, ...]:
    most = max((p95 for _, p95 in figures.latency_ms.values()), default=1.0) or 1.0
    return tuple(
        Row(at[:10], (f"{p50:,.1f}", f"{p95:,.1f}"), p95 / most)
        for at, (p50, p95) in figures.latency_ms.items()
    )


def html(made: Outline) -> str:
    """Needs no network; every value is escaped."""
    nothing = WORDS["none"].get(made.language[:2])
    return template(__package__, "page").render(made=made, nothing=nothing)


def pdf(made: Outline) -> bytes:
    paper = PdfPages(made.title, made.language)
    paper.line(made.title, 18, after=10)
    for name, value in made.facts.items():
        paper.line(f"{name}: {value}", 10)
    for section in made.sections:
        paper.heading(section.title)
        if not section.rows:
            paper.line(WORDS["none"].get(made.language[:2]), 9.5, ink=FAINT)
        number = max((len(section.columns), *(len(r.values) for r in section.rows))) or 1
        widths = (300.0 - 60 * (number - 1), *[60.0] * number)
        if section.columns:
            paper.row(("", *section.columns), widths)
        for row in section.rows:
            paper.row((row.name, *row.values), widths, row.share)
    paper.y -= 12
    paper.line(made.note, 9, ink=FAINT)
    return paper.pdf()
