"""One answer for a reader: the text with what was found marked, then a table."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from threegate.policy.language.vocabulary import LEVEL, kind_title
from threegate.scan.item import ScanItem
from threegate.scan.scanner import ScanResult, Stance
from threegate.terminal_console import terminal_console
from threegate.types import Bilingual, Finding, Level, Span

STYLES = {
    "pii": "bold yellow",
    "secret": "bold red",
    "injection": "bold magenta",
    "hazard": "red",
    "offensive": "red",
    "compliance": "red",
}
STANCES = {
    Stance.SUPPORTED: (Bilingual("有依据", "supported"), "green"),
    Stance.CONTRADICTED: (Bilingual("与来源矛盾", "contradicted"), "bold red"),
    Stance.NEI: (Bilingual("来源没有", "not in the sources"), "yellow"),
}
COLUMNS = Bilingual("类别|内容|位置|分数|级别|检测器", "kind|what|where|score|level|detector")
NOTHING = Bilingual("没有发现。", "Nothing found.")
SHOWN = 40


def show(
    item: ScanItem, answer: ScanResult, level: Level, language: str, console: Console | None = None
) -> None:
    """Prints to standard output. Parts of the text are shown, because the reader provided it."""
    console = console or terminal_console()
    findings = answer.at(level)
    console.print(_marked(item.text, findings))
    if findings:
        console.print(_table(item.text, findings, language))
    for claim in answer.claims:
        title, style = STANCES[claim.at(level)]
        console.print(Text(f"{title.get(language)} {claim.score:.2f}  ", style), end="")
        console.print(Text(_part(item.claim or _cut(item.text, claim.span))))
        if claim.evidence is not None:
            source, span = claim.evidence
            shown = _part(_cut(item.passage.sources[source].text, span))
            console.print(Text(f"    [{source}:{span.start}-{span.end}] {shown}", "dim"))
    if not findings and not answer.claims:
        console.print(NOTHING.get(language))
    console.print(Text(f"{answer.ms:.1f} ms", "dim"))


def _marked(text: str, findings: tuple[Finding, ...]) -> Text:
    marked = Text(text)
    for f in findings:
        marked.stylize(STYLES.get(f.kind.split(".")[0], "bold"), f.span.start, f.span.end)
    return marked


def _table(text: str, findings: tuple[Finding, ...], language: str) -> Table:
    table = Table()
    for head in COLUMNS.get(language).split("|"):
        table.add_column(head, overflow="fold")
    for f in findings:
        table.add_row(
            Text(f"{f.kind}\n{kind_title(f.kind).get(language)}"),
            Text(_part(_cut(text, f.span))),
            f"{f.span.start}-{f.span.end}",
            f"{f.score:.2f}",
            LEVEL[f.level].get(language),
            f.detector,
        )
    return table


def _cut(text: str, span: Span) -> str:
    return text[span.start : span.end]


def _part(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
