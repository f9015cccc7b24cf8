from __future__ import annotations

import io
import json

import pytest
from threegate import terminal
from threegate.cli.main import main
from threegate.terminal import inert, inert_output

HOSTILE = "a\x1b]0;title\x07\x1b[2J\r\x9b31m\u202e\u2066\U000e0041\ud800 13912345678"
OBEYED = set("\x1b\x07\r\x9b\u202e\u2066\U000e0041\ud800")


def test_what_a_terminal_obeys_is_written_out() -> None:
    assert inert("\x1b[2J\u202e\U000e0041") == r"\u001b[2J\u202e\udb40\udc41"
    assert inert("名字\ta\n👨‍👩‍👧 é") == "名字\ta\n👨‍👩‍👧 é"


def test_json_means_what_it_meant() -> None:
    text = json.dumps({"a": HOSTILE}, ensure_ascii=False)
    assert not OBEYED & set(inert(text))
    assert json.loads(inert(text)) == {"a": HOSTILE}


def test_all_that_is_written_is_inert(capsys: pytest.CaptureFixture[str]) -> None:
    with inert_output():
        print(HOSTILE)
        print(HOSTILE, file=terminal.sys.stderr)
    out, err = capsys.readouterr()
    assert out == err == inert(HOSTILE) + "\n"


@pytest.mark.parametrize("form", [[], ["--json"], ["--jsonl"]])
def test_a_scanned_text_rules_no_terminal(
    form: list[str], capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = HOSTILE.replace("\ud800", "")
    given = [] if form == ["--jsonl"] else [text]
    lines = json.dumps({"id": text, "text": text}).encode() + b"\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))
    assert main(["scan", "--no-models", *form, *given]) == 0
    shown = capfdbinary.readouterr().out.decode()
    assert "13912345678" in shown or "pii" in shown
    assert not OBEYED & set(shown)
