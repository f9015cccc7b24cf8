"""Whole or not at all, and nothing left beside."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from threegate.durable_files import replace_file, write_once


def test_a_file_keeps_its_old_content_when_the_new_one_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_file(tmp_path / "f", b"old")

    def no_space(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("threegate.durable_files.os.fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        replace_file(tmp_path / "f", b"new")
    assert (tmp_path / "f").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_is_written_whole_or_not(tmp_path: Path) -> None:
    write_once(tmp_path / "f", b"one")
    write_once(tmp_path / "f", b"two")
    assert (tmp_path / "f").read_bytes() == b"one"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_new_file_and_the_next_one_leave_no_other(tmp_path: Path) -> None:
    replace_file(tmp_path / "a" / "x.json", b"1")
    replace_file(tmp_path / "a" / "x.json", b"2")
    assert [(p.name, p.read_bytes()) for p in (tmp_path / "a").iterdir()] == [("x.json", b"2")]


def test_what_is_written_for_its_owner_alone_is_so(tmp_path: Path) -> None:
    replace_file(tmp_path / "f", b"key", mode=0o600)
    write_once(tmp_path / "g", b"key")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("f", "g")]
    assert modes == [0o600, 0o600]
