from __future__ import annotations

from typing import Any

import pytest
from threegate.wire.logprobs import spells

PHONE = "13912345678"


def token(text: str, data: list[int] | None = None, *others: Any) -> dict[str, Any]:
    return {"token": text, "logprob": -0.5, "bytes": data, "top_logprobs": list(others)}


def chat(*tokens: Any) -> dict[str, Any]:
    return {"content": list(tokens), "refusal": None}


HI = (token("Hi", [72, 105]), token(" there"))
SMILE = [*"😀".encode()]
GOOD = [*"好".encode()]


@pytest.mark.parametrize(
    ("logprobs", "text"),
    [
        (None, "Hi"),
        ([], "Hi"),
        (chat(), "Hi"),
        ({"content": None, "refusal": [*HI]}, "Hi there"),
        ({"content": [token("b")], "reasoning_content": [token("a")]}, "a b"),
        (chat(*HI), "Hi there"),
        ([*HI], "Hi there"),
        ({"tokens": ["Hi", " there"], "token_logprobs": [None, -1], "text_offset": [0, 2]}, "Hi there"),
        ({"tokens": ["Hi"], "top_logprobs": [{"Hi": -0.1, " Hey": -2}]}, "Hi"),
        ({"tokens": ["Hi"], "top_logprobs": [None]}, "Hi"),
        (chat(token("bytes:\\xf0\\x9f", SMILE[:2]), token("\ufffd", SMILE[2:])), "😀"),
        (chat(token("", GOOD[:1]), token("", GOOD[1:])), "好"),
        (chat(token("\ufffd"), token("\ufffd"), token("!")), "好!"),
        (chat(token("a"), token("\ufffd")), "a好"),
        (chat(token("<think>"), token("a\n"), token("</think>"), token("b"), token("<|im_end|>")), "a b"),
        (chat(token("a"), token("<｜end▁of▁sentence｜>"), token("<|reserved_special_token_12|>")), "a"),
        (chat(token("Hi", None, token("Hey"), token(" internationalization"))), "Hi"),
        (chat(token("2", None, token("17"), token("-------------------------"), token("微信"))), "2"),
        (chat(token("Hi") | {"rank": 1, "id": 7}), "Hi"),
    ],
)  # fmt: skip
def test_what_repeats_a_text(logprobs: Any, text: str) -> None:
    assert spells(logprobs or [], text)


@pytest.mark.parametrize(
    "logprobs",
    [
        "Hi",
        chat("Hi"),
        chat({"token": "", "bytes": 10**13}),
        {"tokens": ["Hi"], "top_logprobs": [["Hi"]]},
        chat(token(PHONE)),
        chat(token("Hi"), token(PHONE)),
        chat(token("H"), token("\ufffd"), token(PHONE)),
        chat(token("Hi"), token(f"<|{PHONE}|>")),
        chat(token("Hi", None, token("AKIAQYLPMNVHHHFPZAMB"))),
        chat(token("Hi", [*PHONE.encode()])),
        chat(token("", [*PHONE.encode()])),
        chat(token("bytes:\\x48\\x69", [*PHONE.encode()])),
        chat(token("Hi", [400])),
        chat(token("Hi", None, token(PHONE))),
        chat(token("Hi", None, token("", [*PHONE.encode()]))),
        chat(token("Hi", None, token("please call me back today at home"))),
        chat(token("Hi", None, token("sk-4f9a1c7e2b8d4a6f"))),
        chat(token("Hi") | {"note": PHONE}),
        chat(token("Hi") | {PHONE: 1}),
        chat({"logprob": -1}),
        {"tokens": [PHONE]},
        {"tokens": ["Hi"], "top_logprobs": [{PHONE: -0.1}]},
        {"tokens": ["Hi"], "top_logprobs": [{"Hi": PHONE}]},
        {"tokens": ["Hi"], "text_offset": [PHONE]},
        {"tokens": ["Hi"], PHONE: [1]},
        {"tokens": [5]},
        {"tokens": ["\ud800"]},
    ],
)
def test_what_says_something_else(logprobs: Any) -> None:
    assert not spells(logprobs, "Hi")
