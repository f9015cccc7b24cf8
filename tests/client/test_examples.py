"""The examples of the pages run as they stand there, one after the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.support.running import ROOT

BLOCKS = re.compile(r"```python\n(.*?)```", re.S)


@pytest.mark.parametrize("page", ["service.md", "service.zh-CN.md"])
def test_the_examples_run(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (("VAR", tmp_path), ("POLICIES", ROOT / "policies"), ("CLASSIFIERS", "off")):
        monkeypatch.setenv(f"THREEGATE_{name}", str(value))
    blocks = BLOCKS.findall((ROOT / "docs" / page).read_text("utf-8"))
    assert len(blocks) == 3
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0]
    assert printed[-1] in ("The answer comes in pieces.", "回答分段到达。")
