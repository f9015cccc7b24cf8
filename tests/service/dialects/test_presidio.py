"""Presidio's shapes, as its own clients and LiteLLM's hook send them."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from typing import Any

import httpx
import pytest
from threegate.errors import RequestError
from threegate.service.dialects import moderations, presidio, presidio_operators
from threegate.service.dialects.base import ServiceRequest

from tests.e2e.support.running import Running

TEXT = "Card 4111 1111 1111 1111, mail ann.lee@corp.example.com, mobile 13917352846."


def post(served: Running, path: str, body: Any, status: int = 200) -> Any:
    reply = httpx.post(served.url + path, json=body, headers={"accept": "application/json"})
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/json"
    return reply.json()


def analyzed(served: Running, **more: Any) -> dict[str, str]:
    found = post(served, "/analyze", {"text": TEXT, "language": "en", **more})
    assert all(
        set(f) == {"entity_type", "start", "end", "score", "analysis_explanation"} for f in found
    )
    return {f["entity_type"]: TEXT[f["start"] : f["end"]] for f in found}


def test_entities_have_presidio_s_names_and_exact_places(served: Running) -> None:
    assert analyzed(served) == {
        "CREDIT_CARD": "4111 1111 1111 1111",
        "EMAIL_ADDRESS": "ann.lee@corp.example.com",
        "PHONE_NUMBER": "13917352846",
    }


def test_what_is_wanted_and_what_is_allowed_narrow_it(served: Running) -> None:
    assert set(analyzed(served, entities=["CREDIT_CARD"])) == {"CREDIT_CARD"}
    assert "PHONE_NUMBER" not in analyzed(served, allow_list=["13917352846"])
    assert analyzed(served, score_threshold=1.01) == {}


def test_a_list_of_texts_gives_a_list_of_lists(served: Running) -> None:
    found = post(served, "/analyze", {"text": ["hello", TEXT], "language": "zh"})
    assert [len(f) for f in found] == [0, 3]


@pytest.mark.parametrize(
    "body",
    [
        {"text": TEXT},
        {"text": [1], "language": "en"},
        {"text": TEXT, "language": "en", "ad_hoc_recognizers": [{"name": "x"}]},
    ],
)
def test_what_cannot_be_analyzed_cannot_be_read_as_nothing_found(
    served: Running, body: dict[str, Any]
) -> None:
    """LiteLLM's hook lets a text pass at an error status."""
    reply = httpx.post(f"{served.url}/analyze", json=body)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
    assert reply.text.startswith('{"error":"')
    with pytest.raises(json.JSONDecodeError):
        reply.json()


@pytest.mark.parametrize("dialect", [presidio.Analyze(), presidio.Anonymize()])
def test_the_key_may_be_a_password(dialect: presidio.Analyze) -> None:
    """As clients make it of `http://any:KEY@guard`; LiteLLM's hook sends no header of its own."""
    made = b64encode(b"any:tg-key").decode()
    assert dialect.key({"authorization": f"Basic {made}"}) == "tg-key"
    assert dialect.key({"authorization": "Bearer tg-key"}) == "tg-key"
    assert dialect.key({"x-api-key": "tg-key"}) == "tg-key"
    for wrong in ("Basic ***", "Basic /w==", "Basic", ""):
        assert dialect.key({"authorization": wrong}) == ""


def anonymized(served: Running, **operators: Any) -> dict[str, Any]:
    found = post(served, "/analyze", {"text": TEXT, "language": "en"})
    body = {"text": TEXT, "analyzer_results": found, "anonymizers": operators}
    made: dict[str, Any] = post(served, "/anonymize", body)
    return made


def test_the_default_names_the_entity_and_places_are_those_of_the_new_text(served: Running) -> None:
    made = anonymized(served)
    assert made["text"] == "Card <CREDIT_CARD>, mail <EMAIL_ADDRESS>, mobile <PHONE_NUMBER>."
    for item in made["items"]:
        assert (
            made["text"][item["start"] : item["end"]] == item["text"] == f"<{item['entity_type']}>"
        )
        assert item["operator"] == "replace"


