from __future__ import annotations

import io
import json

import pytest
from rich.console import Console
from threegate.demo.conversations import CONVERSATIONS
from threegate.demo.play import Acted, Played, Said
from threegate.demo.show import as_json, show
from threegate.types import Bilingual

FIRST = CONVERSATIONS[0]
GOT = Said(content="done", calls=(("send_sms", '{"a":1}'),))
RULE = Acted("input", "base.pii.id_card", "mask", "pii.cn.id_card", False)
TITLES = {"base.pii.id_card": Bilingual("身份证号脱敏", "Mask ID numbers")}


def printed(played: Played, language: str) -> str:
    out = io.StringIO()
    show(played, TITLES, language, Console(file=out, width=200))
    return out.getvalue()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ["客户端发送", "模型看到", "脱敏", "居民身份证号", "身份证号脱敏"]),
        ("en", ["the client sent", "the model saw", "masked", "Mask ID numbers", "send_sms"]),
    ],
)
def test_both_sides_and_the_rule(language: str, words: list[str]) -> None:
    said = printed(Played(FIRST, "r", GOT, FIRST.body, GOT, (RULE,)), language)
    assert not [word for word in words if word not in said]


def test_a_stopped_call_and_an_unknown_one() -> None:
    assert "never reached the model" in printed(Played(FIRST, "r", GOT, {}, None, (RULE,)), "en")
    said = printed(Played(FIRST, "r", Said(note={"rule_id": "a.b"})), "en")
    assert "cannot be seen from here" in said
    assert "a.b" in said


def test_json() -> None:
    made = json.loads(json.dumps(as_json(Played(FIRST, "r", GOT, {}, None, (RULE,)))))
    assert made["acted"][0]["rule"] == "base.pii.id_card"
    assert (made["seen"], made["said"], made["got"]["content"]) == ({}, None, "done")
