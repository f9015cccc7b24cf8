"""`threegate mcp`: which server, or an error that says so."""

from __future__ import annotations

import pytest
from threegate.cli.main import main


@pytest.mark.parametrize("words", [[], ["--url", "http://127.0.0.1:1/mcp", "--", "server"]])
def test_one_server_is_named(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mcp", *words]) == 2
    assert "--url" in capsys.readouterr().err
