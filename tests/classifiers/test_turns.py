from __future__ import annotations

from threegate_classifiers.turns import CALL, Turns


def queue() -> Turns[str]:
    made: Turns[str] = Turns(len)
    made.add(["a", "aa", "aaa"])
    made.add(["b"])
    made.add(["c", "cc"])
    return made


def drained(turns: Turns[str]) -> list[str]:
    return [turns.take() for _ in iter(lambda: bool(turns), False)]


def test_calls_take_turns() -> None:
    assert drained(queue()) == ["a", "b", "c", "aa", "cc", "aaa"]


def test_what_a_call_adds_later_takes_turns_with_its_own() -> None:
    made: Turns[str] = Turns(len)
    token = CALL.set(object())
    made.add(["a", "aa"])
    made.add(["aaa"])
    CALL.reset(token)
    made.add(["b"])
    assert drained(made) == ["a", "b", "aa", "aaa"]


def test_all_that_a_call_has_queued_is_ahead_of_what_it_adds() -> None:
    """Each of a hundred readings of one request was alone with the others' first rows."""
    made = queue()
    token = CALL.set(object())
    made.add(["dddd", "dddd"])
    assert made.ahead(1) == 8 + 6 + 1 + 3
    CALL.reset(token)
    assert made.ahead(1) == 4


def test_sizes_count_what_waits() -> None:
    made = queue()
    assert (made.size, made.ahead(2), made.ahead(100)) == (10, 5, 10)
    made.take()
    assert (made.size, made.first()) == (9, "b")
    assert made.clear() == ["b", "c", "cc", "aa", "aaa"]
    assert (bool(made), made.size) == (False, 0)
