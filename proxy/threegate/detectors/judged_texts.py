"""A cache of findings by the hash of the text, for texts that may be scanned again. Holds no text.

The number of texts and that of findings are bounded: a text made of nothing but values has
thousands of findings of some 200 bytes each, with which a client could fill the memory.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from threegate.types import Failed, Finding, frozen


@frozen
class Judgement:
    findings: tuple[Finding, ...] = ()
    failures: tuple[Failed, ...] = ()


@dataclass(slots=True)
class JudgedTexts:
    """At most `texts` judgements with at most `findings` findings together; the least recently used
    are dropped. A judgement with more than `largest` findings is not kept, so that it does not push
    out all others."""

    texts: int
    findings: int
    largest: int
    _kept: OrderedDict[bytes, Judgement] = field(default_factory=OrderedDict, repr=False)
    _found: int = 0

    def get(self, key: bytes) -> Judgement | None:
        known = self._kept.get(key)
        if known is not None:
            self._kept.move_to_end(key)
        return known

    def put(self, key: bytes, judgement: Judgement) -> None:
        self.pop(key)
        if len(judgement.findings) > self.largest:
            return
        self._kept[key] = judgement
        self._found += len(judgement.findings)
        while len(self._kept) > self.texts or self._found > self.findings:
            self.pop(next(iter(self._kept)))

    def pop(self, key: bytes) -> Judgement | None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._found -= len(gone.findings)
        return gone
