"""What a server may say unasked."""

from __future__ import annotations

from threegate.mcp.unsolicited import MINUTE_S, PER_MINUTE, Unsolicited


def test_so_much_a_minute() -> None:
    now = [0.0]
    heard = Unsolicited(lambda: now[0])
    assert all(heard.admits() for _ in range(PER_MINUTE))
    assert not heard.admits()
    now[0] += MINUTE_S
    assert heard.admits()
