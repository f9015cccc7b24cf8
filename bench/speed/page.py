# ruff: noqa: E501
"""The recorded figures as a page in both languages, with plots.

    python -m bench.speed.page bench/results/speed-NAME.json

Writes the tables of bench/results/speed.md and its Chinese twin, and docs/img/speed-*.svg.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from bench.speed import plot
from bench.speed.run import OURS, RESULTS
from bench.speed.systems import ROOT

PAGES, IMAGES = RESULTS, ROOT / "docs" / "img"
Row = dict[str, Any]

WHOLE = ("cpu_ms", "rps", "p50_ms", "p99_ms", "rss_mb", "errors")
STREAM = ("cpu_us_event", "first_ms", "delay_p50_ms", "delay_p99_ms", "held_p50", "errors")
NAMES = {
    "en": {
        "system": "system", "cpu_ms": "CPU ms a request", "rps": "requests/s", "p50_ms": "p50 ms",
        "p99_ms": "p99 ms", "rss_mb": "memory MB", "errors": "errors",
        "cpu_us_event": "CPU µs an event", "first_ms": "first text ms",
        "delay_p50_ms": "delay p50 ms", "delay_p99_ms": "delay p99 ms", "held_p50": "held chars",
        "at_once": "at once", "ratio": "direct / requests/s",
    },
    "zh": {
        "system": "系统", "cpu_ms": "每请求 CPU 毫秒", "rps": "每秒请求", "p50_ms": "p50 毫秒",
        "p99_ms": "p99 毫秒", "rss_mb": "内存 MB", "errors": "错误",
        "cpu_us_event": "每事件 CPU 微秒", "first_ms": "首字毫秒", "delay_p50_ms": "延迟 p50 毫秒",
        "delay_p99_ms": "延迟 p99 毫秒", "held_p50": "暂留字符", "at_once": "并发",
        "ratio": "直连 / 每秒请求",
    },
}  # fmt: skip
INTRO = {
    "en": """# Speed

