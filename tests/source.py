"""The program's own source as syntax trees, parsed once for all tests that read it and not before one
does: a process keeps some million nodes of them."""

from __future__ import annotations

import ast
import gc
from functools import cache
from pathlib import Path

import threegate

SOURCE = Path(threegate.__file__).parent


@cache
def trees() -> dict[Path, ast.Module]:
    gc.disable()  # nothing of it becomes garbage, and each of its passes reads all of it
    try:
        return {path: ast.parse(path.read_text("utf-8")) for path in SOURCE.rglob("*.py")}
    finally:
        gc.enable()


@cache
def nodes() -> tuple[ast.AST, ...]:
    return tuple(node for tree in trees().values() for node in ast.walk(tree))


@cache
def calls() -> tuple[ast.Call, ...]:
    return tuple(node for node in nodes() if isinstance(node, ast.Call))


def named(call: ast.Call) -> str:
    """The last name of what is called."""
    return getattr(call.func, "id", getattr(call.func, "attr", ""))
