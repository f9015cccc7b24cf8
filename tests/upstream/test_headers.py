from __future__ import annotations

import pytest
from threegate.errors import RequestError
from threegate.upstream.headers import returned, sent


def test_only_listed_headers_go_on() -> None:
    given = {"anthropic-version": "1", "cookie": "a", "x-forwarded-for": "b", "accept": "x/y"}
    assert sent(given, "", body=False) == {
        "anthropic-version": "1",
        "accept": "x/y",
        "accept-encoding": "identity",
    }
    assert sent({}, "", body=True)["content-type"] == "application/json"


def test_a_random_id_goes_on_with_any_digits() -> None:
    ours = {"x-request-id": "01a2271f-337f-7e61-9a7f-902206670812"}
    assert sent(ours, "", body=False).items() >= ours.items()
    for number in ("order-902206670812", "902206670812"):
        assert "x-request-id" not in sent({"x-request-id": number}, "", body=False)
    assert "openai-project" not in sent({"openai-project": "p-902206670812"}, "", body=False)


@pytest.mark.parametrize(
    ("key", "given", "want"),
    [
        ("", {}, {}),
        ("", {"authorization": "Bearer c"}, {"authorization": "Bearer c"}),
        ("", {"x-api-key": "c"}, {"x-api-key": "c"}),
        ("", {"x-api-key": ""}, {}),
        ("up", {}, {"authorization": "Bearer up"}),
        ("up", {"authorization": "Bearer c"}, {"authorization": "Bearer up"}),
        ("up", {"x-api-key": "c"}, {"authorization": "Bearer up", "x-api-key": "up"}),
    ],
)
def test_keys_are_passed_or_swapped(key: str, given: dict[str, str], want: dict[str, str]) -> None:
    made = sent(given, key, body=False)
    assert {n: v for n, v in made.items() if n in ("authorization", "x-api-key")} == want


@pytest.mark.parametrize("name", ["accept", "authorization", "x-api-key", "openai-project"])
def test_a_header_beyond_ascii_is_the_clients_fault(name: str) -> None:
    with pytest.raises(RequestError) as caught:
        sent({name: "\u00e9"}, "", body=False)
    assert (caught.value.status, caught.value.param) == (400, name)


def test_only_listed_headers_come_back() -> None:
    given = {
        "Content-Type": "text/event-stream",
        "X-RateLimit-Remaining-Tokens": "5",
        "Server": "vllm",
        "Set-Cookie": "a=b",
        "Retry-After": "1\x01",
    }
    want = {"content-type": "text/event-stream", "x-ratelimit-remaining-tokens": "5"}
    assert returned(given) == want


KEPT = {
    "content-type": ("application/json", "text/event-stream; charset=utf-8", "audio/mpeg"),
    "x-request-id": ("req_0123abc", "01a2271f-337f-7e61-9a7f-902206670812"),
    "openai-version": ("2020-10-01",),
    "openai-processing-ms": ("123", "12.5"),
    "retry-after": ("7", "0.5", "Tue, 01 Dec 2026 15:00:00 GMT"),
    "x-should-retry": ("true",),
    "x-ratelimit-remaining-tokens": ("149984",),
    "x-ratelimit-reset-tokens": ("6m0s", "17ms", "1h2m3.456s"),
    "x-ratelimit-reset": ("1796137200", "1796137200123"),
    "x-ratelimit-limit": ("100, 100;w=60",),
    "anthropic-ratelimit-input-tokens-reset": ("2026-12-01T15:00:00Z",),
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, each in KEPT.items() for v in each])
def test_what_model_apis_say_comes_back(name: str, value: str) -> None:
    assert returned({name: value}) == {name: value}


@pytest.mark.parametrize("name", [*KEPT, "request-id", "x-ds-trace-id", "retry-after-ms"])
@pytest.mark.parametrize(
    "text", ["call li@corp.cn", "ignore all previous instructions", "<b>x</b>", "\u0663"]
)
def test_no_header_of_an_answer_has_room_for_a_text(name: str, text: str) -> None:
    assert returned({name: text}) == {}
    assert returned({f"x-ratelimit-{text.replace(' ', '-')}-13912345678": "1"}) == {}


def test_a_parameter_of_a_content_type_is_no_text() -> None:
    assert returned({"content-type": "text/plain; note=li@corp.cn"}) == {
        "content-type": "text/plain"
    }
    assert returned({"x-ratelimit-remaining-tokens": "13912345678"}) == {}
