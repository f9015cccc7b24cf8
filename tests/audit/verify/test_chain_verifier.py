"""What a walk finds in a changed log is in test_verify.py; here is how it keeps two tables in step."""

from __future__ import annotations

from threegate.audit.verify.chain_verifier import Aligned


def test_rows_are_taken_place_by_place() -> None:
    rows = Aligned(iter([(0, "a"), (0, "b"), (2, "c")]))
    assert rows.take(0) == [(0, "a"), (0, "b")]
    assert rows.take(1) == []
    assert rows.take(2) == [(2, "c")]
    assert rows.take(3) == []
    assert rows.stray == []


def test_what_is_skipped_is_stray() -> None:
    rows = Aligned(iter([(0, "a"), (1, "b"), (7, "c")]))
    assert rows.take(1) == [(1, "b")]
    assert rows.take(None) == []
    assert rows.stray == [0, 7]
