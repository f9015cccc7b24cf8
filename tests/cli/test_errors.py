"""Commands that cannot do their work say so in the language of their user."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from threegate.cli.main import main

HAN = re.compile(r"[一-鿿]")


@pytest.mark.parametrize(
    ("words", "zh", "en"),
    [
        (["scan", "--kinds", "pii.cn.pasport", "x"], "没有检测器报告", "no detector reports"),
        (["scan", "--jsonl", "x"], "标准输入", "standard input"),
        (
            ["eval", "pii", "--data", "/nowhere/x.jsonl"],
            "没有文件 /nowhere/x.jsonl",
            "no such file",
        ),
        (["eval", "injection", "--made", "3"], "只能生成", "rows are made for"),
        (["eval", "claims", "--made", "3"], "--data", "--data"),
        (["models", "list", "--models", "{}"], "里没有模型", "no model in"),
        (
            ["demo", "--url", "http://127.0.0.1:1", "--only", "harmless"],
            "http://127.0.0.1:1 没有回答",
            "no answer from http://127.0.0.1:1",
        ),
        (
            ["attack", "--url", "http://me:canary@127.0.0.1:1"],
            "http://me:***@127.0.0.1:1 没有回答",
            "no answer from http://me:***@127.0.0.1:1 (ConnectError); check that a proxy runs there",
        ),
        (["keys", "add", "--expires", "tomorrow"], "tomorrow 不是时间", "tomorrow is not a time"),
        (
            ["keys", "add", "--expires", "2026-01-01"],
            "2026-01-01 已经过去",
            "2026-01-01 has passed",
        ),
        (["mcp", "--url", "server:80"], "--url 应是", "--url must be an address"),
        (["mcp", "--guard", "guard", "--", "x"], "--guard 应是", "--guard must be an address"),
    ],
)
def test_wrong_use_is_told(
    words: list[str], zh: str, en: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for language, said in (("zh", zh), ("en", en)):
        assert main([*(w.format(tmp_path) for w in words), "--lang", language]) == 2
        told = capsys.readouterr().err
        assert said in told
        assert bool(HAN.search(told)) is (language == "zh")
