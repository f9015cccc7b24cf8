from __future__ import annotations

import random
import re

import re2
from threegate.detectors.engine import byte_patterns
from threegate.detectors.registry import scanner
from threegate.detectors.secrets.candidates import placer
from threegate.detectors.secrets.pem import MAX_PEM
from threegate.detectors.secrets.rule_loader import load_all
from threegate.detectors.secrets.values import entropy, secrets_of
from threegate.normalize import re2_spans
from threegate.types import Channel, Layer, Passage, TextLocation

RULES = load_all()
LOCUS = TextLocation(Layer.INPUT, Channel.USER)
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


_SIGNS = ("=", "==", "->", "base64:", "K", "ſ", "9", "/", " ", '"', ":", "x", "密", "\n", "\v", ".")
_VALUED = [rule for rule in RULES if "(?P<value>" in rule.pattern]


def told(pattern: str, data: bytes) -> list[tuple[int, int, int]]:
    """Where matches and values lie, by the groups of each match."""
    full = re2.compile(pattern)
    spans = re2_spans.spans(re2.compile(byte_patterns.ungrouped(pattern)), data)
    group = full.groupindex["value"]
    return [(start, *re2_spans.groups(full, data, start)[group]) for start, _ in spans]


def test_values_told_without_groups_are_those_of_the_groups() -> None:
    rng, count = random.Random(3), 0
    for rule in _VALUED:
        places = placer(rule.pattern)
        for example in rule.examples * 60:
            at = rng.randrange(len(example.text) + 1)
            text = example.text[:at] + rng.choice(_SIGNS) + example.text[at:]
            data = (text + rng.choice(_SIGNS) + text).encode()
            expected = told(rule.pattern, data)
            assert list(zip(*places(data), strict=True)) == expected, rule.id
            count += len(expected)
    assert count > 9000


def test_values_by_the_hundred_are_those_of_the_groups() -> None:
    rng, count = random.Random(4), 0
    plain = [sign for sign in _SIGNS if sign.isascii()]
    for rule in _VALUED:
        parts = [e.text[: rng.randrange(len(e.text))] for e in rule.examples * 20]
        parts += [e.text for e in rule.examples * 100]
        rng.shuffle(parts)
        data = "".join(part + rng.choice(plain) for part in parts if part.isascii()).encode()
        expected = told(rule.pattern, data)
        assert list(zip(*placer(rule.pattern)(data), strict=True)) == expected, rule.id
        count += len(expected)
    assert count > 20_000


def test_many_values_are_judged_as_each_alone() -> None:
    rng = random.Random(5)
    signs = (
        "",
        "\n",
        "example",
        "xxxxx",
        "=",
        "a" * 30,
        ".py",
        "密",
        "1234567890",
        "/",
        "env",
        "${",
    )
    for rule in RULES:
        secrets = secrets_of(rule.entropy, rule.allow)
        drawn = [value for example in rule.examples for value in example.values]
        shaped = [re.sub("[a-z]", rng.choice("abc1X"), value) for value in drawn]
        values = [
            (
                value[: (at := rng.randrange(len(value) + 1))] + rng.choice(signs) + value[at:]
            ).encode()
            for value in (*drawn, *shaped) * 40
        ]
        assert len(values) >= 64
        alone = [n for n, value in enumerate(values) if list(secrets([value]))]
        assert list(secrets(values)) == alone, rule.id
        lines = [n for n, value in enumerate(values) if b"\n" not in value]
        assert list(secrets([values[n] for n in lines])) == [
            at for at, n in enumerate(lines) if n in set(alone)
        ], rule.id
