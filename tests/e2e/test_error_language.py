"""Errors speak the language of who asks, told to official clients: that of `accept-language`, else
that of the text, else English. Codes, types and statuses are the same in both."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import anthropic
import httpx
import openai
import pytest
from threegate.audit import AuditLog
from threegate.gateway.access.auth import KeyFile
from threegate.gateway.outcome import BLOCKED

from tests.audit.conftest import Outage
from tests.e2e.support.running import Running, proxy

Error = TypeVar("Error", bound=Exception)
CHINESE, ENGLISH = {"Accept-Language": "zh-CN,zh;q=0.9"}, {"Accept-Language": "en-GB"}


@dataclass(frozen=True, slots=True)
class Keyed:
    running: Running
    secret: str


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    root = tmp_path_factory.mktemp("language")
    shutil.copytree(Path(__file__).parent / "policies", root / "policies")
    with proxy(root / "var", root / "policies", packs=("rich",), keys="required") as running:
        secret = KeyFile(running.deps.settings.key_file).add("bank")[1]
        yield Keyed(running, secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What goes wrong, what is said of it, and what programs see."""

    zh: str
    en: str
    status: int = 200
    key: str = ""
    text: str = "hello"
    model: str = "deepseek-r1"
    stream: bool = False
    more: dict[str, str] | None = None
    away: bool = False


CASES = {
    "key": Case(
        zh="需要有效的 API 密钥", en="a valid API key is needed", status=401, key="tg-wrong"
    ),
    "shape": Case(
        zh="top_k 应为整数", en="top_k must be an integer", status=400, more={"top_k": "x"}
    ),
    "rule": Case(
        zh="不允许使用此模型", en="this model is not allowed", status=403, model="other"
    ),
    "block": Case(zh=BLOCKED.zh, en=BLOCKED.en, status=403, text="DENY-1"),
    "audit": Case(
        zh="审计记录无法保存", en="the audit record could not be stored", status=503, away=True
    ),
    "upstream": Case(
        zh="模型接口要求重定向", en="the model API answered with a redirect", status=502, text="[demo: redirect] a"
    ),
    "stream": Case(
        zh="模型接口发来的事件不是 JSON", en="the model API sent an event that is not JSON",
        text="[demo: garbage] hello", stream=True,
    ),
}  # fmt: skip


def by_openai(keyed: Keyed, case: Case, headers: dict[str, str]) -> openai.APIError:
    place = {"base_url": f"{keyed.running.url}/v1", "api_key": case.key or keyed.secret}
    with openai.OpenAI(**place, max_retries=0, default_headers=headers) as client:  # type: ignore[arg-type]
        return failed(openai.APIError, client.chat.completions.create, case, {})


def by_anthropic(keyed: Keyed, case: Case, headers: dict[str, str]) -> anthropic.APIError:
    place = {"base_url": keyed.running.url, "api_key": case.key or keyed.secret}
    with anthropic.Anthropic(**place, max_retries=0, default_headers=headers) as client:  # type: ignore[arg-type]
        return failed(anthropic.APIError, client.messages.create, case, {"max_tokens": 50})


def failed(kind: type[Error], create: Callable[..., Any], case: Case, own: dict[str, int]) -> Error:
    turns = [{"role": "user", "content": case.text}]
    with pytest.raises(kind) as caught:
        list(
            create(
                model=case.model, messages=turns, stream=case.stream, extra_body=case.more, **own
            )
        )
    return caught.value


def body_of(error: openai.APIError | anthropic.APIError) -> dict[str, Any]:
    body: Any = error.body
    inner: dict[str, Any] = body.get("error", body)
    return inner


Ask = Callable[[Keyed, Case, dict[str, str]], openai.APIError | anthropic.APIError]


@pytest.mark.parametrize("ask", [by_openai, by_anthropic])
@pytest.mark.parametrize("name", CASES)
def test_a_client_is_told_in_the_language_that_it_wants(keyed: Keyed, name: str, ask: Ask) -> None:
    case, log = CASES[name], keyed.running.deps.audit
    assert isinstance(log, AuditLog)
    with Outage(log.settings) if case.away else nullcontext():
        chinese, english, nothing = (ask(keyed, case, h) for h in (CHINESE, ENGLISH, {}))
    assert body_of(chinese)["message"] == case.zh
    assert body_of(english)["message"] == body_of(nothing)["message"] == case.en
    for each in (chinese, english, nothing):
        if isinstance(each, openai.APIStatusError | anthropic.APIStatusError):
            assert each.status_code == case.status
    assert type(chinese) is type(english)
    told, same = body_of(chinese), body_of(english)
    assert {**told, "message": ""} == {**same, "message": ""}


def post(keyed: Keyed, content: bytes, **headers: str) -> str:
    sent = {"authorization": f"Bearer {keyed.secret}", **headers}
    url = f"{keyed.running.url}/v1/chat/completions"
    return str(httpx.post(url, content=content, headers=sent).json()["error"]["message"])


def test_who_wants_none_is_told_in_the_language_of_its_text(keyed: Keyed) -> None:
    body = '{"model":"other","messages":[{"role":"user","content":"请问今天几号"}]}'.encode()
    assert post(keyed, body) == "不允许使用此模型"
    assert post(keyed, body, **{"accept-language": "*"}) == "不允许使用此模型"
    assert post(keyed, body, **ENGLISH) == "this model is not allowed"


@pytest.mark.parametrize(
    ("content", "zh", "en"),
    [
        (b"{", "请求正文不是有效的 JSON", "is not valid JSON"),
        (b'{"a":1,"a":2}', "键出现两次：/a", "a key occurs twice in the request body at /a"),
        (b"[]", "不是 JSON 对象", "is not a JSON object"),
        (b'{"model":"m","messages":[{"content":5}]}', "messages.0.content 应为字符串或数组", "messages.0.content must be a string or an array"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_has_no_language_of_its_own(
    keyed: Keyed, content: bytes, zh: str, en: str
) -> None:
    assert zh in post(keyed, content, **CHINESE)
    assert en in post(keyed, content)


def test_a_path_that_is_not_served(keyed: Keyed) -> None:
    key = {"authorization": f"Bearer {keyed.secret}"}
    url = f"{keyed.running.url}/v1/files"
    chinese, english = (httpx.get(url, headers=key | h).json()["error"] for h in (CHINESE, {}))
    assert chinese["message"].startswith("不提供此路径")
    assert english["message"].startswith("this path is not available")
    assert chinese["code"] == english["code"] == "unknown_path"
