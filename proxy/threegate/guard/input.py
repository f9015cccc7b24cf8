"""Layer 1: every text of a request, judged and edited. Pure: the shell has run the detectors.

All texts are judged, whatever their role and however old. If the strongest action is block or
answer, the call ends; masks and redactions give new texts by JSON pointer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import partial
from typing import Final

from threegate.guard.byte_readings import edited_reading
from threegate.guard.decide import RuleSet
from threegate.guard.masking.mask import MaskMap
from threegate.guard.redact import TERMINAL, Renderer
from threegate.guard.second_opinion import Opinions
from threegate.policy.model import CompiledPolicy, Rule
from threegate.types import (
    Caller,
    Channel,
    Failed,
    Finding,
    Layer,
    Ruling,
    TextLocation,
    Verdict,
    frozen,
)


@frozen
class ScannedText:
    """One text of the request and what the detectors reported for it."""

    locus: TextLocation
    pointer: str
    text: str = field(repr=False)
    findings: tuple[Finding, ...] = ()
    failures: tuple[Failed, ...] = ()
    opinions: Opinions = field(default_factory=dict)


@frozen
class InputResult:
    """`texts` holds the edited texts by JSON pointer, `kinds` what was found (for layer 2
    clauses)."""

    verdict: Verdict
    texts: Mapping[str, str] = field(repr=False)
    kinds: frozenset[str]

    @property
    def stop(self) -> Ruling | None:
        return strongest_stop(self.verdict.ruled)


def rule_sets(
    policy: CompiledPolicy,
    layer: Layer,
    caller: Caller,
    today: str,
    kinds_of: Mapping[str, tuple[str, ...]],
) -> dict[Channel, RuleSet]:
    """The rules on every channel of a layer, for one caller; arguments as in `RuleSet.of`."""
    return {c: RuleSet.of(policy, layer, c, caller, today, kinds_of) for c in Channel}


def judge_input(
    scans: Sequence[ScannedText],
    by_channel: Mapping[Channel, RuleSet],
    masks: MaskMap,
    language: str,
) -> InputResult:
    """One verdict on all texts of a request, and the edited texts by the pointers of their slots.
    `language` (zh, en) is that of replacements."""
    ruled: list[Ruling] = []
    rulings: dict[str, dict[str, list[Ruling]]] = {}
    for scan in scans:
        if not scan.findings and not scan.failures:
            continue
        rules = by_channel[scan.locus.channel]
        verdict = rules.verdict(_acted_on(scan), scan.failures, scan.text, opinions=scan.opinions)
        ruled += verdict.ruled
        rulings.setdefault(scan.pointer, {}).setdefault(scan.text, []).extend(verdict.ruled)
    texts = _edited(scans, rulings, by_channel, partial(Renderer, masks=masks, language=language))
    kinds = frozenset(
        [
            r.finding.kind
            for r in ruled
            if isinstance(r.finding, Finding) and (r.action or r.opinion is None)
        ]
    )
    return InputResult(Verdict.of(ruled), texts, kinds)


def _edited(
    scans: Sequence[ScannedText],
    rulings: Mapping[str, dict[str, list[Ruling]]],
    by_channel: Mapping[Channel, RuleSet],
    renderer: Callable[[Mapping[str, Rule]], Renderer],
) -> dict[str, str]:
    """The edited texts by pointer. `rulings` are by pointer and text: a text that was read together
    with others has some from each scan, bytes in several encodings have several texts."""
    channels: dict[str, Channel] = {}
    for scan in scans:
        if (readings := rulings.get(scan.pointer)) is not None:
            readings.setdefault(scan.text, [])
            channels[scan.pointer] = scan.locus.channel
    made = (
        (
            pointer,
            edited_reading(
                readings, renderer(by_channel[channels[pointer]].by_id), is_json=_is_json(pointer)
            ),
        )
        for pointer, readings in rulings.items()
    )
    return {pointer: new for pointer, new in made if new is not None}


_FETCHED: Final = re.compile(r"/(?:messages|input)/.*/(?:image|video|audio|file)_url(?:/url)?")
_ADDRESS: Final = re.compile(r"https://[!-~]+")
_SIGNATURES: Final = frozenset(("secrets.presigned", "secrets.azure_sas"))


def _acted_on(scan: ScannedText) -> tuple[Finding, ...]:
    """Leaves out the signature of a URL that the client gives the model API to fetch: it grants
    temporary access to that one file, which cannot be fetched without it."""
    if not (_FETCHED.fullmatch(scan.pointer) and _ADDRESS.fullmatch(scan.text)):
        return scan.findings
    return tuple(f for f in scan.findings if f.detector not in _SIGNATURES)


def _is_json(pointer: str) -> bool:
    """Whether the text of a slot is JSON text made readable."""
    return pointer.endswith("#json")


def strongest_stop(ruled: Sequence[Ruling]) -> Ruling | None:
    """The ruling that ends the call, if one does: the strongest, then the first."""
    stops = [r for r in ruled if r.action in TERMINAL and not r.shadow]
    return max(stops, key=lambda r: r.action, default=None)
