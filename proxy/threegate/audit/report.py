"""The periodic report: what was asked, what the guard did, by category and rule. Counts only, no
text.

`gather` counts, `html` prints; the page needs no network and prints to PDF from any browser.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, select

from threegate.audit.record import Stage, timestamp
from threegate.audit.schema import HIT, RECORD
from threegate.types import Action

FINAL = (Stage.COMPLETED, Stage.BLOCKED, Stage.ABORTED)
DAY_US = 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class Figures:
    """Of [since, until). `requests` counts each once: what the input layer blocked has
    no `received` record. The other counts are by name, most first."""

    since_us: int
    until_us: int
    requests: int = 0
    unanswered: int = 0
    stages: Mapping[str, int] = field(default_factory=dict)
    actions: Mapping[str, int] = field(default_factory=dict)
    kinds: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[str, int] = field(default_factory=dict)
    shadow: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)
    days: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # day → (requests, blocked)


def gather(connection: Connection, since_us: int, until_us: int, tenant: str = "") -> Figures:
    within = [RECORD.c.ts >= since_us, RECORD.c.ts < until_us]
    within += [RECORD.c.tenant == tenant] if tenant else []
    final = [*within, RECORD.c.stage.in_([s.value for s in FINAL])]
    by_stage = select(RECORD.c.stage, func.count()).where(*within)
    stages = _counts(connection.execute(by_stage.group_by(RECORD.c.stage)))
    by_action = select(RECORD.c.action, func.count()).where(*final).group_by(RECORD.c.action)
    actions = {Action(int(a)).name.lower(): n for a, n in connection.execute(by_action)}
    by_language = select(RECORD.c.language, func.count()).where(*final)
    answered = sum(stages.get(s.value, 0) for s in FINAL)
    calls = select(func.count(RECORD.c.request_id.distinct())).where(*within, _of_requests())
    requests = int(connection.execute(calls).scalar() or 0)
    return Figures(
        since_us,
        until_us,
        requests,
        max(0, requests - answered),
        stages,
        _sorted(actions),
        languages=_counts(connection.execute(by_language.group_by(RECORD.c.language))),
        days=_days(connection, within),
        **_hits(connection, final),
    )


def _hits(
    connection: Connection, within: Sequence[ColumnElement[bool]]
) -> dict[str, dict[str, int]]:
    """Of final records, which repeat what was decided at `received`: each request counts once."""
    of_record = (HIT.c.writer == RECORD.c.writer) & (HIT.c.seq == RECORD.c.seq)
    number = func.count(RECORD.c.request_id.distinct())
    rows = connection.execute(
        select(HIT.c.rule, HIT.c.kind, HIT.c.shadow, number)
        .select_from(HIT.join(RECORD, of_record))
        .where(*within)
        .group_by(HIT.c.rule, HIT.c.kind, HIT.c.shadow)
    )
    out: dict[str, dict[str, int]] = {"kinds": {}, "rules": {}, "shadow": {}, "failures": {}}
    for rule, kind, shadow, n in rows:
        failed = kind.startswith("failed.")
        _add(out["failures" if failed else "kinds"], kind, n)
        _add(out["shadow" if shadow else "rules"], rule, n)
    return {name: _sorted(counts) for name, counts in out.items()}


def _days(
    connection: Connection, within: Sequence[ColumnElement[bool]]
) -> dict[str, tuple[int, int]]:
    day = (RECORD.c.ts - RECORD.c.ts % DAY_US).label("day")
    blocked = func.sum(case((RECORD.c.stage == Stage.BLOCKED.value, 1), else_=0))
    rows = connection.execute(
        select(day, func.count(RECORD.c.request_id.distinct()), blocked)
        .where(*within, _of_requests())
        .group_by(day)
        .order_by(day)
    )
    return {timestamp(int(start))[:10]: (int(n), int(stopped)) for start, n, stopped in rows}


def _of_requests() -> ColumnElement[bool]:
    return RECORD.c.stage.in_([s.value for s in (Stage.RECEIVED, *FINAL)])


def _add(counts: dict[str, int], name: str, number: int) -> None:
    counts[name] = counts.get(name, 0) + int(number)


def _counts(rows: Iterable[Sequence[Any]]) -> dict[str, int]:
    return _sorted({str(name) or "-": int(n) for name, n in rows})


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


TITLES = {
    "zh": {
        "title": "审计报告", "period": "统计区间（UTC）", "requests": "请求数",
        "unanswered": "无结束记录的请求", "stages": "记录阶段",
        "actions": "处置结果", "kinds": "发现类别", "rules": "命中规则",
        "shadow": "影子规则（仅记录）", "failures": "检测失败", "languages": "语言", "days": "每日",
        "blocked": "已拦截", "name": "名称", "count": "数量", "none": "无",
    },
    "en": {
        "title": "Audit report", "period": "Period (UTC)", "requests": "Requests",
        "unanswered": "Requests without a recorded end", "stages": "Records by stage",
        "actions": "Outcome", "kinds": "Findings by category", "rules": "Rules that acted",
        "shadow": "Shadow rules (recorded only)", "failures": "Detector failures",
        "languages": "Languages", "days": "By day", "blocked": "Blocked", "name": "Name",
        "count": "Count", "none": "none",
    },
}  # fmt: skip
TABLES = ("actions", "kinds", "rules", "shadow", "failures", "languages", "stages")
STYLE = (
    "body{font:15px/1.5 system-ui,'Noto Sans CJK SC',sans-serif;max-width:60rem;margin:2rem auto;"
    "padding:0 1rem;color:#1b1f24}table{border-collapse:collapse;margin:.5rem 0 1.5rem;width:100%}"
    "td,th{border-bottom:1px solid #d8dee4;padding:.3rem .6rem;text-align:left}"
    "td:last-child,th:last-child{text-align:right}"
    "h2{margin:1.5rem 0 0;font-size:1.1rem}"
    ".bar{background:#3b6fd6;height:.6rem;display:inline-block}"
    "dl{display:grid;grid-template-columns:max-content auto;gap:.2rem 1rem}dd{margin:0}"
)


def html(figures: Figures, language: str = "zh") -> str:
    """One self-contained page; every value is escaped."""
    words = TITLES["zh" if language.startswith("zh") else "en"]
    period = f"{timestamp(figures.since_us)[:10]} – {timestamp(figures.until_us)[:10]}"
    facts = {
        "period": period,
        "requests": f"{figures.requests:,}",
        "unanswered": f"{figures.unanswered:,}",
    }
    listed = "".join(f"<dt>{words[k]}</dt><dd>{escape(v)}</dd>" for k, v in facts.items())
    tables = "".join(_table(words, name, getattr(figures, name)) for name in TABLES)
    tag = "zh" if words is TITLES["zh"] else "en"
    return (
        f'<!doctype html><html lang="{tag}"><meta charset="utf-8">'
        f"<title>{words['title']} {period}</title><style>{STYLE}</style><h1>{words['title']}</h1>"
        f"<dl>{listed}</dl>{_day_table(words, figures.days)}{tables}</html>\n"
    )


def _table(words: Mapping[str, str], name: str, counts: Mapping[str, int]) -> str:
    rows = "".join(f"<tr><td>{escape(k)}</td><td>{n:,}</td></tr>" for k, n in counts.items())
    empty = f'<tr><td colspan="2">{words["none"]}</td></tr>'
    head = f"<tr><th>{words['name']}</th><th>{words['count']}</th></tr>"
    return f"<h2>{words[name]}</h2><table>{head}{rows or empty}</table>"


def _day_table(words: Mapping[str, str], days: Mapping[str, tuple[int, int]]) -> str:
    most = max((requests for requests, _ in days.values()), default=1) or 1
    rows = "".join(
        f"<tr><td>{day}</td><td>{_bar(20 * requests / most)}</td>"
        f"<td>{requests:,}</td><td>{blocked:,}</td></tr>"
        for day, (requests, blocked) in days.items()
    )
    head = f"<tr><th></th><th></th><th>{words['requests']}</th><th>{words['blocked']}</th></tr>"
    return f"<h2>{words['days']}</h2><table>{head}{rows}</table>"


def _bar(width_rem: float) -> str:
    return f'<span class="bar" style="width:{width_rem:.1f}rem"></span>'
