from __future__ import annotations

import pytest
import re2
from threegate.detectors.registry import DETECTORS, scanner
from threegate.detectors.secrets.pem import MAX_PEM
from threegate.detectors.secrets.rule_loader import load_all
from threegate.detectors.secrets.values import entropy
from threegate.types import Channel, Finding, Layer, Level, Passage, TextLocation

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


@pytest.mark.parametrize("removed", ["[secret removed]", "[密钥已删除]"])
def test_what_was_removed_is_no_secret_again(removed: str) -> None:
    """In an answer that repeats a request, and in the next turn."""
    for example in (e for r in DETECTORS for e in r.info.examples if e.values):
        text = example.text
        for finding in reversed(sure(text)):
            text = text[: finding.span.start] + removed + text[finding.span.end :]
        found = [text[f.span.start : f.span.end] for f in sure(text)]
        assert not [value for value in found if removed[:4] in value], example.text


def sure(text: str) -> list[Finding]:
    return [f for f in SECRETS.scan(Passage(LOCUS, text)).findings if f.level is Level.HIGH]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("密码Hello2026!", "Hello2026!"),
        ("我把服务器密码改成了Xk!2026@Ren，写进文档", "Xk!2026@Ren"),
        ("'MAIL_PASSWORD' => 'qzkwmvbtrnxjhdgb'", "qzkwmvbtrnxjhdgb"),
        ("echo 'root:Rk7vTq2mXz' | chpasswd", "Rk7vTq2mXz"),
        ("会议号 829，密码 Xk92mQpL", "Xk92mQpL"),
        ("密码 Base64Encode，密码 Pbkdf2Sha", ""),
        ("密码Windows2026!", ""),
        ("密码AES-256!", ""),
        ("密码Base64!", ""),
        ("password: zhangchengshuai", ""),
    ],
)
def test_passwords_that_base_removes(text: str, value: str) -> None:
    assert [text[f.span.start : f.span.end] for f in sure(text)] == [value] * bool(value)
