"""Presidio without spaCy. Its package imports spaCy and thinc for language pipelines, which we do
not use: half of the import time, 38 MB of memory and 200 MB on disk. During the import their names
are empty classes. An installed wheel has Presidio's modules in `threegate/bundled`
(scripts/wheel_hook.py); an installed presidio-analyzer takes precedence. Pydantic is replaced too;
Presidio checks configuration files with it that we do not have, and a plain install saves its 11
MB.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, TypeVar

from threegate.settings.shipped import BUNDLED

ABSENT = frozenset({"spacy", "thinc"})
OPTIONAL = frozenset({"pydantic"})
BUNDLED_PACKAGE = "presidio_analyzer"
T = TypeVar("T")


@contextmanager
def without_spacy() -> Iterator[None]:
    """Puts stand-ins in place of the packages. They are removed afterwards: a later import gets the
    real package, and a module that holds the real one keeps it."""
    finder = _Finder(frozenset() if sys.modules.keys() >= ABSENT else ABSENT)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [n for n, module in sys.modules.items() if isinstance(module, _Module)]:
            del sys.modules[name]


class _Names(type):
    """A stand-in class: every name in it is a decorator that changes nothing."""

    def __getattr__(cls, name: str) -> Callable[..., Callable[[Any], Any]]:
        return lambda *args, **more: lambda made: made


class _Empty(metaclass=_Names):
    def __init__(self, *args: object, **more: object) -> None:
        """Accepts any arguments, as the real class may."""

    def __call__(self, made: T) -> T:
        """Used as a decorator, it returns what it decorates."""
        return made


class _Module(ModuleType):
    def __getattr__(self, name: str) -> type[_Empty]:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Empty


class _Finder(MetaPathFinder, Loader):
    def __init__(self, absent: frozenset[str]) -> None:
        self._absent = absent

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == BUNDLED_PACKAGE:
            return PathFinder.find_spec(name) or PathFinder.find_spec(name, [str(BUNDLED)])
        package = name.split(".")[0]
        ours = package in self._absent
        ours = ours or (package in OPTIONAL and PathFinder.find_spec(package) is None)
        return ModuleSpec(name, self, is_package=True) if ours else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""
