"""`policy bundle` and `policy verify`, as a pipeline runs them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from threegate.cli.main import main
from threegate.policy.facade import check
from threegate.policy.lifecycle.store import DirTree

POLICIES = Path(__file__).parents[3] / "policies"


@pytest.fixture
def bundled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[Path, str]:
    """The bundle of two packs, and the public key that its maker printed."""
    monkeypatch.setenv("SIGNING", "ab" * 32)
    out = tmp_path / "policy.bundle"
    where = ["--policies", str(POLICIES), "--out", str(out)]
    command = ["policy", "bundle", "base", "secrets", *where]
    assert main([*command, "--key", "env:SIGNING", "--name", "ci"]) == 0
    key = re.search(r"key: (.+)", capsys.readouterr().out)
    assert key
    return out, key[1]


def test_what_is_bundled_verifies_and_extracts(
    bundled: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, key = bundled
    folder = tmp_path / "deployed"
    assert main(["policy", "verify", str(out), "--trust", key, "--extract", str(folder)]) == 0
    said = capsys.readouterr().out
    policies = check(DirTree(folder), ["base", "secrets"]).policies
    assert policies.digest in said
    assert "signed by ci" in said


def test_one_changed_byte_is_refused(
    bundled: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    out, key = bundled
    made = json.loads(out.read_bytes())
    path = next(iter(made["files"]))
    made["files"][path] = "AAAA" + made["files"][path][4:]
    out.write_text(json.dumps(made), "utf-8")
    assert main(["policy", "verify", str(out), "--trust", key]) == 1
    assert "bundle-untrusted" in capsys.readouterr().err


def test_another_key_is_refused(bundled: tuple[Path, str]) -> None:
    from threegate.audit.log.note import Signer

    other = Signer.from_seed("ci", b"3" * 32).verifier.vkey()
    assert main(["policy", "verify", str(bundled[0]), "--trust", other]) == 1


def test_a_broken_pack_is_not_bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNING", "ab" * 32)
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / "bad.yaml").write_text("pack: bad\n", "utf-8")
    out = tmp_path / "policy.bundle"
    where = ["--policies", str(tmp_path), "--out", str(out), "--key", "env:SIGNING"]
    assert main(["policy", "bundle", "bad", *where]) == 1
    assert not out.exists()
