"""Runs the scanners of the active policies once before the first call.

Automata, suffix lists and number tables are built on first use, which together takes a second
during which every call would be blocked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from threegate.detectors.detector_set import DetectorSet
from threegate.detectors.registry import DETECTORS
from threegate.detectors.views import viewed
from threegate.gateway.access.resolved_policy import PolicyResolver, ResolvedPolicy
from threegate.policy.model import CompiledPolicy, PolicySet
from threegate.types import Caller, Channel, Layer, Passage, TextLocation

OFTEN = frozenset(
    (
        *("email", "phone", "cn_mobile", "cn_id", "bank_card", "ip", "address"),
        *("password", "secrets.generic_key"),
    )
)
_LOCUS = TextLocation(Layer.INPUT, Channel.USER)


def warm(policies: PolicySet, detector_set_for: Callable[[CompiledPolicy], DetectorSet]) -> None:
    """Scans examples of the most frequent kinds as each channel of each policy would; rarer
    recognizers are built when they are first needed, which saves memory."""
    text = "\n".join(_examples())
    viewed(Passage(_LOCUS, text))
    for policy in {binding.policy.digest: binding.policy for binding in policies.bindings}.values():
        detector_set = detector_set_for(policy)
        for kinds in set(_scanned(PolicyResolver().of(policy, Caller(), detector_set))):
            detector_set.patterns.fast_path(kinds)
            detector_set.patterns.scan(Passage(_LOCUS, text), kinds, final=False)


def _examples() -> Iterator[str]:
    for recognizer in (r for r in DETECTORS if r.info.id in OFTEN):
        yield next(e.text for e in recognizer.info.examples if e.values)


def _scanned(resolved: ResolvedPolicy) -> Iterator[frozenset[str]]:
    yield from (rules.patterns for rules in resolved.input.values())
    yield from (guard.pattern_kinds for guard in resolved.output.values())