def test_every_operator(served: Running) -> None:
    made = anonymized(
        served,
        CREDIT_CARD={"type": "mask", "masking_char": "*", "chars_to_mask": 15, "from_end": False},
        EMAIL_ADDRESS={"type": "hash", "hash_type": "sha256", "salt": "s"},
        PHONE_NUMBER={"type": "keep"},
        DEFAULT={"type": "redact"},
    )
    digest = hashlib.sha256(b"ann.lee@corp.example.coms").hexdigest()
    assert made["text"] == f"Card {'*' * 15}1111, mail {digest}, mobile 13917352846."
    assert anonymized(served, DEFAULT={"type": "redact"})["text"] == "Card , mail , mobile ."
    assert anonymized(served, DEFAULT={"type": "replace", "new_value": "X"})["text"].count("X") == 3


@pytest.mark.parametrize(
    ("found", "operators"),
    [
        ({"start": 0, "end": 99, "entity_type": "A"}, {}),
        ({"start": -1, "end": 2, "entity_type": "A"}, {}),
        ({"start": 0, "end": 2, "entity_type": "A"}, {"A": {"type": "encrypt", "key": "k"}}),
        ({"start": 0, "end": 2, "entity_type": "A"}, {"A": {"type": "custom"}}),
        ({"start": 0, "end": 2, "entity_type": "A"}, {"A": {"type": ["mask"]}}),
        ({"start": 0, "end": 2, "entity_type": "A"}, {"A": {"type": "mask", "masking_char": 5}}),
        ({"start": 0, "end": 2, "entity_type": "A"}, {"A": {"type": "hash", "hash_type": "md5"}}),
    ],
)
def test_what_cannot_be_done_is_refused(
    served: Running, found: dict[str, Any], operators: dict[str, Any]
) -> None:
    body = {"text": "0123456789", "analyzer_results": [found], "anonymizers": operators}
    assert post(served, "/anonymize", body, 422)["error"]


def test_of_two_places_that_overlap_the_surer_stays(served: Running) -> None:
    found = [
        {"start": 0, "end": 6, "entity_type": "LONG", "score": 0.5},
        {"start": 2, "end": 4, "entity_type": "SURE", "score": 0.9},
    ]
    made = post(served, "/anonymize", {"text": "0123456789", "analyzer_results": found})
    assert made["text"] == "01<SURE>456789"


def test_many_places_cost_no_more_than_their_number() -> None:
    compared = [0]

    class Place(dict[str, Any]):
        def __getitem__(self, key: str) -> Any:
            compared[0] += 1
            return super().__getitem__(key)

    count = 2000
    found = [Place(start=i, end=i + 1, entity_type="X") for i in range(count)]
    made = presidio_operators.anonymized("a" * count, found, {"DEFAULT": {"type": "mask"}})
    assert made["text"] == "*" * count
    assert compared[0] < 40 * count


def test_a_new_text_without_end_is_refused(served: Running) -> None:
    found = [{"start": i, "end": i + 1, "entity_type": "X"} for i in range(100)]
    operators = {"DEFAULT": {"type": "replace", "new_value": "b" * 100_000}}
    body = {"text": "a" * 100, "analyzer_results": found, "anonymizers": operators}
    assert "error" in post(served, "/anonymize", body, 413)


def test_of_a_long_list_no_checks_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    for module in (presidio, moderations):
        monkeypatch.setattr(module, "text_check", lambda stage, text, **more: made.append(text))
    for dialect, body in (
        (presidio.Analyze(), {"text": ["a"] * 65, "language": "en"}),
        (moderations.Moderations(), {"input": ["a"] * 65}),
    ):
        request = ServiceRequest("/", b"", {}, json.dumps(body).encode())
        with pytest.raises(RequestError) as refused:
            dialect.read(request)
        assert refused.value.code == "too_many_checks"
    assert made == []
