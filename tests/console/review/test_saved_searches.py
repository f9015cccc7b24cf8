from __future__ import annotations

from pathlib import Path

from threegate.audit.log.database import writer_engine
from threegate.console.database import prepared
from threegate.console.review.saved_searches import Saved, SavedSearch


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
