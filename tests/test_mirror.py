"""Tests mirror modules: `proxy/threegate/a/b.py` has `tests/a/test_b.py`.

`unmirrored.txt` lists the modules that are tested elsewhere (tables, vocabularies, parts of one
machine). It may only shrink: an entry whose test exists, or whose module is gone, has to leave it.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE, TESTS = ROOT / "proxy" / "threegate", ROOT / "tests"
LISTED = (TESTS / "unmirrored.txt").read_text(encoding="utf-8").split()


def unmirrored() -> set[str]:
    modules = (path.relative_to(SOURCE) for path in SOURCE.rglob("*.py"))
    named = [m for m in modules if not m.name.startswith("__")]
    return {str(m) for m in named if not (TESTS / m.parent / f"test_{m.name}").exists()}


def test_every_module_has_its_test_or_is_listed() -> None:
    assert unmirrored() - set(LISTED) == set()


def test_the_list_shrinks() -> None:
    assert set(LISTED) - unmirrored() == set()
    assert sorted(set(LISTED)) == LISTED
