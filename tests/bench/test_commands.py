"""The commands that scripts and benchmarks name for a file of `bench` can import what it needs."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = frozenset({"bench", "tests"})
"""Packages of the root of the repository, which a file run by its path does not see."""
COMMAND = re.compile(r"^(.*)\bpython (bench/[\w/]+\.py)", re.M)
NAMED = {
    (match[1], match[2], str(file.relative_to(ROOT)))
    for file in [*ROOT.glob("scripts/*"), *ROOT.glob("bench/**/*.py"), *ROOT.glob("bench/**/*.md")]
    if file.is_file()
    for match in COMMAND.finditer(file.read_text("utf-8"))
}


def imported(file: str) -> set[str]:
    body = ast.walk(ast.parse((ROOT / file).read_text("utf-8")))
    return {n.module.partition(".")[0] for n in body if isinstance(n, ast.ImportFrom) and n.module}


@pytest.mark.parametrize(("before", "file", "where"), sorted(NAMED))
def test_a_command_sees_the_packages_that_its_file_imports(
    before: str, file: str, where: str
) -> None:
    sees_root = "PYTHONPATH=." in before or "sys.path.insert" in (ROOT / file).read_text("utf-8")
    assert sees_root or not FOLDERS & imported(file), where
