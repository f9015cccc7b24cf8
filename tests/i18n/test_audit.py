"""What the log says is in both languages, each entry is used, and no error is worded beside them."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest
from threegate.audit.errors import trouble
from threegate.audit.settings import AuditSettings
from threegate.cli.main import main
from threegate.errors import AuditError
from threegate.i18n.audit import ERRORS, FINDINGS, LINES, NOTES

from tests.audit.conftest import Captured, audit
from tests.source import calls, named, nodes

HAN = re.compile(r"[一-鿿]")


def holes(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_errors_are_made_of_the_table_alone() -> None:
    made = [
        (str(getattr(c.args[0], "value", "")), c)
        for c in calls()
        if named(c) == "trouble" and c.args
    ]
    assert {code for code, _ in made} == set(ERRORS)
    for code, call in made:
        assert {str(word.arg) for word in call.keywords} == holes(ERRORS[code].en)
    assert len([c for c in calls() if named(c) == "AuditError"]) == 1


def test_each_entry_is_used() -> None:
    strings = {node.value for node in nodes() if isinstance(node, ast.Constant)}
    assert [code for code in (*LINES, *FINDINGS) if code not in strings] == []
    made = [c.args[0] for c in calls() if named(c) == "NoteError"]
    plain = {str(a.value) for a in made if isinstance(a, ast.Constant)}
    assert set(NOTES) - plain == {"base64-root", "base64-key", "base64-signature"}


def test_a_finding_has_the_details_of_its_entry() -> None:
    for call in calls():
        kinds = [a.value for a in call.args if isinstance(a, ast.Constant) and a.value in FINDINGS]
        if named(call) in ("add", "_problem") and kinds:
            given = {str(word.arg) for word in call.keywords}
            assert given == holes(FINDINGS[str(kinds[0])].en) | holes(FINDINGS[str(kinds[0])].zh)


async def test_verify_speaks_chinese(closed_log: AuditSettings, capsys: Captured) -> None:
    where = ["--database", closed_log.url, "--directory", str(closed_log.directory)]
    assert main(["audit", "verify", *where, "--lang", "zh"]) == 0
    told = capsys.readouterr().out
    assert told.endswith("日志校验通过\n")
    assert not re.search(r"entries|verif", told)
    assert await audit(closed_log, "verify") == 0
    assert not HAN.search(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("words", "zh"),
    [
        (["verify"], "没有审计数据库"),
        (["verify", "--key", "rubbish+1+2"], "公钥"),
        (["search", "--since", "yesterday"], "不是时间"),
        (["erase", "--reason", "x"], "--yes"),
        (["retain", "--metadata-days", "10", "--reason", "x"], "184"),
        (["search", "--database", "nonsense://x"], "postgresql://"),
        (["verify", "--key", "/nowhere/log.vkey"], "没有文件 /nowhere/log.vkey"),
    ],
)
def test_wrong_use_is_told_in_chinese(
    words: list[str], zh: str, tmp_path: Path, capsys: Captured
) -> None:
    where = [] if "--database" in words else ["--database", str(tmp_path / "none.sqlite3")]
    assert main(["audit", words[0], *where, *words[1:], "--lang", "zh"]) == 2
    told = capsys.readouterr().err
    assert zh in told
    assert HAN.search(told)


def test_an_error_of_the_log_keeps_both() -> None:
    error = trouble("no-database", path="x")
    assert isinstance(error, AuditError)
    assert (error.text.zh, str(error)) == ("x 没有审计数据库", "no audit database at x")
