from __future__ import annotations

import pytest
from threegate.console.errors import ConsoleError
from threegate.console.kind_levels import (
    level_of,
    named_in,
    with_kind,
    with_level,
    without_kind,
)
from threegate.policy.language.load import load_text
from threegate.policy.schema import Rule
from threegate.types import Level

PACK = """\
pack: p
title: {zh: 甲, en: A}
rules:
  - id: p.one
    title: {zh: 一, en: One}
    owner: legal
    why: [owasp.llm02]
    layer: input
    where: [user]
    # both
    detect: {any: [pii.cn, pii.email]}
    level: medium
    then: flag
"""


def rule(text: str) -> Rule:
    pack, problems = load_text(text.encode(), "p")
    assert pack is not None, problems
    (found,) = pack.rules
    assert isinstance(found, Rule)
    return found


def test_a_kind_has_its_own_level_in_a_rule() -> None:
    wide = with_level(PACK, "p.one", "pii.cn", "high")
    narrow = with_level(wide, "p.one", "pii.cn.mobile", "low")
    assert level_of(rule(wide), "pii.cn.mobile") is Level.HIGH
    assert level_of(rule(narrow), "pii.cn.mobile") is Level.LOW  # before its family's
    assert level_of(rule(narrow), "pii.cn.plate") is Level.HIGH
    assert level_of(rule(narrow), "pii.email") is Level.MEDIUM
    back = with_level(with_level(narrow, "p.one", "pii.cn", ""), "p.one", "pii.cn.mobile", "")
    assert back == PACK
    with pytest.raises(ConsoleError):
        with_level(PACK, "p.one", "pii.cn", "sure")


def test_a_rule_looks_for_one_kind_more_or_less() -> None:
    more = with_kind(PACK, "p.one", "secret")
    assert rule(more).detect.any == ("pii.cn", "pii.email", "secret")
    assert "# both" in more
    less = without_kind(with_level(more, "p.one", "secret", "high"), "p.one", "secret")
    assert less == PACK
    assert named_in(rule(PACK), "pii.email")
    assert not named_in(rule(PACK), "pii.cn.mobile")
    with pytest.raises(ConsoleError):
        without_kind(without_kind(PACK, "p.one", "pii.cn"), "p.one", "pii.email")
