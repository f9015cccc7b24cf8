"""The model folder: `<root>/<name>/<version>/manifest.yaml`, like a Triton model repository.

A reference is `name` (its latest version) or `name@version`. Versions are compared as dotted
numbers, so 10 comes after 9.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from threegate_classifiers.errors import ModelError
from threegate_classifiers.manifest import MANIFEST, Manifest, read_manifest, verify_files

SHIPPED = Path(__file__).resolve().parents[1] / "models"
"""Where a checkout keeps its models."""


@dataclass(frozen=True, slots=True)
class Entry:
    folder: Path
    manifest: Manifest


def scan(root: Path) -> tuple[Entry, ...]:
    """All models below `root`, by name and ascending version. Raises ModelError for a manifest
    that cannot be read or that stands in a folder of another name."""
    folders = sorted(path.parent for path in root.glob(f"*/*/{MANIFEST}"))
    entries = [Entry(folder, read_manifest(folder)) for folder in folders]
    for entry in entries:
        if entry.folder.parts[-2:] != (entry.manifest.name, entry.manifest.version):
            raise ModelError(f"{entry.folder / MANIFEST}: says it is {entry.manifest.id}")
    return tuple(sorted(entries, key=_order))


def find(root: Path, reference: str) -> Entry:
    """The model that `name` or `name@version` means, its files verified. Raises ModelError."""
    return pick(scan(root), root, reference)


def pick(known: Sequence[Entry], root: Path, reference: str) -> Entry:
    """`find` among what `scan` gave: reading every manifest again for each model takes long."""
    name, _, version = reference.partition("@")
    fitting = [
        entry
        for entry in known
        if entry.manifest.name == name and version in ("", entry.manifest.version)
    ]
    if not fitting:
        raise ModelError(f"no model {reference} in {root}", f"{root} 里没有模型 {reference}")
    entry = fitting[-1]
    verify_files(entry.folder, entry.manifest)
    return entry


def _order(entry: Entry) -> tuple[str, tuple[int, ...], str]:
    numbers = tuple(map(int, re.findall(r"\d+", entry.manifest.version)))
    return entry.manifest.name, numbers, entry.manifest.version
