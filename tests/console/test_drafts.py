from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine
from threegate.audit.log.database import writer_engine
from threegate.console.database import prepared
from threegate.console.drafts import PACKS, DraftFile, Drafts, Ground, workspace
from threegate.policy.lifecycle.commands import Activate, Approve, Submit
from threegate.policy.lifecycle.people import Person, Role
from threegate.policy.lifecycle.store import DirTree, now_utc
from threegate.policy.lifecycle.versions import Versions

POLICIES = Path(__file__).parents[2] / "policies"
PATH = "packs/base.yaml"
BASE = Ground(DirTree(POLICIES), ("base",))


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return prepared(writer_engine(f"sqlite:///{tmp_path}/console.sqlite3"))


def test_a_draft_is_over_only_as_it_was_read(engine: Engine) -> None:
    """What another tab saves after it was read stays."""
    drafts = Drafts(engine)
    drafts.save("ann", PATH, "in force by now", "base")
    drafts.save("ann", PATH, "typed since", "base")
    drafts.discard_same("ann", PATH, "in force by now")
    assert drafts.files("ann") == {PATH: DraftFile("typed since", "base")}
    drafts.discard_same("ann", PATH, "typed since")
    assert drafts.files("ann") == {}
    drafts.save("ann", PATH, "again", "another base")
    assert drafts.files("ann") == {PATH: DraftFile("again", "another base")}


def test_a_draft_belongs_to_one_person(engine: Engine) -> None:
    drafts = Drafts(engine)
    drafts.save("ann", PATH, "one", "base")
    drafts.save("ann", PATH, "two", "another base")
    drafts.save("ben", PATH, "three", "")
    assert drafts.files("ann") == {PATH: DraftFile("two", "base")}
    drafts.save("ann", PATH, "four", "newer", rebase=True)
    assert drafts.files("ann") == {PATH: DraftFile("four", "newer")}
    drafts.discard("ann")
    assert drafts.files("ann") == {}
    assert drafts.files("ben") == {PATH: DraftFile("three", "")}


def test_what_is_in_force_anyway_is_no_draft(engine: Engine) -> None:
    drafts = Drafts(engine)
    drafts.save("ann", PATH, "one", "base")
    drafts.save("ann", PATH, "base", "base")
    assert drafts.files("ann") == {}


def test_a_draft_chooses_packs_and_knows_who_moved(engine: Engine) -> None:
    versions = Versions.open(engine)
    files = {PACKS: DraftFile("base\nsecrets\n", "base\n"), PATH: DraftFile("mine", "old")}
    made = workspace(versions, lambda: BASE, files)
    assert made.packs == ("base", "secrets")
    assert made.moved() == [PATH]
    assert workspace(versions, lambda: BASE, {PATH: DraftFile("mine", None)}).moved() == []


def test_a_workspace_is_the_folder_until_a_version_is_active(
    tmp_path: Path, engine: Engine
) -> None:
    versions = Versions.open(engine)
    clean = workspace(versions, lambda: BASE, {})
    checked = clean.check()
    assert checked.policies is not None
    text = clean.text(PATH).replace("review_by: 2027-06-30", "review_by: 2028-06-30", 1)
    changed = workspace(versions, lambda: BASE, {PATH: DraftFile(text, "")})
    new = changed.check()
    digest = versions.save(new, ("base",), now_utc())
    ann = Person("ann", frozenset({Role.EDITOR}), "a")
    ben = Person("ben", frozenset({Role.APPROVER}), "b")
    for command, by in (
        (Submit(digest, False), ann),
        (Approve(digest), ben),
        (Activate(digest), ben),
    ):
        versions.act(command, by, now_utc())
    after = workspace(versions, lambda: Ground(DirTree(POLICIES), ("secrets",)), {})
    assert after.packs == ("base",)
    assert after.text(PATH) == text
