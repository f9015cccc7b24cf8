"""A body read line by line, whatever its lines are."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from threegate.errors import RequestError
from threegate.service.lines import Lines


def lines_of(*pieces: bytes) -> list[bytes]:
    left = list(pieces)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def read() -> list[bytes]:
        lines, found = Lines(receive), []
        while (line := await lines.next()) is not None:
            found.append(line)
        return found

    return asyncio.run(read())


@pytest.mark.parametrize(
    "pieces",
    [
        (b"a\nbc\n\n d",),
        (b"a\nb", b"c\n", b"\n", b" d"),
        (b"a\nbc\r\n\t\n d\n", b""),
        (b"\na\nbc", b"\n d"),
    ],
)
def test_the_lines_are_the_same_for_any_cut(pieces: tuple[bytes, ...]) -> None:
    assert [line.strip() for line in lines_of(*pieces)] == [b"a", b"bc", b"d"]


def test_blank_lines_cost_no_more_than_others() -> None:
    """With the rest of the buffer copied for each line, this would move 8 TB."""
    assert lines_of(b"\n" * (4 << 20), b"end") == [b"end"]


async def test_a_first_line_that_does_not_arrive_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its bytes come, one by one."""

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"{", "more_body": True}

    monkeypatch.setattr("threegate.gateway.asgi.BODY_S", 0.05)
    with pytest.raises(RequestError) as refused:
        await Lines(receive).first()
    assert refused.value.status == 408


async def test_lines_that_come_for_ever_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blank ones, each of which comes before the next is late."""

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"\n" * 65_536, "more_body": True}

    monkeypatch.setattr("threegate.service.lines.TOTAL_S", 0.05)
    with pytest.raises(RequestError) as refused:
        await Lines(receive).next()
    assert refused.value.status == 408
