# ruff: noqa: E501
"""The figures of `bench.speed.overload` as the section on overload of the sizing page, in both languages.

python -m bench.speed.overload_page bench/results/overload-NAME.json
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from bench.speed.systems import ROOT

DOCS = {"en": ROOT / "docs" / "scale.md", "zh": ROOT / "docs" / "scale.zh-CN.md"}
HEADS = {"en": "## Overload\n", "zh": "## 过载\n"}
COLUMNS = {
    "en": ("calls", "a second", "answered a second", "refused (503)", "of these with `retry-after`", "p50 ms", "p99 ms", "refused after, ms", "no answer"),
    "zh": ("请求", "每秒请求", "每秒回答", "拒绝（503）", "其中带 `retry-after`", "p50 毫秒", "p99 毫秒", "拒绝前等待，毫秒", "没有回答"),
}  # fmt: skip
INTRO = {
    "en": """
`python -m bench.speed.overload`: one worker, base pack, patterns alone, {cores} cores shared by proxy, model and load, load {load_at_end} at
the end, {when}. Calls come at a fixed rate whether or not earlier ones are answered; times are those of answered calls.
""",
    "zh": """
`python -m bench.speed.overload`：一个工作进程，基础策略包，只用模式规则，{cores} 个核由代理、模型和压测程序共用，结束时负载 {load_at_end}，{when}。
请求按固定速率到达，不管之前的请求是否已经回答；表中的时间只统计已回答的请求。
""",
}
STREAMS = {
    "en": """
{what}: {silent_ended} of the silent ended, {bad} of the active had errors; memory {before:.0f} MiB before, {silent:.0f} with the silent
({kib:.0f} KiB each), {active:.0f} with all; all silent ones together take {share:.1%} of a core, the active ones {event:.0f} µs an event, delay
p50 {p50:.3g} and p99 {p99:.3g} ms. Of {asked:,} requests that reached the model, {unguarded} held an unmasked address.
""",
    "zh": """
1,000 个静默的流和 256 个活动的流：静默的流中断 {silent_ended} 个，活动的流出错 {bad} 个；内存原为 {before:.0f} MiB，打开静默的流后 {silent:.0f} MiB（每个
{kib:.0f} KiB），全部打开后 {active:.0f} MiB；静默的流合计占一个核的 {share:.1%}，活动的流每个事件 {event:.0f} 微秒，延迟 p50 {p50:.3g} 毫秒、p99 {p99:.3g} 毫秒。
发给模型的 {asked:,} 个请求中，含未脱敏地址的有 {unguarded} 个。
""",
}
NAMES = {
    "one at a time": "逐个",
    "16 at once: capacity": "并发 16：容量",
    "one at a time, after": "逐个，之后",
}
Row = dict[str, Any]


def section(report: Row, language: str) -> str:
    *calls, counted, streams = report["rows"]
    lines = [HEADS[language], INTRO[language].format(**report["machine"])]
    lines += ["\n|" + "|".join(f" {c} " for c in COLUMNS[language]) + "|\n"]
    lines += ["|" + "---|" * len(COLUMNS[language]) + "\n"]
    lines += [_line(row, language) for row in calls]
    return "".join([*lines, STREAMS[language].format(**_streams(streams), **counted), "\n"])


def _line(row: Row, language: str) -> str:
    name = row["what"] if language == "en" else _chinese(row["what"])
    told = f"{row['come_again_share']:.0%}" if row["refused_share"] else "–"
    waited = _ms(row["refused_p50_ms"]) if row["refused_share"] else "–"
    cells = [name, f"{row['per_second']:,.0f}", f"{row['answered']:,.0f}"]
    cells += [f"{row['refused_share']:.0%}", told, _ms(row["p50_ms"]), _ms(row["p99_ms"])]
    return "|" + "|".join(f" {c} " for c in (*cells, waited, sum(row["others"].values()))) + "|\n"


def _ms(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _chinese(name: str) -> str:
    return NAMES.get(
        name,
        name.replace("× capacity", "× 容量")
        .replace(", the model alone", "，只有模型")
        .replace(", a model of ", "，模型用时 "),
    )


def _streams(row: Row) -> Row:
    active, memory = row["active"], row["memory_mb"]
    figures = {"event": active["cpu_us_event"], "bad": active["errors"]}
    figures |= {"p50": active["delay_p50_ms"], "p99": active["delay_p99_ms"]}
    known = {"what": row["what"], "silent_ended": row["silent_ended"]}
    return (
        known
        | memory
        | figures
        | {
            "kib": row["kib_a_silent_stream"],
            "share": row["cpu_share_silent"],
        }
    )


def put(page: str, made: str, language: str) -> str:
    """In place of the section as it was; before the first other section where there is none."""
    head = HEADS[language]
    if head in page:
        return re.sub(rf"{head}.*?(?=^## )", lambda _: made, page, count=1, flags=re.S | re.M)
    at = page.index("\n## ") + 1
    return page[:at] + made + page[at:]


def main() -> None:
    report = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    for language, path in DOCS.items():
        page = path.read_text("utf-8")
        path.write_text(put(page, section(report, language), language), encoding="utf-8")


if __name__ == "__main__":
    main()
