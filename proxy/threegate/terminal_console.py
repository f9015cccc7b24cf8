"""Tables and marked texts on standard output: in colour, and inert as all that commands print."""

from __future__ import annotations

import sys

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.segment import Segment

from threegate.terminal import InertOutput, inert


class _Inert:
    """A renderable whose texts are inert; what the console itself adds (colours) stays."""

    def __init__(self, inner: ConsoleRenderable) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for text, style, control in console.render(self._inner, options):
            yield Segment(text if control else inert(text), style, control)


class _InertTexts(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Inert(each) for each in renderables]


def terminal_console(*, plain_width: int | None = None) -> Console:
    """Of standard output, in colour on a terminal. `plain_width` elsewhere; None: rich's own."""
    file = sys.stdout.inner if isinstance(sys.stdout, InertOutput) else sys.stdout
    width = None if file.isatty() else plain_width
    made = Console(file=file, width=width, markup=False)
    made.push_render_hook(_InertTexts())
    return made
