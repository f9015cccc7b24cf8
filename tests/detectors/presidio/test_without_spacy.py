from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
from threegate.detectors.registry import scanner
from threegate.types import Channel, Layer, Passage, TextLocation
assert not [m for m in sys.modules if m.split('.')[0] in ('spacy', 'thinc', 'torch')]
passage = Passage(TextLocation(Layer.INPUT, Channel.USER), 'ABN 51 824 753 556')
(found,) = scanner().scan(passage).findings
assert found.kind == 'pii.au.abn'
import spacy, thinc.api
assert [t.text for t in spacy.blank('en')('a b')] == ['a', 'b']
print('fine')
"""


def test_detectors_run_without_spacy_and_leave_it_as_it_is() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "fine", done.stderr
