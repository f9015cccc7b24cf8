# ruff: noqa: E501
"""The recorded figures as a page in both languages, with plots.

    python -m bench.speed.page bench/results/speed-NAME.json

Writes docs/speed.md, docs/speed.zh-CN.md and docs/images/speed-*.svg.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from bench.speed import plot
from bench.speed.run import RESULTS
from bench.speed.systems import ROOT

DOCS, IMAGES = ROOT / "docs", ROOT / "docs" / "images"
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
installed by `scripts/bench-peers`. Prompts are synthetic, in English and Chinese; `_pii` sets hold made-up personal data.

Machine: {processor}, {cores} cores shared by mock, load and proxy, Python {python}, {when}. **The machine was busy with other
work (load {load_at_end} at the end), which makes every figure larger, for all systems alike: compare within a table.**
CPU is that of the system's own processes, from `/proc`. Delay is from the model's write to the arrival of as many answer
characters, so text that is held counts. `held` is what had been sent and had not arrived, just before the next event.
""",
    "zh": """# 速度

由 `scripts/bench` 测得（见 `bench/speed`）：一个模拟模型接口、同一负载，各代理轮流运行；对照产品由 `scripts/bench-peers`
安装。提示词均为合成，中英文都有；`_pii` 组含虚构的个人信息。

机器：{processor}，{cores} 核，由模拟接口、负载和代理共用，Python {python}，{when}。**机器当时还在忙别的工作（结束时负载
{load_at_end}），所有系统的数字都因此偏大：请在同一张表内比较。** CPU 是系统自身进程的用量，取自 `/proc`。延迟从模型写出算起，到同样
多的回答字符到达为止，所以被暂留的文字也计入。“暂留字符”是在下一个事件之前已发出而尚未到达的字符数。
""",
}
TITLES = {
    "plain": {"en": "Nothing is checked", "zh": "不检查"},
    "guarded": {"en": "Guarded, prompts with findings", "zh": "检查，提示词含命中"},
    "concurrency": {"en": "One and 64 at once", "zh": "并发 1 与 64"},
    "long": {"en": "About 8,000 tokens, one at a time", "zh": "约 8000 词元，逐个请求"},
    "stream": {"en": "Streams, an event every 10 ms", "zh": "流式，每 10 毫秒一个事件"},
    "streams-256": {
        "en": "256 streams, an event every 40 ms",
        "zh": "256 路流，每 40 毫秒一个事件",
    },
    "models": {"en": "With classifiers", "zh": "含分类模型"},
}
GROWTH = {
    "en": """## Growth

Input layer alone, in process (`python -m bench.speed.growth`), milliseconds, both axes logarithmic.

![prompt](images/speed-characters.svg) ![policy](images/speed-policy.svg) ![conversation](images/speed-turns.svg)
""",
    "zh": """## 增长

只含输入层，进程内测量（`python -m bench.speed.growth`），毫秒，两轴均为对数。

![提示词](images/speed-characters.svg) ![策略](images/speed-policy.svg) ![对话](images/speed-turns.svg)
""",
}

LIMITS = {
    "en": """## What limits it

- A request: two audit records that are on disk before the model is asked and before the last byte leaves. Making the canonical
  entry is the largest single part of the loop thread, the commit that of the writer thread.
- A streamed event under patterns: the scan of the line so far, of which the search for unfinished matches (`tails`) is the larger
  half, then the machine, JSON and one write. English text is held to the end of the word, so its delay is at least one event
  where an event ends inside a word.
- Start and memory: `presidio_analyzer` imports spaCy, which no rule uses; that is most of the start and about a quarter of the
  memory without models.
""",
    "zh": """## 受什么限制

- 一个请求：两条审计记录，一条在询问模型之前落盘，一条在最后一个字节离开之前落盘。生成规范化条目是事件循环线程中最大的一项，
  提交是写线程中最大的一项。
- 有模式规则的流式事件：扫描当前这一行，其中寻找未完成匹配（`tails`）占大半，其次是状态机、JSON 和一次写出。英文会暂留到单词结束，
  因此事件在词中结束时，延迟至少为一个事件。
- 启动与内存：`presidio_analyzer` 会导入没有规则用到的 spaCy，占启动时间的大部分和（不含模型）内存的约四分之一。
""",
}


def page(report: Row, language: str) -> str:
    out = [INTRO[language].format(**report["machine"])]
    for scenario, title in TITLES.items():
        rows = [r for r in report["rows"] if r["scenario"] == scenario]
        sets = dict.fromkeys((r["prompts"], r["at_once"]) for r in rows)
        if rows:
            out.append(f"## {title[language]}\n")
        for prompts, at_once in sets:
            here = [r for r in rows if (r["prompts"], r["at_once"]) == (prompts, at_once)]
            names = NAMES[language]
            out.append(f"`{prompts}`, {names['at_once']}: {at_once}\n\n{table(here, names)}\n")
    return "\n".join([*out, GROWTH[language], LIMITS[language]])


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
    (DOCS / "speed.md").write_text(page(report, "en"), encoding="utf-8")
    (DOCS / "speed.zh-CN.md").write_text(page(report, "zh"), encoding="utf-8")
    IMAGES.mkdir(exist_ok=True)
    growth = json.loads((RESULTS / "growth.json").read_text("utf-8"))
    for name, text in plots(growth).items():
        (IMAGES / f"speed-{name}.svg").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
