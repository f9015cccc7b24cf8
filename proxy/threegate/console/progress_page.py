"""A progress bar for long tasks, streamed in the same response that ends with the finished page.

Because it is a single response, one worker does the task and stops when the visitor leaves. It
needs no script: each step is a separate bar, the style sheet shows the newest, and the finished
page hides all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from threegate.console.web import LongTask, Shown, Step
from threegate.errors import ProtocolError

MAIN = '<main id="main">'
STEPS = "<!-- steps -->"
PERCENT = 100


async def finished(slow: LongTask) -> Shown:
    """Only the page."""
    async for step in slow.work:
        if isinstance(step, Shown):
            return step
    raise ProtocolError("work ended without a page")


async def watched(
    slow: LongTask, page: Callable[[Shown], str], failed: Callable[[Exception], Shown]
) -> AsyncIterator[str]:
    """The pieces of the answer: the head of the page, a bar for each percent, the rest."""
    yield page(Shown("working.html", {"title": slow.title})).partition(STEPS)[0]
    shown, before = Shown("error.html", {}), (0, -1)
    try:
        async for step in slow.work:
            if isinstance(step, Shown):
                shown = step
            elif (now := (step.total, _percent(step))) != before:
                before = now
                yield page(Shown("step.html", {"step": step}))
    except Exception as error:  # the head has been sent, so the page reports it instead of a status
        shown = failed(error)
    yield "</div></section>" + page(shown).partition(MAIN)[2]


def _percent(step: Step) -> int:
    return step.done * PERCENT // step.total if step.total else 0
