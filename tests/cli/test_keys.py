from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from threegate.cli.main import main
from threegate.gateway.access.auth import KeyFile

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh", ("只显示这一次", "有效", "已到期", "已吊销", "没有密钥")), ("en", ("shown this once", "active", "expired", "revoked", "no key"))],
)  # fmt: skip
def test_a_key_is_shown_once_listed_and_revoked(
    language: str, said: tuple[str, ...], tmp_path: Path, capsys: Captured
) -> None:
    config = tmp_path / "threegate.yaml"
    config.write_text(f"var: {tmp_path}\n", "utf-8")
    common = ["--config", str(config), "--lang", language]
    once, active, expired, revoked, unknown = said
    assert main(["keys", "add", "--tenant", "shop", *common]) == 0
    head, secret = capsys.readouterr().out.splitlines()
    assert once in head
    assert main(["keys", "list", *common]) == 0
    listed = capsys.readouterr().out
    assert active in listed
    assert secret not in listed
    id = listed.split("\t")[0]
    assert id in head
    stored = tmp_path / "keys.json"
    stored.write_text(stored.read_text().replace('"expires": ""', '"expires": "2026-01-01"'))
    assert main(["keys", "list", *common]) == 0
    assert expired in capsys.readouterr().out
    assert main(["keys", "revoke", id, *common]) == 0
    assert main(["keys", "list", *common]) == 0
    assert revoked in capsys.readouterr().out
    assert main(["keys", "revoke", "nothing", *common]) == 1
    assert unknown in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["we ird", "", "shop*", "-shop", "a,b", "a\tb", "a\nb", "x" * 65, "a{b}"]
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_tenant_has_a_name_that_rules_and_metrics_can_use(
    name: str, language: str, tmp_path: Path, capsys: Captured
) -> None:
    config = tmp_path / "threegate.yaml"
    config.write_text(f"var: {tmp_path}\n", "utf-8")
    common = ["--config", str(config), "--lang", language]
    assert main(["keys", "add", f"--tenant={name}", *common]) == 2
    assert "--tenant" in capsys.readouterr().err
    assert not (tmp_path / "keys.json").exists()
    for good in ("shop", "示例银行", "team/app", "li@corp.cn", "bank-1.eu"):
        assert main(["keys", "add", f"--tenant={good}", *common]) == 0


@pytest.mark.parametrize(("days", "warned"), [(9, True), (90, False)])
def test_the_list_warns_of_a_key_that_ends_soon(
    days: int, warned: bool, tmp_path: Path, capsys: Captured
) -> None:
    config = tmp_path / "threegate.yaml"
    config.write_text(f"var: {tmp_path}\n", "utf-8")
    common = ["--config", str(config), "--lang", "en"]
    end = (datetime.now(UTC) + timedelta(days=days, hours=1)).isoformat()
    assert main(["keys", "add", "--expires", end, *common]) == 0
    capsys.readouterr()
    assert main(["keys", "list", *common]) == 0
    assert ("active, ends in 9 days" in capsys.readouterr().out) == warned


def test_who_adds_or_revokes_a_key_is_in_the_log(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "threegate.yaml"
    config.write_text(f"var: {tmp_path}\n", "utf-8")
    common = ["--config", str(config), "--lang", "en"]
    assert main(["keys", "add", "--tenant", "shop", "--by", "ann", *common]) == 0
    secret = capsys.readouterr().out.splitlines()[1]
    assert main(["keys", "list", *common]) == 0
    id = capsys.readouterr().out.split("\t")[0]

    def broken_off(*_: object) -> None:
        raise SystemExit(137)

    with monkeypatch.context() as patch:
        patch.setattr(KeyFile, "revoke", broken_off)
        with pytest.raises(SystemExit):
            main(["keys", "revoke", id, "--by", "bob", *common])
    assert main(["keys", "revoke", "nothing", "--by", "bob", *common]) == 1
    assert main(["keys", "revoke", id, "--by", "bob", *common]) == 0
    capsys.readouterr()
    assert main(["audit", "search", "--stage", "access", *common]) == 0
    recorded = capsys.readouterr().out
    lines = [line for line in recorded.splitlines() if id in line]
    assert [sum(who in line for line in lines) for who in ("ann", "bob")] == [2, 3]
    assert sum("was denied" in line for line in recorded.splitlines()) == 1
    assert secret not in recorded


def test_no_key_is_added_that_the_log_does_not_have(tmp_path: Path, capsys: Captured) -> None:
    config = tmp_path / "threegate.yaml"
    config.write_text(f"var: {tmp_path}\naudit_url: sqlite:///{tmp_path}/none/audit.db\n", "utf-8")
    (tmp_path / "none").write_text("a file where the log's folder should be")
    assert main(["keys", "add", "--config", str(config), "--lang", "en"]) == 2
    assert main(["keys", "list", "--config", str(config), "--lang", "en"]) == 0
    assert "no key" in capsys.readouterr().err.lower()
