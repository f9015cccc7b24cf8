"""The active set: reload keeps the last good one, whatever lies in the folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from threegate.errors import PolicyError
from threegate.policy.kinds import KINDS
from threegate.policy.language.problems import errors
from threegate.policy.lifecycle.store import (
    LAST_GOOD,
    DirTree,
    FolderSource,
    InForce,
    Origin,
    PolicyStore,
    today_utc,
)

from tests.policy.packs import FILES, GOOD, TODAY, spoiled

BROKEN = [
    b"",
    b"pack: [",
    b"\xff\xfe",
    GOOD[:200].encode(),
    spoiled(("pipl.51", "pipl.999")).encode(),
    b"a: &a [*a, *a]\n",
    b"[" * 100_000,
    b"x" * (2 << 20),
]


def put(root: Path, text: str | bytes = GOOD) -> None:
    files = {**FILES, "packs/shop.yaml": text.encode() if isinstance(text, str) else text}
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def opened(tmp_path: Path, *, last_good: bool = False) -> PolicyStore:
    source = FolderSource(tmp_path / "policies", ["shop"], lambda: TODAY, KINDS)
    return PolicyStore.of(source, tmp_path / "state", last_good=last_good)


def noticed(store: PolicyStore) -> bool:
    """Two looks, as the shell takes them a second apart."""
    store.changed()
    return store.changed()


def test_a_file_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path / "policies")
    store = opened(tmp_path)
    for length in (300, 600, 900):
        put(tmp_path / "policies", GOOD[:length])
        assert not store.changed()
    assert store.changed()


def test_open_pin_reload(tmp_path: Path) -> None:
    put(tmp_path / "policies")
    store = opened(tmp_path)
    first = store.pin()
    assert not store.changed()
    assert not store.reload()
    put(tmp_path / "policies", GOOD.replace("owner: privacy", "owner: dpo"))
    assert noticed(store)
    assert store.reload()
    assert store.pin().digest != first.digest
    assert first.bindings[0].policy.rules[0].owner == "privacy"


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_file_changes_nothing_and_is_explained(tmp_path: Path, content: bytes) -> None:
    put(tmp_path / "policies")
    store = opened(tmp_path)
    before = store.pin()
    put(tmp_path / "policies", content)
    assert not store.reload()
    assert store.pin() is before
    assert store.problems
    with pytest.raises(PolicyError):  # a start with it fails ...
        opened(tmp_path)
    again = opened(tmp_path, last_good=True)  # ... but a worker may replace a dead one
    assert again.in_force == InForce(("shop",), before.digest, Origin.LAST_GOOD)
    assert again.problems


CUT = GOOD[: GOOD.index("  - id: stop.loans")]


def test_a_pack_that_lost_its_end_does_not_weaken_the_policy(tmp_path: Path) -> None:
    put(tmp_path / "other" / "policies", CUT)
    assert len(opened(tmp_path / "other").pin().bindings[0].policy.rules) == 1  # it is valid
    put(tmp_path / "policies")
    store = opened(tmp_path)
    before = store.pin()
    put(tmp_path / "policies", CUT)
    assert noticed(store)
    assert not store.reload()
    assert store.pin() is before
    assert [(p.code, p.at.file) for p in errors(store.problems)] == [("cut-off", "packs/shop.yaml")]
    with pytest.raises(PolicyError, match="only the beginning"):  # the next start too
        opened(tmp_path)
    put(tmp_path / "policies", CUT + "# these are all\n")
    assert noticed(store)
    assert store.reload()
    assert len(store.pin().bindings[0].policy.rules) == 1
    put(tmp_path / "policies", CUT)  # only a comment less
    assert noticed(store)
    assert store.reload()
    assert not errors(store.problems)


def test_mended_files_are_taken(tmp_path: Path) -> None:
    put(tmp_path / "policies")
    store = opened(tmp_path)
    put(tmp_path / "policies", b"broken: [")
    store.reload()
    put(tmp_path / "policies", GOOD.replace("owner: privacy", "owner: dpo"))
    assert noticed(store)
    assert store.reload()
    assert store.problems == ()


def test_what_is_kept_is_its_owners_alone(tmp_path: Path) -> None:
    """Word lists of a policy are confidential."""
    put(tmp_path / "policies")
    previous = os.umask(0o022)
    try:
        opened(tmp_path)
    finally:
        os.umask(previous)
    assert (tmp_path / "state" / LAST_GOOD).stat().st_mode & 0o777 == 0o600


def test_a_set_that_could_not_be_kept_is_tried_again(tmp_path: Path) -> None:
    put(tmp_path / "policies")
    store = opened(tmp_path)
    put(tmp_path / "policies", GOOD.replace("owner: privacy", "owner: dpo"))
    noticed(store)
    state = store.state
    store.state = tmp_path / "policies" / "packs" / "shop.yaml" / "no" / "folder"
    with pytest.raises(NotADirectoryError):
        store.reload()
    store.state = state
    assert store.changed()
    assert store.reload()


def test_a_missing_file_that_appears_is_noticed(tmp_path: Path) -> None:
    put(tmp_path / "policies")
    store = opened(tmp_path)
    (tmp_path / "policies/answers/help.en.md").unlink()
    assert not store.reload()
    assert [p.code for p in store.problems] == ["missing-file"]
    put(tmp_path / "policies")
    assert noticed(store)


def test_nothing_good_at_all_is_an_error_with_problems(tmp_path: Path) -> None:
    put(tmp_path / "policies", b"broken: [")
    with pytest.raises(PolicyError) as caught:
        opened(tmp_path)
    assert caught.value.problems


@pytest.mark.parametrize("damage", [b"", b"{", b'{"digest":"x","packs":["shop"],"files":{}}'])
def test_a_damaged_last_good_is_not_trusted(tmp_path: Path, damage: bytes) -> None:
    put(tmp_path / "policies")
    opened(tmp_path)
    put(tmp_path / "policies", b"broken: [")
    (tmp_path / "state" / LAST_GOOD).write_bytes(damage)
    with pytest.raises(PolicyError):
        opened(tmp_path, last_good=True)


def test_what_is_in_force_names_its_packs_and_origin(tmp_path: Path) -> None:
    put(tmp_path / "policies")
    store = opened(tmp_path)
    assert store.in_force == InForce(("shop",), store.pin().digest, Origin.FOLDER)


def test_another_pack_after_a_good_start_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "policies")
    opened(tmp_path)
    with pytest.raises(PolicyError) as caught:
        PolicyStore.of(
            FolderSource(tmp_path / "policies", ["nope"], today_utc, KINDS), tmp_path / "state"
        )
    assert caught.value.problems


def test_links_may_not_leave_the_folder(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    os.symlink(tmp_path / "secret.txt", tmp_path / "policies" / "link.txt")
    assert DirTree(tmp_path / "policies").read("link.txt") is None
    assert DirTree(tmp_path / "policies").read("../secret.txt") is None
