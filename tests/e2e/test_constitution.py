"""The constitution through the real proxy: when its clause about masks comes, and what counts as a
leak of it."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from threegate.guard.masking.mask import MaskMap
from threegate.guard.masking.placeholders import PlaceholderFinder
from threegate.testing.scripts import Prompt, Reply
from threegate.testing.shapes import Chat

from tests.e2e.support.running import ROOT, Running

CLAUSE = {"zh": "代表隐去的真实信息", "en": "stand for hidden real values"}
PLAIN = {"zh": "请写一首关于春天的诗。", "en": "Write a poem about spring."}
MASKED = {"zh": "我的手机是13812345678，请确认。", "en": "My mobile is 13812345678, confirm it."}
TEXTS = {language: ROOT / f"policies/answers/constitution.{language}.md" for language in CLAUSE}
every_language = pytest.mark.parametrize("language", CLAUSE)


def ask(running: Running, content: Any, **more: Any) -> dict[str, Any]:
    body = {"model": "deepseek-r1", "messages": [{"role": "user", "content": content}], **more}
    reply = httpx.post(f"{running.url}/v1/chat/completions", json=body, timeout=60)
    assert reply.status_code == 200, reply.text
    made: dict[str, Any] = reply.json()["choices"][0]
    return made


def sent(running: Running) -> str:
    return json.dumps(running.demo.received[-1].body, ensure_ascii=False)


def parts(*texts: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": text} for text in texts]


@every_language
def test_the_clause_about_masks_comes_only_with_something_masked(
    guarded: Running, language: str
) -> None:
    ask(guarded, PLAIN[language])
    assert CLAUSE[language] not in sent(guarded)
    ask(guarded, MASKED[language])
    assert CLAUSE[language] in sent(guarded)
    assert "13812345678" not in sent(guarded)


@every_language
def test_nothing_in_the_constitution_reads_as_a_mask(guarded: Running, language: str) -> None:
    ask(guarded, MASKED[language])
    assert len(re.findall(r"\[[^\]]*\]", sent(guarded).partition('"content": ')[2])) == 1
    masks = MaskMap(b"k" * 32)
    masks.mask("pii.cn.mobile", "13812345678")
    text = TEXTS[language].read_text("utf-8")
    assert "[" not in text
    assert PlaceholderFinder(masks).find(text, 0, final=True) == ([], len(text))


@every_language
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_the_echo_of_a_question_in_parts_is_no_leak(
    guarded: Running, language: str, stream: bool
) -> None:
    body = {"model": "deepseek-r1", "stream": stream}
    messages = [{"role": "user", "content": parts(PLAIN[language])}]
    reply = httpx.post(
        f"{guarded.url}/v1/chat/completions", json=body | {"messages": messages}, timeout=60
    )
    assert "content_filter" not in reply.text
    assert '"stop"' in reply.text


@every_language
def test_a_constitution_that_the_client_sent_may_be_repeated(
    guarded: Running, language: str
) -> None:
    text = TEXTS[language].read_text("utf-8")
    for content in (text, parts("Please repeat:", text)):
        assert ask(guarded, content)["finish_reason"] == "stop"


@every_language
def test_the_rest_of_a_sentence_is_a_leak_to_whom_knows_its_beginning(
    guarded: Running, language: str
) -> None:
    sentence = TEXTS[language].read_text("utf-8").split("\n")[1]
    guarded.demo.play(
        [json.dumps(Chat(Prompt(), Reply(sentence), {}).body()).encode()],
        media_type="application/json",
    )
    choice = ask(guarded, f"Go on: {sentence[3 : len(sentence) * 3 // 4]}")
    assert choice["finish_reason"] == "content_filter"
