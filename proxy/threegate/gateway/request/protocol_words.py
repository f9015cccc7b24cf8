"""Words of the protocol in a request (roles, types, ids, names of models), checked by patterns.

They are short and without spaces, so models do not read them, nor are they read together with the
texts around them. An id with a finding is replaced as a whole by one that APIs accept, the same in
the whole conversation, so that calls and their results still belong together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from threegate.detectors.detector_set import DetectorSet
from threegate.detectors.engine.budget import Budget
from threegate.gateway.access.resolved_policy import InputRules
from threegate.guard.input import ScannedText
from threegate.types import Channel, Finding, Passage
from threegate.wire.adapter import Slot
from threegate.wire.words import IDS

MODEL: Final = "/model"
_PERSONAL: Final = "pii."


def split(slots: Sequence[Slot]) -> tuple[tuple[Slot, ...], tuple[Slot, ...]]:
    """The texts and the words of a request."""
    words = tuple([s for s in slots if s.word])
    return (tuple([s for s in slots if not s.word]) if words else tuple(slots)), words


async def scan_words(
    detector_set: DetectorSet,
    words: Sequence[Slot],
    channels: Mapping[Channel, InputRules],
    budget: Budget,
) -> list[ScannedText]:
    """The words in which patterns found something, or failed."""
    found: list[ScannedText] = []
    for channel, rules in channels.items():
        own = [word for word in words if word.locus.channel is channel]
        passages = [Passage(word.locus, word.text) for word in own]
        judged = await detector_set.check(passages, rules.patterns, {}, budget) if own else []
        for word, judgement in zip(own, judged, strict=True):
            findings = tuple(_relevant(word, judgement.findings))
            if findings or judgement.failures:
                failures = judgement.failures
                found.append(ScannedText(word.locus, word.pointer, word.text, findings, failures))
    return found


def _relevant(word: Slot, findings: Sequence[Finding]) -> Iterator[Finding]:
    """Without what only looks like somebody's number: account numbers and dates in names of models
    (`arn:aws:bedrock:…`), a time and a counter in ids (`call_1762407422_6`)."""
    for finding in findings:
        personal = finding.kind.startswith(_PERSONAL)
        grouped = "_" in word.text[finding.span.start : finding.span.end]
        if not personal or not (grouped or word.pointer == MODEL):
            yield finding


def with_ids(texts: Mapping[str, str], words: Sequence[Slot], key: bytes) -> dict[str, str]:
    """The edited texts, with ids in place of those ids that were edited."""
    ids = {
        word.pointer: _id(word.text, key)
        for word in words
        if word.pointer in texts and word.pointer.rpartition("/")[2] in IDS
    }
    return {**texts, **ids}


def _id(text: str, key: bytes) -> str:
    return f"id_{hashlib.blake2b(text.encode(), key=key[:64], digest_size=12).hexdigest()}"
