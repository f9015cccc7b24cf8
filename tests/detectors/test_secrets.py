from __future__ import annotations

import random

import re2
from threegate.detectors import linear, scanner, secret_rules_forms, secret_rules_keys
from threegate.detectors.pem import MAX_PEM
from threegate.detectors.secrets import entropy, valued
from threegate.normalize import re2_spans
from threegate.types import Channel, Layer, Locus, Passage

RULES = (*secret_rules_keys.RULES, *secret_rules_forms.RULES)
LOCUS = Locus(Layer.INPUT, Channel.USER)
SECRETS = scanner(frozenset({"secret"}))


def test_rules_are_sound() -> None:
    ids = [r.id for r in RULES]
    assert len(ids) == len(set(ids))
    for rule in RULES:
        assert re2.compile(rule.pattern)
        assert rule.keywords
        assert all(k == k.lower() for k in rule.keywords)
        assert any(e.values for e in rule.examples), rule.id


def test_keywords_are_in_every_true_example() -> None:
    for rule in RULES:
        for example in rule.examples:
            if example.values:
                assert any(k in example.text.lower() for k in rule.keywords), rule.id


def test_entropy_in_bits_a_character() -> None:
    assert entropy("aaaa") == 0
    assert entropy("abcd") == 2


def test_a_private_key_without_its_end_is_held_then_bounded() -> None:
    begin = "-----BEGIN RSA PRIVATE KEY-----\n"
    text = "key: " + begin + "MIIE" * 40
    scanned = SECRETS.scan(Passage(LOCUS, text), final=False)
    assert scanned.settled == 5
    endless = "key: " + begin + ("MIIE" * 15 + "\n") * (MAX_PEM // 60)
    (finding,) = SECRETS.scan(Passage(LOCUS, endless)).findings
    assert finding.span.start == 5
    assert finding.span.end - finding.span.start <= MAX_PEM


def test_placeholders_are_no_secrets() -> None:
    for text in (
        "api_key=<your-key-goes-here-now>",
        "token=${TOKEN_FROM_ENVIRONMENT}",
        "sk-****abcd",
        "secret: xxxxxxxxxxxxxxxxxxxx",
    ):
        assert SECRETS.scan(Passage(LOCUS, text)).findings == (), text


def test_values_told_without_groups_are_those_of_the_groups() -> None:
    rng, told = random.Random(3), 0
    signs = ("=", "==", "->", "base64:", "K", "ſ", "9", "/", " ", '"', ":", "x", "密", "\n", ".")
    for rule in (r for r in RULES if "(?P<value>" in r.pattern):
        full, value_of = re2.compile(rule.pattern), valued(rule.pattern)
        for example in rule.examples * 60:
            at = rng.randrange(len(example.text) + 1)
            text = example.text[:at] + rng.choice(signs) + example.text[at:]
            data = text.encode()
            for first, last in re2_spans.spans(re2.compile(linear.ungrouped(rule.pattern)), data):
                start, end = re2_spans.groups(full, data, first)[full.groupindex["value"]]
                value = value_of(data, first, last)
                assert value in (None, data[start:end]), rule.id
                told += value is not None
    assert told > 500
