"""`threegate policy …` as a user calls it, on the shipped packs and on spoiled ones. No classifier is loaded."""

from __future__ import annotations

import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from threegate.cli.main import main
from threegate.policy.kinds import KINDS
from threegate.policy.language.hashed_values import value_sha256
from threegate.policy.lifecycle.store import FolderSource, PolicyStore, today_utc

from tests.policy.packs import FILES, GOOD, spoiled

POLICIES = Path(__file__).parents[3] / "policies"


def folder(tmp_path: Path, text: str = GOOD) -> Path:
    for path, content in {**FILES, "packs/shop.yaml": text.encode()}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *args: str, root: Path = POLICIES) -> tuple[int, str]:
    code = main(["policy", *args, "--policies", str(root), "--lang", "en"])
    return code, capsys.readouterr().out


def test_check_of_the_shipped_packs(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys, "check")
    assert (code, out.splitlines()[-1].startswith("0 error, 0 warning")) == (0, True)


def test_check_of_a_spoiled_pack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = folder(tmp_path, spoiled(("pipl.51", "pipl.999")))
    code, out = run(capsys, "check", root=root)
    assert code == 1
    assert "packs/shop.yaml:23:11: error [unknown-why]" in out
    code, out = run(capsys, "check", "--format", "sarif", root=root)
    assert json.loads(out)["runs"][0]["results"][0]["ruleId"] == "unknown-why"


def test_check_finds_a_pack_that_lost_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a proxy refused it, the command found nothing."""
    root, var = folder(tmp_path / "policies"), tmp_path / "var"
    PolicyStore.of(FolderSource(root, ("shop",), today_utc, KINDS), var / "policy")
    folder(root, GOOD[: GOOD.index("  - id: stop.loans")])
    assert run(capsys, "check", root=root)[0] == 0
    code, out = run(capsys, "check", "--var", str(var), root=root)
    assert code == 1
    assert "error [cut-off]" in out
    capsys.readouterr()
    assert run(capsys, "check", "--var", str(tmp_path), root=root)[0] == 2  # no proxy's folder


def test_no_pack_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "check", root=tmp_path)[0] == 2


def test_tests_of_pattern_rules_pass(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys, "test", "--classifiers", "off", "--format", "junit")
    suite = ElementTree.fromstring(out)
    assert (code, suite.get("failures")) == (0, "0")
    assert int(suite.get("tests") or 0) > 150


def test_a_wrong_test_fails_and_names_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = folder(tmp_path, spoiled(("'邮箱 a@b.cn'", "'没有这样的东西'")))
    code, out = run(capsys, "test", "--classifiers", "off", root=root)
    assert code == 1
    assert "packs/shop.yaml:31:15: pii.email/match/1: should match, found nothing" in out


def test_a_rule_that_is_not_there_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "test", "base", "--rule", "nope", "--classifiers", "off")[0] == 1


def test_diff_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys, "diff", "base", "--to", "secrets")
    assert (code, out.splitlines()[-1]) == (0, "6 stricter")


def test_coverage(capsys: pytest.CaptureFixture[str]) -> None:
    assert "31/31" in run(capsys, "coverage", "cn-gbt45654", "--taxonomy", "gbt45654")[1]


@pytest.mark.parametrize("what", ["weaker-overlay", "duplicate-key", "base.secret"])
def test_explain(capsys: pytest.CaptureFixture[str], what: str) -> None:
    code, out = run(capsys, "explain", "--what", what)
    assert (code, what in out) == (0, True)


def test_hash_reads_values_and_shows_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("4111 1111 1111 1111\n\n4222-2222\n"))
    code, out = run(capsys, "hash", "--salt", "s")
    assert code == 0
    assert out.count(value_sha256("4111111111111111", "s")) == 1
    assert out.count(value_sha256("42222222", "s")) == 1
    assert "4111" not in out.replace(value_sha256("4111111111111111", "s"), "")


def test_hash_of_nothing_is_wrong_use(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(" \n"))
    assert run(capsys, "hash")[0] == 2


def test_vocabularies_and_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert "hazard.self_harm" in run(capsys, "kinds")[1]
    assert "gbt45654.A5.b" in run(capsys, "taxonomy")[1]
    assert json.loads(run(capsys, "schema")[1])["$defs"]
