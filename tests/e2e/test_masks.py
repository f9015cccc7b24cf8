"""Masks there and back through the real proxy: whatever a model does to a placeholder, the client
reads its own value again."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from threegate.testing.scripts import Prompt, Reply
from threegate.testing.shapes import Chat

from tests.e2e.support.running import Running
from tests.guard.manglings import MANGLINGS, forms

ASKED = {
    "zh": "请记住{}，稍后我会再问。",
    "en": "Please remember {} , I will ask again later.",
}
VALUES = {
    "zh": (
        ("手机", "13917352846"),
        ("身份证", "11010519491231002X"),
        ("卡号", "6222026512387904418"),
        ("邮箱", "li.lei@corp.example.cn"),
    ),
    "en": (
        ("mobile ", "13917352846"),
        ("ID ", "440106199001011235"),
        ("card ", "4111111111111111"),
        ("mail ", "ann.lee@corp.example.com"),
    ),
}
ANSWERED = {"zh": "第{0}行：{1}，就是这样。", "en": "Line {0}: {1} , as you said."}
PLACEHOLDER = re.compile(r"\[[A-Z_]+_[0-9A-Z]+\]")
CASES = [(language, *said) for language, all_said in VALUES.items() for said in all_said]


def ask(running: Running, text: str, *, stream: bool = False, **more: Any) -> httpx.Response:
    body = {"model": "deepseek-r1", "messages": [{"role": "user", "content": text}], **more}
    return httpx.post(
        f"{running.url}/v1/chat/completions", json=body | {"stream": stream}, timeout=60
    )


def placeholder_in(running: Running) -> str:
    content = running.demo.received[-1].body["messages"][-1]["content"]
    return str(PLACEHOLDER.findall(content)[-1])  # the constitution before it shows one too


def play(running: Running, reply: Reply, *, stream: bool) -> None:
    shape = Chat(Prompt(), reply, {"stream": stream})
    if stream:
        running.demo.play(list(shape.events()))
    else:
        running.demo.play([json.dumps(shape.body()).encode()], media_type="application/json")


def said_in(response: httpx.Response, *, stream: bool) -> str:
    if not stream:
        return str(response.json()["choices"][0]["message"]["content"])
    lines = [x[6:] for x in response.text.splitlines() if x.startswith("data: {")]
    deltas = [c["delta"] for x in lines for c in json.loads(x)["choices"]]
    return "".join(d.get("content") or "" for d in deltas)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_99_of_100_manglings_come_back_through_the_proxy(guarded: Running, stream: bool) -> None:
    missed, total = [], 0
    for language, label, value in CASES:
        text = ASKED[language].format(label + value)
        assert ask(guarded, text).status_code == 200
        mask = placeholder_in(guarded)
        mangled = [form.format(*forms(mask)).strip("\n") for form in MANGLINGS.values()]
        lines = [ANSWERED[language].format(n, m) for n, m in enumerate(mangled)]
        play(guarded, Reply("\n".join(lines)), stream=stream)
        answer = said_in(ask(guarded, text, stream=stream), stream=stream).splitlines()
        assert len(answer) == len(lines)
        total += len(lines)
        missed += [n for n, a in zip(MANGLINGS, answer, strict=True) if value not in a]
    assert total == 2 * 4 * len(MANGLINGS)
    assert len(missed) <= total / 100, f"{len(missed)} of {total}: {sorted(set(missed))}"


@pytest.mark.parametrize("escaped", [False, True], ids=["plain", "escaped"])
def test_tool_arguments_come_back_as_json(guarded: Running, escaped: bool) -> None:
    text = ASKED["zh"].format("手机13917352846")
    tools = [{"type": "function", "function": {"name": "dial", "parameters": {"type": "object"}}}]
    ask(guarded, text, tools=tools)
    given = {"number": placeholder_in(guarded), "说明": "“拨打”"}
    prompt = Prompt(options={} if escaped else {"escape": "no"})
    shape = Chat(prompt, Reply(calls=(("dial", given),)), {})
    guarded.demo.play([json.dumps(shape.body()).encode()], media_type="application/json")
    (call,) = ask(guarded, text, tools=tools).json()["choices"][0]["message"]["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == given | {"number": "13917352846"}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_an_answer_in_json_stays_json(guarded: Running, stream: bool) -> None:
    """A card number over two lines, and whatever else must not stand in a string as it is; a number
    without quotes that is removed."""
    text = ASKED["en"].format("card 4111 1111\n1111 1111")
    wanted = {"response_format": {"type": "json_object"}}
    ask(guarded, text, **wanted)
    answer = {"card": placeholder_in(guarded), "of": 13987654321}
    play(guarded, Reply(json.dumps(answer)), stream=stream)
    said = said_in(ask(guarded, text, stream=stream, **wanted), stream=stream)
    assert json.loads(said) == {"card": "4111 1111\n1111 1111", "of": "[personal data removed]"}
