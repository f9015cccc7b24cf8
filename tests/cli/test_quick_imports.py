"""While modules are imported nothing looks for garbage; afterwards it is as before."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest
from threegate.cli.quick_imports import quick_imports


def test_no_collection_runs_while_modules_are_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[str] = []
    monkeypatch.setattr(gc, "callbacks", [lambda phase, info: rounds.append(phase)])
    (tmp_path / "of_many_objects.py").write_text("MANY = [[n] for n in range(10_000)]")
    monkeypatch.syspath_prepend(tmp_path)
    with quick_imports():
        import of_many_objects  # type: ignore[import-not-found]
    assert rounds == []
    assert gc.isenabled()
    assert gc.get_freeze_count() >= len(of_many_objects.MANY)
    del sys.modules["of_many_objects"]


def test_collection_stays_off_where_it_was_off() -> None:
    gc.disable()
    try:
        with quick_imports():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
