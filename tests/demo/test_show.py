from __future__ import annotations

import io
import json

import pytest
from rich.console import Console
from threegate.demo.conversations import CONVERSATIONS, Conversation
from threegate.demo.play import Acted, DemoAnswer, Played
from threegate.demo.show import as_json, show
from threegate.types import Bilingual

FIRST = CONVERSATIONS[0]
GOT = DemoAnswer(content="done", calls=(("send_sms", '{"a":1}'),))
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
        ("en", ["the client sent", "the model saw", ": mask pii.", "Mask ID numbers", "send_sms"]),
    ],
)
def test_both_sides_and_the_rule(language: str, words: list[str]) -> None:
    said = printed(Played(FIRST, "r", GOT, FIRST.body, GOT, (RULE,)), language)
    assert not [word for word in words if word not in said]


CLAIMS = [
    {
        "start": 0,
        "end": 8,
        "verdict": "supported",
        "score": 0.9,
        "evidence": "context:/context/0:3-13",
    },
    {"start": 8, "end": 17, "verdict": "unsupported", "score": 0.8, "evidence": ""},
]


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("en", ["supported 0.90 It is A.  ← This is A.", "not in the source 0.80 It is B."]),
        ("zh", ["有据 0.90 It is A.  ← This is A.", "无据 0.80 It is B."]),
    ],
)
def test_claims_with_verdict_and_evidence(language: str, lines: list[str]) -> None:
    asked = Conversation("c", Bilingual("c", "c"), {"context": ["## This is A."]})
    got = DemoAnswer(content="It is A. It is B.", note={"claims": CLAIMS})
    said = printed(Played(asked, "r", got, {}, got, ()), language)
    assert [line for line in lines if line not in said] == []


def test_a_stopped_call_and_an_unknown_one() -> None:
    assert "never reached the model" in printed(Played(FIRST, "r", GOT, {}, None, (RULE,)), "en")
    said = printed(Played(FIRST, "r", DemoAnswer(note={"rule_id": "a.b"})), "en")
    assert "cannot be seen from here" in said
    assert "a.b" in said


def test_json() -> None:
    made = json.loads(json.dumps(as_json(Played(FIRST, "r", GOT, {}, None, (RULE,)))))
    assert made["acted"][0]["rule"] == "base.pii.id_card"
    assert (made["seen"], made["said"], made["got"]["content"]) == ({}, None, "done")
