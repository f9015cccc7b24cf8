"""A rule's own sentence beneath the answers that it matches, over every model API, whole and in
pieces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from threegate.gateway.answer.ai_label import SIGN

from tests.e2e.support.running import Running, proxy
from tests.e2e.test_doors import DOORS, close_clients
from tests.gateway.shell import Heard

PACKS = Path(__file__).parent / "policies"
ZH, EN = "对比请以官网为准（[STAFF_KXWQ]）。", "See our own site (rival.example)."
PRICE = "The contract states the price."
both = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with proxy(tmp_path_factory.mktemp("notes"), PACKS, packs=("notes",)) as p:
        yield p
    close_clients()


def answered(running: Running, text: str, stream: bool, **more: Any) -> httpx.Response:
    body = {"model": "m", "messages": [{"role": "user", "content": text}], "stream": stream}
    return httpx.post(f"{running.url}/v1/chat/completions", json=body | more, timeout=60)


def content(reply: httpx.Response) -> str:
    if reply.headers["content-type"].startswith("text/event-stream"):
        return Heard(reply.content).text()
    return str(reply.json()["choices"][0]["message"]["content"])


@both
@pytest.mark.parametrize("door", DOORS)
def test_the_note_stands_once_beneath_the_answer(noted: Running, door: str, stream: bool) -> None:
    said = DOORS[door](noted.url, "say Contoso, then Contoso again", stream, False)["content"]
    assert said.endswith(f"\n\n{EN}{SIGN}")
    assert said.count(EN) == 1


@both
@pytest.mark.parametrize("door", DOORS)
def test_an_answer_that_no_rule_matches_has_none(noted: Running, door: str, stream: bool) -> None:
    said = DOORS[door](noted.url, "say hello", stream, False)["content"]
    assert EN not in said
    assert ZH not in said


@both
def test_in_the_language_of_the_answer_and_as_written(noted: Running, stream: bool) -> None:
    """Not in that of the question, and nothing in it is restored."""
    said = content(answered(noted, "介绍一下蓝鲸科技，工号EMP-104233", stream))
    assert said.endswith(f"\n\n{ZH}{SIGN}")
    assert "EMP-104233" in said


@both
def test_code_at_the_end_of_an_answer_is_not_its_language(noted: Running, stream: bool) -> None:
    said = content(
        answered(noted, "say 蓝鲸科技的接口可以这样调用，例如：" + "print(hello)\n" * 60, stream)
    )
    assert said.endswith(f"\n\n{ZH}{SIGN}")


@both
def test_several_rules_write_in_the_order_of_the_text(noted: Running, stream: bool) -> None:
    said = content(answered(noted, "the price of Contoso, a price", stream))
    assert said.endswith(f"\n\n{PRICE}\n\n{EN}{SIGN}")


@pytest.mark.parametrize("size", [1, 7, 64])
def test_however_the_stream_is_cut(noted: Running, size: int) -> None:
    said = content(answered(noted, f"[size={size}] say Contoso", True))
    assert said.endswith(f"\n\n{EN}{SIGN}")


@both
def test_each_choice_has_its_own(noted: Running, stream: bool) -> None:
    reply = answered(noted, "say Contoso", stream, n=2)
    assert reply.text.count("rival.example") == 2


@both
def test_an_answer_in_json_stays_json(noted: Running, stream: bool) -> None:
    reply = answered(noted, "say Contoso", stream, response_format={"type": "json_object"})
    assert EN not in content(reply)
    assert '"rule_id":"rival"' in reply.text


@both
def test_the_record_names_the_rules_whose_notes_were_written(noted: Running, stream: bool) -> None:
    reply = answered(noted, "say Contoso", stream)
    request_id = reply.headers["x-threegate-request-id"]
    entries = noted.run(noted.deps.audit.get(request_id))  # type: ignore[attr-defined]
    assert entries[-1].event["notes"] == ["rival"]
    assert entries[-1].event["action"] == "annotate"


def test_checks_of_other_gateways_get_it_too(noted: Running) -> None:
    answer = {"messages": [{"role": "assistant", "content": "Contoso."}], "stage": "output"}
    whole = httpx.post(f"{noted.url}/v1/guard/check", json=answer).json()
    assert whole["answer"]["content"] == f"Contoso.\n\n{EN}"
    lines = [{"open": {}}, {"append": "Conto"}, {"append": "so."}, {"close": True}]
    sent = "".join(json.dumps(line) + "\n" for line in lines)
    got = httpx.post(f"{noted.url}/v1/guard/stream", content=sent).text.splitlines()
    assert "".join(json.loads(line).get("release", "") for line in got) == f"Contoso.\n\n{EN}"


def test_a_check_of_an_unfinished_answer_holds_it_back(noted: Running) -> None:
    """LiteLLM asks again with every piece and shows all but what is held back."""
    asked = {"input_type": "response", "texts": ["Contoso."], "request_data": {}}
    got = httpx.post(f"{noted.url}/beta/litellm_basic_guardrail_api", json=asked).json()
    assert got["texts"] == [f"Contoso.\n\n{EN}"]
    assert got["stream_holdback_chars"][0] >= len(EN)
