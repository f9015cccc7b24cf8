from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from threegate.console.app import templates
from threegate.console.progress_page import MAIN, STEPS, finished, watched
from threegate.console.web import LongTask, Shown, Step
from threegate.errors import ProtocolError

TOTAL = 1_000
PAGE = Shown("policy/draft.html", {"files": []})


async def work(total: int = TOTAL) -> AsyncIterator[Step | Shown]:
    yield Step()
    for done in range(0, total, 4):
        yield Step(done, total)
    yield PAGE


async def broken() -> AsyncIterator[Step | Shown]:
    yield Step(1, 2)
    raise ValueError("a text that nobody may see")


async def endless() -> AsyncIterator[Step | Shown]:
    yield Step()


def page(shown: Shown) -> str:
    """As the console renders, with the frame alone."""
    if shown.template == "step.html":
        step = templates().get_template("step.html")
        return step.render(_=lambda zh, en: en, **shown.data)
    body = STEPS if shown.template == "working.html" else shown.template
    return f"<html>{MAIN}{body}</main></html>"


def failed(error: Exception) -> Shown:
    return Shown("error.html", {"error": type(error).__name__})


async def pieces(slow: LongTask) -> list[str]:
    return [piece async for piece in watched(slow, page, failed)]


async def test_a_bar_for_each_percent_and_then_the_page() -> None:
    head, *steps, rest = await pieces(LongTask("t", work()))
    assert head == f"<html>{MAIN}"
    assert len(steps) == 1 + 100
    assert [f'value="{n * 10}"' in steps[1 + n] for n in (0, 50, 99)] == [True, True, False]
    assert "".join([head, *steps, rest]).count(MAIN) == 1
    assert rest == "</div></section>policy/draft.html</main></html>"


async def test_the_bar_does_not_move_while_nobody_knows_how_much_there_is() -> None:
    _, first, *_ = await pieces(LongTask("t", work()))
    assert "Reading the log" in first
    assert "value" not in first


async def test_an_error_on_the_way_is_told_on_the_page() -> None:
    told = "".join(await pieces(LongTask("t", broken())))
    assert "error.html" in told
    assert "nobody may see" not in told


async def test_the_twin_is_the_page_alone() -> None:
    assert await finished(LongTask("t", work())) is PAGE
    with pytest.raises(ProtocolError):
        await finished(LongTask("t", endless()))
