"""Presidio's modules run without spaCy, which a plain install does not have, and leave a spaCy that
somebody else imports alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from threegate.settings.shipped import BUNDLED

CODE = """
import sys
from threegate.detectors.registry import scanner
from threegate.types import Channel, Layer, Passage, TextLocation
assert not [m for m in sys.modules if m.split('.')[0] in ('spacy', 'thinc', 'torch')]
passage = Passage(TextLocation(Layer.INPUT, Channel.USER), 'ABN 51 824 753 556')
(found,) = scanner().scan(passage).findings
assert found.kind == 'pii.au.abn'
import spacy, thinc
assert (spacy.REAL, thinc.REAL) == (True, True)
from threegate.detectors.presidio.catalog import PREDEFINED
assert not [m for m in sys.modules if m.split('.')[0] == 'presidio_analyzer']
print(PREDEFINED[0].validate_result.__code__.co_filename)
"""


def run(*paths: Path, code: str = CODE) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (*paths, *sys.path)))}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def real_ones(tmp_path: Path) -> Path:
    for name in ("spacy", "thinc"):
        (tmp_path / f"{name}.py").write_text("REAL = True")
    return tmp_path


def test_detectors_run_without_spacy_and_leave_it_as_it_is(tmp_path: Path) -> None:
    assert not run(real_ones(tmp_path)).startswith(str(BUNDLED))


HIDDEN = """
from importlib.machinery import PathFinder
find = PathFinder.find_spec
def without_pydantic(name, *where):
    return None if name.split('.')[0] == 'pydantic' else find(name, *where)
PathFinder.find_spec = without_pydantic
"""


def test_detectors_run_without_pydantic(tmp_path: Path) -> None:
    found = run(real_ones(tmp_path), code=f"{HIDDEN}{CODE}assert 'pydantic' not in sys.modules")
    assert found
