"""The life of a version on the command line, from an edit to a rollback."""

from __future__ import annotations

from pathlib import Path

import pytest
from threegate.cli.main import main
from threegate.console.auth.accounts import Accounts, now
from threegate.console.bootstrap import engine_of
from threegate.parts import policy_versions
from threegate.policy.lifecycle.people import Role
from threegate.policy.lifecycle.store import now_utc
from threegate.policy.lifecycle.versions import Versions
from threegate.settings import load

from tests.policy.lifecycle.test_store import put
from tests.policy.packs import GOOD


class Shell:
    """Runs commands on one folder and one database."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.capsys = root, capsys

    def __call__(self, *args: str, lang: str = "en") -> tuple[int, str]:
        folder = ["--policies", str(self.root / "policies")] if args[0] == "submit" else []
        if args[0] == "submit" and "--untested" not in args:
            folder += ["--classifiers", "off"]
        database = ["--database", f"sqlite:///{self.root / 'v.sqlite3'}", "--lang", lang]
        code = main(["policy", *args, *folder, *database])
        return code, self.capsys.readouterr().out

    def submit(self, text: str) -> str:
        """The short digest of a submitted version."""
        put(self.root / "policies", text)
        code, out = self("submit", "shop", "--by", "ann", "--group", "privacy")
        assert code == 0, out
        return out.splitlines()[-1].split()[2]


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)


def submitted(root: Path, capsys: pytest.CaptureFixture[str]) -> tuple[Path, list[str], str]:
    """A settings file, arguments that name it, and the digest of what ann submitted with them."""
    config = root / "threegate.yaml"
    put(root / "policies", GOOD)
    config.write_text(f"var: {root / 'state'}\npolicies: {root / 'policies'}\nclassifiers: 'off'\n")
    common = ["--config", str(config), "--lang", "en"]
    assert main(["policy", "submit", "shop", "--by", "ann", *common]) == 0
    return config, common, capsys.readouterr().out.split()[2]


def test_from_an_edit_to_a_rollback(shell: Shell) -> None:
    first = shell.submit(GOOD)
    assert shell("approve", first, "--by", "ann") == (
        1,
        "own-work: authors cannot approve their own version\n",
    )
    assert shell("activate", first, "--by", "bob")[0] == 1
    assert shell("approve", first, "--by", "bob")[0] == 0
    assert shell("activate", first, "--by", "bob")[0] == 0
    second = shell.submit(GOOD.replace("owner: privacy", "owner: dpo"))
    assert shell("approve", second, "--by", "bob")[0] == 0
    assert shell("activate", second, "--by", "bob")[0] == 0
    assert shell("rollback", "--by", "cho", "--note", "complaints")[0] == 0
    code, out = shell("history")
    assert (code, len(out.splitlines())) == (0, 8)
    assert out.splitlines()[-1].startswith(f"active: {first} since")
    assert "complaints" in out


def test_versions_are_those_of_the_proxy_that_the_settings_describe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, var = tmp_path / "threegate.yaml", tmp_path / "state"
    put(tmp_path / "policies", GOOD)
    config.write_text(
        f"var: {var}\npolicies: {tmp_path / 'policies'}\npacks: [shop]\nclassifiers: 'off'\n"
    )
    common = ["--config", str(config), "--lang", "en"]
    assert main(["policy", "history", *common]) == 0
    assert "no version yet" in capsys.readouterr().err
    assert main(["policy", "rollback", *common]) == 1
    assert "there is no version to go back to" in capsys.readouterr().out
    assert main(["policy", "submit", "shop", "--by", "ann", *common]) == 0
    digest = capsys.readouterr().out.split()[2]
    for verb in ("approve", "activate"):
        assert main(["policy", verb, digest, "--by", "bob", *common]) == 0
    assert main(["audit", "search", "--stage", "policy", *common]) == 0
    out = capsys.readouterr().out
    assert all(step in out for step in ("ann submitted", "bob approved", "bob activated"))
    versions = policy_versions(load(environment={}, file=config))
    active = versions.state().active(now_utc())
    assert active
    assert active.digest.startswith(digest)


def test_an_approval_of_a_closed_account_does_not_count_here_either(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, common, digest = submitted(tmp_path, capsys)
    assert main(["policy", "approve", digest, "--by", "bob", *common]) == 0
    accounts = Accounts(engine_of(load(environment={}, file=config)), b"")
    for name in ("root", "bob"):
        token = accounts.invite(name, frozenset({Role.ADMIN, Role.APPROVER}), "", now())
        accounts.accept(token, name, "a long enough passphrase", now())
    accounts.change("bob", frozenset(), "", closed=True)
    assert main(["policy", "activate", digest, "--by", "carl", *common]) == 1
    assert "approver-left" in capsys.readouterr().out
    assert main(["policy", "approve", digest, "--by", "dora", *common]) == 0
    assert main(["policy", "activate", digest, "--by", "carl", *common]) == 0


def test_a_step_that_breaks_off_is_in_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, common, digest = submitted(tmp_path, capsys)
    assert main(["policy", "approve", digest, "--by", "ann", *common]) == 1

    def broken_off(*_: object) -> None:
        raise SystemExit(137)

    with monkeypatch.context() as patch:
        patch.setattr(Versions, "act", broken_off)
        with pytest.raises(SystemExit):
            main(["policy", "approve", digest, "--by", "bob", *common])
    capsys.readouterr()
    assert main(["audit", "search", "--stage", "access", *common]) == 0
    lines = capsys.readouterr().out.splitlines()
    told = [line for line in lines if digest in line]
    assert sum("bob" in line for line in told) == 1
    assert sum("ann" in line for line in told) == 3, "asked twice, refused once"


def test_a_shared_log_holds_the_versions_too() -> None:
    away = "postgresql://guard@127.0.0.1:1/log"
    assert load(environment={"THREEGATE_AUDIT_URL": away}).versions_database == away


def test_a_weaker_version_needs_another_group(shell: Shell) -> None:
    first = shell.submit(GOOD)
    shell("approve", first, "--by", "bob")
    shell("activate", first, "--by", "bob")
    weaker = shell.submit(GOOD.replace("then: {mask: {restore: client}}", "then: flag"))
    shell("approve", weaker, "--by", "bob", "--group", "privacy")
    assert shell("activate", weaker, "--by", "bob")[0] == 1
    shell("approve", weaker, "--by", "cho", "--group", "legal")
    assert shell("activate", weaker, "--by", "cho")[0] == 0


def test_an_emergency_needs_a_reason_and_another_person(shell: Shell) -> None:
    digest = shell.submit(GOOD)
    assert shell("activate", digest, "--emergency", "--by", "bob")[0] == 1
    assert shell("activate", digest, "--emergency", "--by", "ann", "--note", "attack")[0] == 1
    assert shell("activate", digest, "--emergency", "--by", "bob", "--note", "attack")[0] == 0
    assert "EMERGENCY" in shell("history")[1]


def test_a_pack_with_errors_is_not_submitted(shell: Shell) -> None:
    put(shell.root / "policies", GOOD.replace("pipl.51", "pipl.999"))
    assert shell("submit", "shop", "--by", "ann")[0] == 2


def test_a_digest_must_be_clear(shell: Shell) -> None:
    assert shell("approve", "abc", "--by", "bob")[0] == 2


def test_history_in_chinese(shell: Shell) -> None:
    digest = shell.submit(GOOD)
    shell("approve", digest, "--by", "bob", "--note", "看过")
    shell("activate", digest, "--by", "bob")
    submitted, approved, activated, active = shell("history", lang="zh")[1].splitlines()
    assert submitted.endswith(f"ann 提交 {digest}")
    assert approved.endswith(f"bob 批准 {digest} - 看过")
    assert activated.endswith(f"bob 启用 {digest}")
    assert active.startswith(f"正在使用：{digest}，自 ")
    assert active.endswith(" 起，由 bob 启用")
    code, out = shell("activate", digest, "--by", "bob", lang="zh")
    assert (code, out) == (1, "wrong-stage: 这个版本的状态是“使用中”\n")


def test_red_tests_take_a_reason_of_each_side(shell: Shell) -> None:
    red = GOOD.replace("no_match: ['", "no_match: ['a.b@example.com', '", 1)
    assert red != GOOD
    put(shell.root / "policies", red)
    assert shell("submit", "shop", "--by", "ann")[0] == 2
    code, out = shell("submit", "shop", "--by", "ann", "--untested", "mended next week")
    assert code == 0, out
    digest = out.splitlines()[-1].split()[2]
    assert shell("approve", digest, "--by", "bob")[1].startswith("untested: ")
    assert shell("approve", digest, "--by", "bob", "--untested", "seen by hand")[0] == 0


def test_an_author_takes_a_version_back(shell: Shell) -> None:
    digest = shell.submit(GOOD)
    assert shell("recall", digest, "--by", "bob")[0] == 1
    assert shell("recall", digest, "--by", "ann")[0] == 0
    assert shell("approve", digest, "--by", "bob")[0] == 1
