"""Every rule of the tables against its own examples, and what stays alone."""

from __future__ import annotations

import re

import pytest
import re2
from threegate.detectors.engine.context import ScanText
from threegate.detectors.registry import scanner
from threegate.detectors.secrets.engine import recognizer
from threegate.detectors.secrets.rule_loader import load, load_all
from threegate.detectors.secrets.shapes import ALNUM, HEX, sample, shaped
from threegate.types import Channel, Layer, Passage, TextLocation

LOCUS = TextLocation(Layer.INPUT, Channel.USER)
SECRETS = scanner(frozenset({"secret"}))

HARMLESS = (
    "commit 8f63fd13731361ad0f11cfddd27f5f68ae294981 fixes the login page",
    '"integrity": "sha512-k7Rw2mXq9Zb4tLc8Vn3Hs6Yd1Fj5Gp0AeBfCuDiEoJzKxMvNgPhQaSyTrUlWkIO==",',
    "request id 555ea4a3-d53a-4412-9c66-3a7cb667b0d6 failed",
    '<img src="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4">',
    ".button-primary-large { background: url(/assets/icons-0a1b2c3d4e5f6a7b8c9d.svg) }",
    "md5: d41d8cd98f00b204e9800998ecf8427e  empty.txt",
    "public_key = 9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit",
    "docker run -u 1000:1000 -v /data:/data image:1.2.3",
    "token = tokenizer.encode(text_with_long_name)",
    "密钥长度不少于32位，令牌有效期为两小时",
    "curl -u $USER:$PASSWORD https://host/",
)


def test_there_are_at_least_150_and_ids_are_unique() -> None:
    ids = [r.id for r in load_all()]
    assert len(ids) == len(set(ids))
    assert len(ids) >= 150


@pytest.mark.parametrize("name", ["cloud", "apps", "cn"])
def test_a_rule_finds_its_true_examples_and_not_its_false_ones(name: str) -> None:
    for rule in load(name):
        assert re2.compile(rule.pattern)
        find = recognizer(rule).find
        for example in rule.examples:
            found = [example.text[h.start : h.end] for h in find(ScanText(example.text))]
            assert tuple(found) == example.values, rule.id
            if example.values:
                assert any(k in example.text.lower() for k in rule.keywords), rule.id


@pytest.mark.parametrize("text", HARMLESS)
def test_hashes_ids_and_code_are_no_secrets(text: str) -> None:
    assert SECRETS.scan(Passage(LOCUS, text)).findings == ()


def test_a_key_behind_a_backslash_keeps_its_first_letter() -> None:
    """`\\npm_…` is a key behind a backslash, and no key `pm_…` behind a line break. What has left
    a stream before the rest of a key arrives is none of it."""
    rules = [rule for name in ("keys", "cloud", "apps") for rule in load(name)]
    values = [v for rule in rules for example in rule.examples for v in example.values]
    keys = [v for v in values if re.match(r"[nrt][a-z0-9]{1,7}[_-]", v)]
    assert len(keys) > 20
    for key in keys:
        text = rf"is \{key} ok"
        (found,) = SECRETS.scan(Passage(LOCUS, text)).findings
        assert found.span.start == 4, key
        for end in range(4, 16):
            assert SECRETS.scan(Passage(LOCUS, text[:end]), final=False).settled <= 4, text[:end]


def test_a_sample_fits_its_alphabet_and_is_the_same_each_time() -> None:
    assert sample(HEX, 40) == sample(HEX, 40)
    assert set(sample(HEX, 64)) <= set("0123456789abcdef")
    assert len(sample(ALNUM, 100)) == 100


HEX_32 = {"alphabet": "HEX", "length": 32}


def test_lengths_bind_at_both_ends() -> None:
    find = recognizer(shaped({"id": "t", "en": "Test", "prefixes": ["tok_"], **HEX_32})).find
    for length, hits in ((31, 0), (32, 1), (33, 0)):
        assert len(list(find(ScanText("x tok_" + sample(HEX, length))))) == hits
    find = recognizer(shaped({"id": "n", "en": "Named", "names": ["acme"], **HEX_32})).find
    assert list(find(ScanText(f"acme_key={sample(HEX, 32)}")))
    assert not list(find(ScanText(f"pharmacme_key={sample(HEX, 32)}")))
