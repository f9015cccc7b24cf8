"""Why a request went as it did, from a real audit log that a real proxy wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from threegate.cli.explain import lines
from threegate.cli.main import main

from tests.e2e.support.running import proxy

VALUE = "13812345678"


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The request id of one masked call and the database that knows it."""
    var = tmp_path_factory.mktemp("explain")
    with proxy(var) as running:
        body = {"model": "r1-pro", "messages": [{"role": "user", "content": f"手机{VALUE}"}]}
        reply = httpx.post(f"{running.url}/v1/chat/completions", json=body)
        yield reply.headers["x-threegate-request-id"], var / "audit.sqlite3"


def explained(capsys: pytest.CaptureFixture[str], id: str, database: Path, *more: str) -> str:
    assert main(["explain", id, "--database", str(database), *more]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ["第一层 输入: 脱敏", "第二层 约束", "第三层 输出", "中国手机号", "把握 高"]),
        (
            "en",
            ["layer 1, input: mask, ", "layer 2", "layer 3", "Chinese mobile number", "level high"],
        ),
    ],
)
def test_layers_rules_kinds_and_places(
    asked: tuple[str, Path], capsys: pytest.CaptureFixture[str], language: str, words: list[str]
) -> None:
    said = explained(capsys, *asked, "--lang", language)
    assert not [w for w in words if w not in said]
    assert "base.pii.mobile" in said
    assert "[2-13]" in said
    assert VALUE not in said


def test_by_decision_id_and_as_json(
    asked: tuple[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    request, database = asked
    event = json.loads(explained(capsys, request, database, "--json"))
    again = json.loads(explained(capsys, event["decisions"][0]["id"], database, "--json"))
    assert again == event
    assert event["request"] == request
    assert VALUE not in json.dumps(event)


def test_an_unknown_id(asked: tuple[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    for id in ("nobody", "%", "dec_%"):
        assert main(["explain", id, "--database", str(asked[1])]) == 1
    assert "no record" in capsys.readouterr().out


def test_no_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "x", "--database", str(tmp_path / "none.sqlite3")]) == 2
    assert "the audit log cannot be read" in capsys.readouterr().err


def test_failures_exceptions_and_evidence() -> None:
    at = {"channel": "content", "choice": 0}
    claim = {
        "action": "annotate", "at": at, "detector": "claims", "rule": "a.b", "level": "high",
        "kind": "claim.contradicted", "score": 0.9, "span": [0, 5], "note": "0:3-9",
    }  # fmt: skip
    failed = {"action": "block", "at": at, "detector": "guard", "rule": "c.d", "failed": "timeout"}
    decision = {"action": "block", "id": "dec_1", "layer": "output", "ms": {}, "policy": "p"}
    event = {
        "request": "tg_1", "ts": "now", "stage": "blocked", "action": "block",
        "decisions": [{**decision, "ruled": [claim, failed | {"exception": "x.1", "shadow": True}]}],
    }  # fmt: skip
    said = "\n".join(lines(event, {}, "en"))
    assert "evidence 0:3-9" in said
    assert "no result from the detector: guard timed out" in said
    assert "exception x.1" in said
    assert "(shadow)" in said
