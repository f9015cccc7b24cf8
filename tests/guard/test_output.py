"""Which channels may leave as they grow."""

from __future__ import annotations

import pytest
from threegate.detectors.base import DetectorInfo
from threegate.guard.output import channel_guards
from threegate.policy.model import Claims, Rule, StreamMode
from threegate.types import CLAIM_KINDS, Action, Bilingual, Caller, Channel

from tests.gateway.answer.test_guarded_answer import Growing
from tests.gateway.shell import BadWords, policy, rule, suite

FACTS = BadWords(info=DetectorInfo("claims", CLAIM_KINDS, Bilingual("事实", "facts")))
HARM = rule("harm", Action.BLOCK, "hazard.test")


def checked(on_no_source: Action) -> Rule:
    return rule("facts", Action.FLAG, claims=Claims(on_no_source=on_no_source))


@pytest.mark.parametrize(
    ("rules", "without", "with_sources"),
    [
        ((HARM,), True, True),
        ((HARM, checked(Action.ALLOW)), True, False),
        ((HARM, checked(Action.BLOCK)), False, False),
        ((HARM, rule("out", Action.REDACT, "hazard.test")), False, False),
        ((HARM, rule("out", Action.REDACT, "hazard.test", stream=StreamMode.CUT)), True, True),
        ((rule("out", Action.BLOCK, "hazard.test", stream=StreamMode.CUT),), False, False),
    ],
)
def test_an_edit_and_a_fact_check_hold_whole_sentences(
    rules: tuple[Rule, ...], without: bool, with_sources: bool
) -> None:
    detectors = suite(Growing(), FACTS)
    guards = channel_guards(
        policy(*rules), Caller(), "2026-11-30", same=False, kinds_of=detectors.kinds_of,
        needs=detectors,
    )  # fmt: skip
    content = guards[Channel.CONTENT]
    assert content.releases_early(sources=False) is without
    assert content.releases_early(sources=True) is with_sources
