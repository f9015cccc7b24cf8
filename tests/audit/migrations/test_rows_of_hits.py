"""The migration itself: `versions/test_v0006_hit_sets.py`."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text
from threegate.audit.log.hit_sets import hits_id
from threegate.audit.migrations import rows_of_hits

A, B = ("rule", "pii.phone", "input", 1, False), ("rule", "secret", "input", 2, True)
ROWS = [("v", 0, 0, *A), ("v", 0, 1, *B), ("v", 7, 0, *B), ("w", 0, 0, *B), ("w", 0, 1, *A)]
COLUMNS = "writer, seq, n, rule, kind, layer, action, shadow, ts"


@pytest.mark.parametrize("page", [3, 4, 5, 6, 20])
def test_no_record_is_divided_between_pages_or_left_out(
    monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(rows_of_hits, "PAGE", page)
    with create_engine("sqlite://").begin() as source:
        source.execute(text(f"CREATE TABLE audit_hit ({COLUMNS})"))
        for row in ROWS:
            values = ", ".join(repr(value) for value in (*row, 5))
            source.execute(text(f"INSERT INTO audit_hit VALUES ({values})"))
        pages = list(rows_of_hits._pages(source))
    named = [(n["writer"], n["seq"], n["hits"]) for _, page in pages for n in page]
    both, second = hits_id((A, B)), hits_id((B,))
    assert named == [("v", 0, both), ("v", 7, second), ("w", 0, both)]
    assert {id for sets, _ in pages for id in sets} == {both, second}
