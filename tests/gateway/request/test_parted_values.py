"""A value that the ends of two parts of a turn cut is masked in both, and comes back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from threegate.detectors.detector_sets import DetectorSets
from threegate.detectors.engine.budget import Budget
from threegate.detectors.judged_texts import Judgement
from threegate.gateway.request.input_layer import input_layer
from threegate.gateway.request.parted_values import _turns, with_parted_values
from threegate.guard.masking.placeholders import PlaceholderFinder
from threegate.policy.model import CompiledPolicy
from threegate.types import Action, Channel, Finding, Layer, Level, Passage, Span, TextLocation
from threegate.wire.adapter import Api, Slot

from tests.gateway.calls import HI, call_of, deps_of
from tests.gateway.shell import policy, rule
from tests.guard.restoring import restored

SUITE = DetectorSets(()).of(CompiledPolicy("digest", "own"))
KINDS = frozenset({"pii", "secret", "injection"})
TOKEN = "ghp_" + "aB3dE6gH9k" * 3 + "mN4pQ7"


def slots(texts: Sequence[str], message: int = 0) -> list[Slot]:
    locus = TextLocation(Layer.INPUT, Channel.USER, message=message)
    at = f"/messages/{message}/content"
    return [Slot(locus, f"{at}/{n}/text", text) for n, text in enumerate(texts)]


async def found(made: Sequence[Slot]) -> list[list[tuple[str, str]]]:
    passages = [Passage(slot.locus, slot.text) for slot in made]
    judged = await SUITE.check(passages, KINDS, {}, Budget())
    out = await with_parted_values(SUITE, made, judged, KINDS, Budget())
    return [
        [
            (f.kind, slot.text[f.span.start : f.span.end])
            for f in judgement.findings
            if f.level >= Level.MEDIUM
        ]
        for slot, judgement in zip(made, out, strict=True)
    ]


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (("电话139876", "54321，谢谢"), [["139876"], ["54321"]]),
        (("mail lena.k@bright", "mail.com today"), [["lena.k@bright"], ["mail.com"]]),
        (("卡 62220212", "34567", "890128 的"), [["62220212"], ["34567"], ["890128"]]),
        ((f"token {TOKEN[:20]}", f"{TOKEN[20:]} leaked"), [[TOKEN[:20]], [TOKEN[20:]]]),
        (("x" * 2000 + " 电话139876", "54321" + " y" * 2000), [["139876"], ["54321"]]),
        (("a 13987654321", " and 13987654322"), [["13987654321"], ["13987654322"]]),
        (("order 139876", "54321 pieces"), [[], []]),
        (("It is 12.", "5 of 13 came."), [[], []]),
    ],
)
async def test_a_value_over_two_parts(texts: Sequence[str], values: list[list[str]]) -> None:
    assert [[value for _, value in part] for part in await found(slots(texts))] == values


async def test_parts_of_different_turns_are_not_one_text() -> None:
    assert await found([*slots(["139876"]), *slots(["54321"], message=2)]) == [[], []]


async def test_what_a_part_looked_like_by_itself_gives_way() -> None:
    """A number of Hong Kong that is the beginning of a card."""
    one, two = await found(slots(("电话 6222 0212", "3456 7890 128 是卡号")))
    assert {kind for kind, _ in (*one, *two)} == {"pii.bank_card"}


async def test_what_reaches_further_than_the_value_stays() -> None:
    made = slots(("key: aB3dE6gH9kmN4pQ7 电话139876", "54321"))
    text = made[0].text
    wide = Finding("any", "secret.api_key", Span(5, len(text)), 1.0, Level.HIGH, made[0].locus)
    first, _ = await with_parted_values(
        SUITE, made, [Judgement((wide,)), Judgement()], KINDS, Budget()
    )
    assert {f.kind for f in first.findings} == {"secret.api_key", "pii.cn.mobile"}


def test_only_the_end_of_a_long_part_is_searched() -> None:
    """From its beginning, ten million letters would keep the event loop busy for a minute."""
    assert list(_turns(slots(("A1" * 5_000_000 + "。", "5")))) == []


async def test_a_reading_that_fails_is_no_reading_without_findings() -> None:
    made = slots(("139876", "54321"))
    (first, _) = await with_parted_values(SUITE, made, [Judgement()] * 2, KINDS, Budget(cpu_s=0))
    assert first.failures


@pytest.mark.parametrize("api", [Api.CHAT, Api.MESSAGES])
async def test_both_halves_are_masked_and_come_back(tmp_path: Path, api: Api) -> None:
    channels = frozenset({Channel.USER})
    rules = policy(
        rule("mobile", Action.MASK, "pii.cn.mobile", layer=Layer.INPUT, channels=channels)
    )
    deps = deps_of(tmp_path, rules)
    parts = [{"type": "text", "text": text} for text in ("call 139876", "54321 now")]
    asked = {**HI, "max_tokens": 9, "messages": [{"role": "user", "content": parts}]}
    call, _ = call_of(deps, rules, asked, api=api)
    assert await input_layer(call) is not None
    first, second = (part["text"] for part in call.body["messages"][0]["content"])
    assert "139876" not in first
    assert "54321" not in second
    finder = PlaceholderFinder(call.masks)
    assert restored(finder, first + second) == "call 13987654321 now"
    await deps.upstreams.aclose()
