"""Small rules, findings and callers for tests of the pure layers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from threegate.policy.model import CompiledPolicy, Detect, Rule
from threegate.types import (
    Action,
    Bilingual,
    Caller,
    Channel,
    Failed,
    Finding,
    Layer,
    Level,
    Reason,
    Span,
    TextLocation,
)

USER = TextLocation(Layer.INPUT, Channel.USER, message=0)
CALLER = Caller(tenant="retail", key_id="key_1", conversation="c1")


def rule(rule_id: str, action: Action, *kinds: str, **more: Any) -> Rule:
    made = Rule(
        rule_id,
        Layer.INPUT,
        Bilingual(rule_id, rule_id),
        frozenset({Channel.USER}),
        action,
        Detect(any=kinds),
    )
    return replace(made, **more)


def finding(kind: str, start: int = 0, end: int = 1, level: Level = Level.HIGH) -> Finding:
    return Finding("d", kind, Span(start, end), 0.9, level, USER)


def failed(reason: Reason = Reason.ERROR, detector: str = "d") -> Failed:
    return Failed(detector, reason, USER)


def policy(*rules: Rule, **more: Any) -> CompiledPolicy:
    return replace(CompiledPolicy("digest", "p", rules=rules), **more)
