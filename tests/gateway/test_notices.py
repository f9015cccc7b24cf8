"""Answers say that something is out of the ordinary, and not what."""

from __future__ import annotations

from threegate.gateway.access.rule_trips import Bands
from threegate.gateway.notices import HEADER, Notices
from threegate.policy.lifecycle.bands import BandExit, BandSide, Count
from threegate.policy.lifecycle.machine import Activation
from threegate.policy.model import CompiledPolicy

AT = "2026-11-25T08:00:00.000+00:00"
POLICY = CompiledPolicy("p", "test")
STOPPED = BandExit("p", "secret.rule", BandSide.ABOVE, Count(100, 50), AT)


def test_nothing_to_say() -> None:
    assert Notices(Bands()).headers(POLICY) == {}


def test_an_emergency_and_a_stopped_rule() -> None:
    notices = Notices(Bands(), Activation("p", AT, "al", emergency=True))
    assert notices.headers(POLICY) == {HEADER: "emergency-policy"}
    notices.bands.update((STOPPED,))
    assert notices.headers(POLICY) == {HEADER: "emergency-policy, rule-stopped"}
    assert notices.headers(CompiledPolicy("other", "test")) == {HEADER: "emergency-policy"}
