from __future__ import annotations

from pathlib import Path

import pytest
from threegate.audit.log.database import writer_engine
from threegate.console.database import prepared
from threegate.console.review.review_store import (
    Proposal,
    ReviewLabel,
    ReviewStore,
    Saved,
    SavedSearch,
    new_id,
)


@pytest.fixture
def desk(tmp_path: Path) -> ReviewStore:
    return ReviewStore(prepared(writer_engine(f"sqlite:///{tmp_path}/console.sqlite3")))


def label(request: str, said: str, author: str = "ann", rule: str = "r") -> ReviewLabel:
    return ReviewLabel(request, rule, author, said, "", "2026-11-25T01:00:00+00:00")


def test_the_last_label_of_a_reviewer_counts(desk: ReviewStore) -> None:
    desk.label(label("1", "correct"))
    desk.label(label("1", "false_positive"))
    assert [x.label for x in desk.labels()] == ["false_positive"]


def test_a_proposal_is_taken_once(desk: ReviewStore) -> None:
    made = Proposal(new_id(), "r", "match", "user", "text", "tg_1", "ann", "2026-11-25")
    desk.propose(made)
    assert desk.proposals("r") == (made,)
    assert desk.proposals("other") == ()
    assert desk.take(made.id) == made
    assert desk.take(made.id) is None


def test_a_request_has_one_holder_who_can_give_it_back(desk: ReviewStore) -> None:
    desk.assign(["1", "2"], "ann", "2026-11-25")
    desk.assign(["2"], "ben", "2026-11-25")
    assert desk.assigned() == {"1": "ann", "2": "ben"}
    desk.assign(["1"], "", "2026-11-25")
    assert desk.assigned() == {"2": "ben"}
    desk.label(label("2", "correct"))
    assert desk.assigned() == {"2": "ben"}
    desk.label(label("2", "correct", author="ben"))
    assert desk.assigned() == {}


def test_views_are_ones_own_unless_shared(tmp_path: Path) -> None:
    saved = Saved(prepared(writer_engine(f"sqlite:///{tmp_path}/console.sqlite3")))
    saved.keep(SavedSearch("ann", "blocks", "action=block"))
    saved.keep(SavedSearch("ann", "blocks", "action=block&days=30"))
    saved.keep(SavedSearch("ann", "pii", "kind=pii", shared=True))
    assert [v.query for v in saved.of("ann")] == ["action=block&days=30", "kind=pii"]
    assert saved.of("ben") == (SavedSearch("ann", "pii", "kind=pii", shared=True),)
    saved.drop("ben", "pii")
    assert len(saved.of("ben")) == 1
    saved.drop("ann", "pii")
    assert saved.of("ben") == ()
