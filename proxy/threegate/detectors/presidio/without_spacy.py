"""Presidio without spaCy. Its package imports spaCy and thinc for language pipelines, of which we
make none; that is half of its import and 38 MB. While it is imported, their names are empty
classes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

ABSENT = frozenset({"spacy", "thinc"})


@contextmanager
def without_spacy() -> Iterator[None]:
    """Nothing of it stays: who imports one of them later gets the real one, who has it keeps it."""
    if sys.modules.keys() >= ABSENT:
        yield
        return
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [n for n, module in sys.modules.items() if isinstance(module, _Module)]:
            del sys.modules[name]


class _Names(type):
    """Of an empty class, every name is a decorator that changes nothing."""

    def __getattr__(cls, name: str) -> Callable[..., Callable[[Any], Any]]:
        return lambda *args, **more: lambda made: made


class _Empty(metaclass=_Names):
    def __init__(self, *args: object, **more: object) -> None:
        """Takes what the real one takes."""


class _Module(ModuleType):
    def __getattr__(self, name: str) -> type[_Empty]:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Empty


class _Finder(MetaPathFinder, Loader):
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        ours = name.split(".")[0] in ABSENT
        return ModuleSpec(name, self, is_package=True) if ours else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run."""
