"""Build hook of the wheel: adds what a checkout has beside the code.

`threegate/bundled` gets the policies, the guide that the console's help shows, and
presidio-analyzer's modules. That package declares spaCy,
which takes 200 MB and which we never import (detectors/presidio/without_spacy.py), and an installer
cannot leave a dependency of a dependency out; so the wheel carries the modules of the release that
the tests run with, under its licence (NOTICE). An editable install takes both where they are.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLED = "threegate/bundled"


class WheelHook(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        build_data["force_include"][str(Path(self.root) / "policies")] = f"{BUNDLED}/policies"
        guides = list(Path(self.root, "docs").glob("guide-compliance*.md"))
        if not guides:
            raise RuntimeError("the console's help is docs/guide-compliance*.md, which is missing")
        for guide in guides:
            build_data["force_include"][str(guide)] = f"{BUNDLED}/guide/{guide.name}"
        presidio = find_spec("presidio_analyzer")
        if presidio is None or not presidio.submodule_search_locations:
            raise RuntimeError("presidio-analyzer is needed to build a wheel")
        folder = presidio.submodule_search_locations[0]
        build_data["force_include"][folder] = f"{BUNDLED}/presidio_analyzer"
