"""A stranger's schema costs no more than its length and reaches nothing beyond itself."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest
from threegate.gateway.answer.json_schema import satisfies

ID = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}
TREE = {"type": "object", "properties": {"next": {"$ref": "#"}}, "additionalProperties": False}


@pytest.mark.parametrize(
    ("text", "schema", "follows"),
    [
        ('{"id": 1}', ID, True),
        ('{"id": "1"}', ID, False),
        ("{}", ID, False),
        ('{"id": 1', ID, False),
        ('{"next": {"next": {}}}', TREE, True),
        ('{"next": {"other": 1}}', TREE, False),
        ('"abc"', {"pattern": "^a+b"}, True),
        ('"xyz"', {"pattern": "^a+b"}, False),
        ("1", {"pattern": "^a+b"}, True),
    ],
)
def test_satisfies(text: str, schema: dict[str, Any], follows: bool) -> None:
    assert satisfies(text, schema) is follows


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "no such type"},
        {"type": 5},
        {"properties": []},
        {"$ref": "#/nowhere"},
        {"$ref": "#"},
        {"pattern": "(?<=a)b"},
        {"pattern": "(a"},
        {"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False},
        {"allOf": [{"patternProperties": {}}]},
    ],
)
def test_what_cannot_be_shown_is_not_satisfied(schema: dict[str, Any]) -> None:
    text = '"b"' if "pattern" in schema else '{"a": 1}'
    assert not satisfies(text, schema)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/schema.json", "file:///etc/passwd", "https://example.com/x"]
)
def test_a_reference_fetches_nothing(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr("urllib.request.urlopen", refuse)
    assert not satisfies('{"a": 1}', {"properties": {"a": {"$ref": address}}})


def test_a_pattern_that_backtracks_ends_soon() -> None:
    started = time.process_time()
    assert not satisfies('"' + "a" * 5000 + '!"', {"pattern": "^(a+)+$"})
    assert time.process_time() - started < 60  # it would take longer than the universe lasts
