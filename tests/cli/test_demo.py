"""The whole demo, once, on real sockets: patterns only, so that it needs no model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from threegate.cli.main import main

ROOT = Path(__file__).parents[2]
POLICIES = ["--policies", str(ROOT / "policies"), "--classifiers", "off"]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("demo") / "out.json"
    with pytest.MonkeyPatch.context() as patch, out.open("w", encoding="utf-8") as file:
        patch.setattr("sys.stdout", file)
        assert main(["demo", *POLICIES, "--json"]) == 0
    return {p["name"]: p for p in json.loads(out.read_text("utf-8"))}


def test_the_model_never_sees_what_the_client_gets_back(played: dict[str, Any]) -> None:
    for name, value in (("id_card", "11010519491231002X"), ("card", "4111 1111 1111 1111")):
        one = played[name]
        assert value in one["sent"]["messages"][0]["content"]
        assert value not in json.dumps(one["seen"])
        assert value not in one["said"]["content"]
        assert value in one["got"]["content"]


def test_a_secret_is_gone_for_good(played: dict[str, Any]) -> None:
    one = played["secret"]
    assert "sk-4f9a" in one["sent"]["messages"][0]["content"]
    assert "sk-4f9a" not in json.dumps([one["seen"], one["said"], one["got"]])
    assert {a["rule"] for a in one["acted"]} >= {"base.secret"}


def test_a_leak_is_cut_out_of_a_stream(played: dict[str, Any]) -> None:
    one = played["leaked_key"]
    assert "AKIA" in one["said"]["content"]
    assert "AKIA" not in one["got"]["content"]


def test_tool_arguments_have_the_true_number(played: dict[str, Any]) -> None:
    one = played["tool_call"]
    assert "13912345678" not in json.dumps(one["seen"])
    assert "13912345678" in one["got"]["calls"][0][1]


def test_one_conversation_for_a_reader(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", *POLICIES, "--only", "id_card", "--lang", "zh"]) == 0
    said = capsys.readouterr()
    assert "居民身份证号脱敏" in said.out
    assert "[ID_CARD_" in said.out


def test_a_proxy_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--url", "http://127.0.0.1:9", "--only", "card"]) == 2
    assert "ConnectError" in capsys.readouterr().err
