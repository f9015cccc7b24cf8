"""Layer 1: every text judged, edits applied, a stop found."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from threegate.guard.input import ScannedText, judge_input, rule_sets
from threegate.guard.masking.mask import MaskMap
from threegate.policy.model import MaskStyle, Rule
from threegate.types import Action, Bilingual, Channel, Finding, Layer, Level, Span, TextLocation

from tests.guard.build import CALLER, failed, policy, rule


def scanned(text: str, *hits: tuple[str, str], channel: Channel = Channel.USER) -> ScannedText:
    locus = TextLocation(Layer.INPUT, channel, message=0)
    found = tuple(
        Finding("d", kind, Span(text.index(v), text.index(v) + len(v)), 1.0, Level.HIGH, locus)
        for kind, v in hits
    )
    return ScannedText(locus, f"/messages/0/{channel}", text, found)


def run(rules: list[Rule], *texts: ScannedText) -> tuple[dict[str, str], Action, str]:
    kinds = {"d": ("pii.email",)}
    by_channel = rule_sets(policy(*rules), Layer.INPUT, CALLER, "2026-11-25", kinds)
    result = judge_input(texts, by_channel, MaskMap(b"k" * 32), "en")
    return dict(result.texts), result.verdict.action, result.stop.rule_id if result.stop else ""


def test_masks_redactions_and_hashes_stand_in_the_text() -> None:
    rules = [
        rule("mail", Action.MASK, "pii.email"),
        rule("key", Action.REDACT, "secret", replacement=Bilingual("[无]", "[gone]")),
        rule("tel", Action.MASK, "pii.phone", style=MaskStyle.HASH),
    ]
    text = scanned(
        "a@b.cc, KEY, 123", ("pii.email", "a@b.cc"), ("secret.x", "KEY"), ("pii.phone", "123")
    )
    texts, action, stop = run(rules, text)
    (new,) = texts.values()
    assert new.startswith("[EMAIL_")
    assert "[gone], [PHONE#" in new
    assert (action, stop) == (Action.REDACT, "")


def test_of_overlapping_findings_nothing_is_left() -> None:
    rules = [rule("a", Action.MASK, "a"), rule("b", Action.REDACT, "b")]
    (new,) = run(rules, scanned("xx12345yy", ("a", "1234"), ("b", "345")))[0].values()
    assert new == "xx[B_REMOVED]yy"


def test_a_block_wins_and_names_its_rule() -> None:
    rules = [rule("m", Action.MASK, "a"), rule("stop", Action.BLOCK, "b")]
    _, action, stop = run(rules, scanned("1 2", ("a", "1"), ("b", "2")))
    assert (action, stop) == (Action.BLOCK, "stop")


def test_rules_of_other_channels_do_not_act() -> None:
    text = scanned("1", ("a", "1"), channel=Channel.TOOL_RESULT)
    assert run([rule("r", Action.BLOCK, "a")], text) == ({}, Action.ALLOW, "")


def test_a_detector_that_failed_closes_the_guard() -> None:
    text = scanned("1")
    unjudged = ScannedText(text.locus, text.pointer, text.text, (), (failed(),))
    assert run([rule("r", Action.MASK, "pii.email")], unjudged)[1:] == (Action.BLOCK, "r")


@pytest.mark.parametrize("replacement", ["[personal data removed]", 'a "b"'])
def test_a_redacted_number_in_arguments_becomes_a_string(replacement: str) -> None:
    rules = [rule("mail", Action.REDACT, "pii.email", replacement=Bilingual("", replacement))]
    text = scanned('{"n": [1, 13912345678]}', ("pii.email", "13912345678"))
    text = replace(text, pointer="/messages/0/tool_calls/0/function/arguments#json")
    (new,) = run(rules, text)[0].values()
    assert json.loads(new) == {"n": [1, replacement]}


SIGNED = "https://b.s3.amazonaws.com/photo.jpg?X-Amz-Signature=KEY"


@pytest.mark.parametrize(
    ("pointer", "text", "kept"),
    [
        ("/messages/0/content/1/image_url/url", SIGNED, True),
        ("/input/0/content/0/image_url", SIGNED, True),
        ("/messages/0/content/1/image_url/url", f"look at {SIGNED}", False),
        ("/messages/0/content/1/image_url/url", f"https://a.example and {SIGNED}", False),
        ("/metadata/image_url", SIGNED, False),
        ("/messages/0/content/1/image_url/detail", SIGNED, False),
        ("/messages/0/content", SIGNED, False),
    ],
)
def test_an_address_that_the_model_api_fetches_keeps_its_signature(
    pointer: str, text: str, kept: bool
) -> None:
    rules = [rule("key", Action.REDACT, "secret", replacement=Bilingual("[无]", "[gone]"))]
    found = scanned(text, ("secret.api_key", "KEY"))
    signature = replace(found.findings[0], detector="secrets.presigned")
    for finding, same in ((signature, kept), (replace(signature, detector="secrets.aws"), False)):
        texts = run(rules, replace(found, pointer=pointer, findings=(finding,)))[0]
        assert (not texts) is same


def test_a_failure_of_a_later_look_at_a_text_brings_nothing_back() -> None:
    """The parts of a turn are looked at together too, and the last one carries what failed."""
    text = scanned("mail a@b.cc", ("pii.email", "a@b.cc"))
    together = ScannedText(text.locus, text.pointer, text.text, (), (failed(),))
    rules = [
        rule("mail", Action.MASK, "pii.email", on_timeout=Action.REDACT, on_error=Action.REDACT)
    ]
    (new,) = run(rules, text, together)[0].values()
    assert new.startswith("[UNCHECKED]mail [EMAIL_")
