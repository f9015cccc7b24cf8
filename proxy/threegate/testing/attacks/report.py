"""A report of the attack suites that a security team can file: JSON, or one page of HTML."""

from __future__ import annotations

import json
from dataclasses import asdict
from html import escape
from typing import Final

from threegate.testing.attacks.exercise import Kind, Report
from threegate.types import Bilingual

PROMISED: Final = Bilingual(
    "脱敏值不会进入模型所选的地址；无害的回答照常还原。",
    "A masked value goes into no address that the model chose; harmless answers get it back.",
)
_TITLE: Final = Bilingual("攻击测试报告", "Report of the attack suites")
_KINDS: Final = {
    Kind.ATTACK: Bilingual("攻击", "attack"),
    Kind.TWIN: Bilingual("无害对照", "harmless twin"),
}
_HELD: Final = {True: Bilingual("守住", "held"), False: Bilingual("失守", "failed")}
_HEAD: Final = Bilingual(
    "<th>套件</th><th>名称</th><th>类型</th><th>结果</th><th>审计记录</th>",
    "<th>suite</th><th>name</th><th>kind</th><th>result</th><th>audit record</th>",
)


def as_json(report: Report) -> str:
    made = {"passed": report.passed, "promised": PROMISED.en, **asdict(report)}
    return json.dumps(made, ensure_ascii=False, indent=2) + "\n"


def summary(report: Report, language: str) -> str:
    """One line a kind, and one for each trial that failed."""
    lines = [f"{report.url} · {report.policy} · {report.started}"]
    for kind, title in _KINDS.items():
        held, count = report.held(kind)
        lines.append(f"{title.get(language)}: {held}/{count} {_HELD[True].get(language)}")
    failed = (t for t in report.trials if not t.held)
    lines += [f"  {_HELD[False].get(language)}: {t.suite} · {t.name} · {t.record}" for t in failed]
    return "\n".join(lines)


def as_html(report: Report, language: str) -> str:
    rows = "".join(
        f"<tr class={'ok' if t.held else 'bad'}><td>{escape(t.suite)}<td>{escape(t.name)}"
        f"<td>{_KINDS[t.kind].get(language)}<td>{_HELD[t.held].get(language)}"
        f"<td><code>{escape(t.record)}</code>"
        for t in report.trials
    )
    title = _TITLE.get(language)
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{title}</title>'
        "<style>body{font:15px sans-serif;margin:2em}td,th{padding:.2em 1em;text-align:left}"
        ".bad{background:#fdd}</style>"
        f"<h1>{title}</h1><p>{PROMISED.get(language)}</p>"
        f"<pre>{escape(summary(report, language))}</pre>"
        f"<table><tr>{_HEAD.get(language)}</tr>{rows}</table></html>\n"
    )
