from __future__ import annotations

import io

import pytest
from rich.table import Table
from rich.text import Text
from threegate.terminal import InertOutput
from threegate.terminal_console import terminal_console


def test_tables_are_inert_and_keep_their_colours() -> None:
    file = io.StringIO()
    file.isatty = lambda: True  # type: ignore[method-assign]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm-256color")
        patch.delenv("NO_COLOR", raising=False)
        patch.setattr("sys.stdout", InertOutput(file))
        made = terminal_console()
    table = Table("head")
    table.add_row(Text("\x1b[2J\u202e", "red"))
    table.add_row("[bold]x[/] [/red]")
    made.print(table)
    shown = file.getvalue()
    assert r"\u001b[2J\u202e" in shown
    assert "\u202e" not in shown
    assert "\x1b[31m" in shown
    assert "[bold]x[/] [/red]" in shown
