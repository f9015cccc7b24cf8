# ruff: noqa: E501
"""The tables of `bench.speed.rules`, printed and put into their section of bench/results/speed.md."""

from __future__ import annotations

import math
import re
from typing import Any

from bench.speed.rule_sets import RULE_SETS
from bench.speed.systems import ROOT

FOLDER = ROOT / "bench" / "results"
PAGES = {"en": "speed.md", "zh": "speed.zh-CN.md"}
TITLE = {"en": "## What each rule set adds to a stream", "zh": "## 每组规则给流增加多少"}
BEFORE = {"en": "## Growth", "zh": "## 增长"}
HEAD = {
    "en": (
        "rule set", "first text ms", "+", "first answer ms", "+", "a piece p50 ms", "+", "p99 ms", "+",
        "CPU µs an event", "held p50", "held p95", "cut short",
    ),
    "zh": (
        "规则", "首字毫秒", "+", "回答首字毫秒", "+", "每块 p50 毫秒", "+", "p99 毫秒", "+",
        "每事件 CPU 微秒", "暂留 p50", "暂留 p95", "中断",
    ),
}  # fmt: skip
ADDED = ("first_ms", "answer_ms", "delay_p50_ms", "delay_p99_ms")
PLAIN = ("cpu_us_event", "held_p50", "held_p95", "errors")
INTRO = {
    "en": """`python -m bench.speed.rules`: {at_once} at once, an event every 20 ms: 50 of reasoning, 200 of an answer that no stream before
had, 4.4 characters each (Chinese: 1.5), as tokens have; medians of {rounds} rounds. `+` is what is added to the proxy that checks
nothing, `first answer` the first text after the reasoning, `cut short` streams that a late verdict ended.
{processor}, {cores} cores, {when}, load {low} to {high} meanwhile: differences of a few milliseconds, below nought too, are the machine's.
""",
    "zh": """`python -m bench.speed.rules`：并发 {at_once}，每 20 毫秒一个事件：推理 50 个、回答 200 个，回答每次不同，每个事件 1.5 个字（英文 4.4
个字符），与 token 相当；{rounds} 轮的中位数。“+”是比不检查的代理多出的部分，“回答首字”是推理之后的第一段文字，“中断”是因判定迟到而结束的流。
{processor}，{cores} 核，{when}，其间负载 {low} 至 {high}：几毫秒之差（包括负数）来自机器本身。
""",
}
LANGUAGES = {"en": {"en": "English", "zh": "Chinese"}, "zh": {"en": "英文", "zh": "中文"}}
DIRECT = {"en": "no proxy", "zh": "不经代理"}
Row = dict[str, Any]


def written(report: Row, *, save: bool) -> None:
    for page, name in PAGES.items():
        made = section(report, page)
        print(made)
        if save:
            path = FOLDER / name
            path.write_text(placed(path.read_text("utf-8"), made, page), encoding="utf-8")


def placed(text: str, made: str, page: str) -> str:
    """In place of the section of that title, or in front of the one that follows it."""
    old = re.compile(rf"^{re.escape(TITLE[page])}\n.*?(?=^## )", re.DOTALL | re.MULTILINE)
    return old.sub("", text).replace(f"\n{BEFORE[page]}\n", f"\n{made}\n{BEFORE[page]}\n")


def section(report: Row, page: str) -> str:
    rows, loads = report["rows"], [row["load"] for row in report["rows"]]
    facts = {**report["machine"], "low": f"{min(loads):.0f}", "high": f"{max(loads):.0f}"}
    facts |= {"at_once": rows[0]["at_once"], "rounds": rows[0]["rounds"]}
    out = [f"{TITLE[page]}\n", INTRO[page].format(**facts)]
    for language, label in LANGUAGES[page].items():
        here = {row["system"]: row for row in rows if row["prompts"] == language}
        out.append(f"{label}\n\n{table(here, page)}\n")
    return "\n".join(out)


def table(rows: dict[str, Row], page: str) -> str:
    titles = {"direct": DIRECT[page]}
    titles |= {s.name: s.title[0 if page == "zh" else 1] for s in RULE_SETS}
    bare = rows.get(RULE_SETS[0].name)
    lines = [_line(HEAD[page]), _line("---" for _ in HEAD[page])]
    return "\n".join([*lines, *(_line(cells(titles[n], r, bare)) for n, r in rows.items())])


def cells(title: str, row: Row, bare: Row | None) -> list[str]:
    out = [title]
    for name in ADDED:
        guarded = bare is not None and row is not bare and row["system"] != "direct"
        out += [_figure(row[name]), _figure(row[name] - bare[name]) if guarded and bare else ""]
    return out + [_figure(row[name]) for name in PLAIN]


def _line(row: Any) -> str:
    return f"| {' | '.join(row)} |"


def _figure(value: float) -> str:
    if math.isnan(value):  # no stream came to its end
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
