"""How long text was held: of each release, its oldest character."""

from __future__ import annotations

from threegate.gateway.held import Held


def test_a_release_tells_of_its_oldest_character() -> None:
    told: list[float] = []
    now = [0.0]
    held = Held(told.append, lambda: now[0])
    held.came(5)
    now[0] = 1.0
    held.came(8)
    now[0] = 3.0
    held.left(4)
    assert told == []
    held.left(7)
    assert told == [3.0]
    now[0] = 3.5
    held.left(8)
    held.left(8)
    assert told == [3.0, 2.5]
