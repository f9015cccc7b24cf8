from __future__ import annotations

import pytest
from threegate.audit.log import hit_sets
from threegate.audit.log.hit_sets import StoredSets, hit_rows, hits_id, set_rows

HITS = (
    ("pii.cn.id_card", "pii.cn.id_card", "input", 7, False),
    ("out.hazard", "failed.timeout", "input", 1, True),
)


def test_a_set_of_hits_has_one_id_whatever_their_order() -> None:
    read = tuple((*row[:-1], int(row[-1])) for row in reversed(HITS))  # as SQLite returns them
    assert hits_id(HITS) == hits_id(read) == 7635641550533579337
    assert hit_rows(HITS) == hit_rows(read) == sorted(HITS)
    assert hits_id(HITS[:1]) != hits_id(HITS)
    assert hits_id(()) == 0


def test_sets_are_stored_in_the_order_of_their_ids() -> None:
    both = {hits_id(h): h for h in (HITS, HITS[:1])}
    rows = set_rows(both)
    assert rows == set_rows(dict(reversed(both.items())))
    assert [(id, n) for id, n, *_ in rows] == sorted((id, n) for id, n, *_ in rows)
    assert len(rows) == 3


def test_a_writer_forgets_which_sets_it_stored_when_they_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hit_sets, "MOST_SETS", 1)
    stored, both = StoredSets(), (HITS, (), HITS[:1])
    assert set(stored.others(both)) == {hits_id(HITS), hits_id(HITS[:1])}
    stored.add(stored.others([HITS]))
    assert set(stored.others(both)) == {hits_id(HITS[:1])}
    stored.add(stored.others(both))
    assert set(stored.others(both)) == {hits_id(HITS)}