Measured by `scripts/bench` (see `bench/speed`): a mock model API, one load and every proxy in turn beside it; peers are
installed by `scripts/bench-peers`. Prompts are synthetic, in English and Chinese; `_pii` sets hold made-up personal data; no text comes
twice, so verdicts that Threegate keeps of texts it has seen (a conversation's history) save nothing here.

Machine: {processor}, {cores} cores shared by mock, load and proxy, Python {python}, {when}, load {load_at_end} at the end. {peers}. What else
runs makes every figure larger, for all systems alike: compare within a table. Classifiers are off where none is named.
CPU is that of the system's own processes, from `/proc`. Delay is from the model's write to the arrival of as many answer
characters, so text that is held counts. `held` is what had been sent and had not arrived, just before the next event.
""",
    "zh": """# 速度

由 `scripts/bench` 测得（见 `bench/speed`）：一个模拟模型接口、同一负载，各代理轮流运行；对照产品由 `scripts/bench-peers`
安装。提示词均为合成，中英文都有；`_pii` 组含虚构的个人信息。没有重复的文本，所以 Threegate 对见过的文本（对话历史）留存的结论在这里不起作用。

机器：{processor}，{cores} 核，由模拟接口、负载和代理共用，Python {python}，{when}，结束时负载
{load_at_end}。{peers}。其他程序会使所有系统的数字同样偏大：请在同一张表内比较。未注明时不开分类模型。CPU 是系统自身进程的用量，取自 `/proc`。延迟从模型写出算起，到同样
多的回答字符到达为止，所以被暂留的文字也计入。“暂留字符”是在下一个事件之前已发出而尚未到达的字符数。
""",
}
TITLES = {
    "plain": {"en": "Nothing is checked", "zh": "不检查"},
    "guarded": {"en": "Guarded, prompts with findings", "zh": "检查，提示词含命中"},
    "entities": {
        "en": "Guarded, the peers with Presidio and spaCy, one at a time",
        "zh": "检查，使用 Presidio 与 spaCy 的产品，逐个请求",
    },
    "concurrency": {"en": "One and 64 at once", "zh": "并发 1 与 64"},
    "long": {"en": "About 8,000 tokens, one at a time", "zh": "约 8000 词元，逐个请求"},
    "stream": {"en": "Streams, an event every 10 ms", "zh": "流式，每 10 毫秒一个事件"},
    "stream-entities": {
        "en": "Streams of the peers with Presidio and spaCy",
        "zh": "使用 Presidio 与 spaCy 的产品，流式",
    },
    "streams-256": {
        "en": "256 streams, an event every 40 ms",
        "zh": "256 路流，每 40 毫秒一个事件",
    },
    "models": {"en": "With classifiers", "zh": "含分类模型"},
    "stream-models": {"en": "Streams with classifiers", "zh": "含分类模型的流式回答"},
}
HEADLINE = {
    "en": """## Guarded, beside the others unguarded

CPU of one call of a medium prompt, 16 at once: Threegate with its patterns on input and output, masks restored, the audit on disk
(`_pii` prompts), and the others with nothing checked. `times` is their cost over that of Threegate guarded.
""",
    "zh": """## 检查中的 Threegate 与不检查的其他产品

中等长度提示词、并发 16 时每次调用的 CPU：Threegate 输入输出模式全开、还原遮盖、审计落盘（`_pii` 提示词），其他产品什么都不检查。“倍数”是它们的开销与检查中的 Threegate 之比。
""",
}
TIMES = {"en": "times", "zh": "倍数"}
BY_HAND = {"en": "## Fact check", "zh": "## 事实核查"}
"""The heading from which a page is written by hand and stays."""


def page(report: Row, language: str, before: str) -> str:
    """The tables in place of those of the page `before`."""
    machine = report["machine"]
    peers = ", ".join(f"{name} {version}" for name, version in sorted(machine["peers"].items()))
    out = [
        INTRO[language].format(**machine | {"peers": peers}),
        *headline(report["rows"], language),
    ]
    for scenario, title in TITLES.items():
        rows = [r for r in report["rows"] if r["scenario"] == scenario]
        sets = dict.fromkeys((r["prompts"], r["at_once"]) for r in rows)
        if rows:
            out.append(f"## {title[language]}\n")
        for prompts, at_once in sets:
            here = [r for r in rows if (r["prompts"], r["at_once"]) == (prompts, at_once)]
            names = NAMES[language]
            out.append(f"`{prompts}`, {names['at_once']}: {at_once}\n\n{table(here, names)}\n")
    return "\n".join([*out, before[before.index(BY_HAND[language]) :]])


def headline(rows: list[Row], language: str) -> list[str]:
    """Threegate guarded and everyone unguarded, English and Chinese prompts side by side."""
    cost = {
        (r["system"], r["prompts"]): r["cpu_ms"]
        for r in rows
        if r["scenario"] in ("plain", "guarded")
    }
    ours = [cost.get(("threegate-patterns", f"medium_{tongue}_pii")) for tongue in ("en", "zh")]
    if None in ours:
        return []
    names, times = NAMES[language], TIMES[language]
    heads = (
        names["system"],
        *(f"{x}, {t}" for t in ("en", "zh") for x in (names["cpu_ms"], times)),
    )
    lines = [_line(heads), _line("---" for _ in heads)]
    lines += [_line(("threegate-patterns", *(_figure(x) for c in ours for x in (c, 1))))]
    for name in dict.fromkeys(
        s for s, p in cost if p == "medium_en" and s != "direct" and s not in OURS
    ):
        theirs = [cost[name, f"medium_{tongue}"] for tongue in ("en", "zh")]
        pairs = zip(theirs, ours, strict=True)
        lines.append(_line((name, *(_figure(x) for c, o in pairs for x in (c, c / o)))))
    return [HEADLINE[language], "\n".join(lines) + "\n"]


def table(rows: list[Row], names: dict[str, str]) -> str:
    columns = STREAM if "first_ms" in rows[0] else WHOLE
    direct = next((r["rps"] for r in rows if r["system"] == "direct" and "rps" in r), None)
    shown = ["system", *columns, *(["ratio"] if direct else [])]
    lines = [_line(names[c] for c in shown), _line("---" for _ in shown)]
    for row in sorted(rows, key=_cost):
        ratio = {"ratio": direct / row["rps"]} if direct and row["rps"] else {}
        lines.append(_line(_figure((row | ratio).get(c, "")) for c in shown))
    return "\n".join(lines)


def _cost(row: Row) -> float:
    cost: float = row["cpu_us_event"] if "cpu_us_event" in row else row["cpu_ms"]
    return cost


def _line(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


def _figure(value: object) -> str:
    if not isinstance(value, int | float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def plots(growth: dict[str, list[tuple[float, float]]]) -> dict[str, str]:
    sizes = {"English": growth["characters"], "Chinese": growth["characters_zh"]}
    policy = {"rules": growth["rules"], "words of a list": growth["words"]}
    return {
        "characters": plot.svg("Prompt length", "characters", "ms", sizes),
        "policy": plot.svg("Policy size", "rules, words", "ms", policy),
        "turns": plot.svg("Conversation, texts seen before", "messages", "ms", {
            "messages": growth["turns"],
        }),
    }  # fmt: skip


def main() -> None:
    report = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    for language, name in (("en", "speed.md"), ("zh", "speed.zh-CN.md")):
        before = (PAGES / name).read_text("utf-8")
        (PAGES / name).write_text(page(report, language, before), encoding="utf-8")
    IMAGES.mkdir(exist_ok=True)
    growth = json.loads((RESULTS / "growth.json").read_text("utf-8"))
    for name, text in plots(growth).items():
        (IMAGES / f"speed-{name}.svg").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
