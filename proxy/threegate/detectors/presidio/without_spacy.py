"""Presidio without spaCy. Its package imports spaCy, thinc and pydantic for language pipelines and
configuration files, which we do not use: 38 MB of memory and 200 MB on disk. During the import no
`__init__` of its packages runs, so each module brings only what it names itself, and other
recognizers do not compile their patterns. An installed wheel has Presidio's modules in
`threegate/bundled` (scripts/wheel_hook.py); an installed presidio-analyzer takes precedence.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from threegate.settings.shipped import BUNDLED

PACKAGE = "presidio_analyzer"


@contextmanager
def without_spacy() -> Iterator[None]:
    """Our modules of Presidio are removed afterwards, and those that were there are put back:
    another import gets the whole package."""
    finder, before = _Finder(), _taken()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        _taken()
        sys.modules.update(before)


def _taken() -> dict[str, ModuleType]:
    names = [n for n in sys.modules if n.partition(".")[0] == PACKAGE]
    return {name: sys.modules.pop(name) for name in names}


class _Package(ModuleType):
    def __getattr__(self, name: str) -> Any:
        """From the module of its own: `PatternRecognizer` of `pattern_recognizer`."""
        if name.startswith("__"):
            raise AttributeError(name)
        module = re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower()
        return getattr(import_module(f"{PACKAGE}.{module}"), name)


class _Finder(MetaPathFinder, Loader):
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] != PACKAGE:
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is None and name == PACKAGE:
            spec = PathFinder.find_spec(name, [str(BUNDLED)])
        if spec is not None and spec.submodule_search_locations is not None:
            spec.loader = self
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Package(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""
