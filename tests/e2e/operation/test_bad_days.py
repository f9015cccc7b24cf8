"""What an operator gets wrong, or what breaks under him: each stops the start with one message that
names it, in both languages, or is told while the server serves."""

from __future__ import annotations

import logging
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from threegate.cli.commands import parser
from threegate.cli.failures import message
from threegate.cli.main import main

ROOT = Path(__file__).parents[3]
CANARY = "hunter2canary"
NONE = f"postgresql://guard:{CANARY}@127.0.0.1"


@dataclass(frozen=True)
class Day:
    """What is prepared in the working directory and set, and words of both messages."""

    said: str
    variables: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    settings: str = ""
    prepare: Callable[[Path], object] = lambda work: None


def file(name: str, content: str = "") -> Callable[[Path], object]:
    def write(work: Path) -> None:
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(content)

    return write


def changed_model(work: Path) -> None:
    shutil.copytree(ROOT / "classifiers/models/guard", work / "models/guard")
    for model in (work / "models").rglob("model.onnx"):
        with model.open("r+b") as opened:
            opened.seek(1000)
            opened.write(b"\xff\x00")


def lost_model(work: Path) -> None:
    changed_model(work)
    for model in (work / "models").rglob("model.onnx"):
        model.unlink()


MODELS = ("--classifiers", "required", "--models", "models")
DAYS = {
    "a pack that is not there": Day("packs/nope.yaml", options=("--pack", "nope")),
    "a pack of bad YAML": Day(
        "packs/base.yaml:2:1", prepare=file("policies/packs/base.yaml", "rules:\n\t- x")
    ),
    "no folder of policies": Day("policies/none", options=("--policies", "policies/none")),
    "a folder of models that is not there": Day("guard", options=(*MODELS[:3], "none")),
    "a model file that is gone": Day("model.onnx", options=MODELS, prepare=lost_model),
    "a model file that was changed": Day("sha256", options=MODELS, prepare=changed_model),
    "a server of models that is away": Day(
        "ConnectError",
        {"THREEGATE_REMOTE_MODELS": "guard=http://127.0.0.1:1"},
        ("--classifiers", "required"),
    ),
    "a database of another kind": Day("postgresql://", {"THREEGATE_AUDIT_URL": "mysql://h/d"}),
    "a port of a database that is no number": Day(
        "postgresql://", {"THREEGATE_AUDIT_URL": f"{NONE}:abc/log"}
    ),
    "a database that is away": Day("127.0.0.1", {"THREEGATE_AUDIT_URL": f"{NONE}:1/log"}),
    "a parameter that no database has": Day(
        "sslmode", {"THREEGATE_AUDIT_URL": f"{NONE}:1/log?sslmod=require"}
    ),
    "TLS as no database has it": Day(
        "verify-full", {"THREEGATE_AUDIT_URL": f"{NONE}:1/log?sslmode=always"}
    ),
    "a file that is no database": Day(
        "not a database", prepare=file("var/audit.sqlite3", "no database\n" * 100)
    ),
    "a key that is too short": Day(
        "32", {"THREEGATE_AUDIT_SIGNING_KEY": "file:short"}, prepare=file("short", "abc")
    ),
    "a key file that is not there": Day("none", {"THREEGATE_AUDIT_MASTER_KEY": "file:none"}),
    "a key command that fails": Day(
        "audit_master_key", {"THREEGATE_AUDIT_MASTER_KEY": f"cmd:false {CANARY}"}
    ),
    "a key command with an open quotation mark": Day(
        "audit_master_key", {"THREEGATE_AUDIT_MASTER_KEY": f"cmd:kms '{CANARY}"}
    ),
    "a folder that is a file": Day("var", prepare=file("var")),
    "a file of keys that is not there": Day("none.json", {"THREEGATE_KEYS_FILE": "none.json"}),
    "a file of keys that is something else": Day(
        "keys.json", {"THREEGATE_KEYS_FILE": "keys.json"}, prepare=file("keys.json", '{"a": 1}')
    ),
    "a secret that was cut off": Day("var/secret", prepare=file("var/secret", "x")),
    "a secret that can be guessed": Day("SALT", {"THREEGATE_SECRET_ENV": "SALT", "SALT": "x"}),
    "a variable without a value": Day("SALT", {"THREEGATE_SECRET_ENV": "SALT"}),
    "an unknown variable": Day("THREEGATE_PROT", {"THREEGATE_PROT": "1"}),
    "a model API without a host": Day("http://", options=("--upstream", "http://")),
    "a port of a model API that cannot be": Day("http://", options=("--upstream", "http://a:99999")),
    "a key of a model API that is not set": Day(
        "OWN", settings="upstreams: [{url: 'http://127.0.0.1:1', key_env: OWN}]"
    ),
    "a tokenizer that is not there": Day(
        "none.json", settings="upstreams: [{url: 'http://127.0.0.1:1', tokenizer: none.json}]"
    ),
    "an address that is not this machine's": Day("192.0.2.7", options=("--host", "192.0.2.7")),
    "other machines, but no key": Day("threegate keys add", options=("--host", "0.0.0.0")),
    "a state that is no Redis": Day("redis://", {"THREEGATE_STATE_URL": "http://127.0.0.1:1"}),
    "certificates that are none": Day(
        "ca.pem",
        {"THREEGATE_AUDIT_SYSLOG": "tls://127.0.0.1:1", "THREEGATE_AUDIT_SYSLOG_CA": "ca.pem"},
        prepare=file("ca.pem", "x"),
    ),
    "settings that are not there": Day("none.yaml", options=("--config", "none.yaml")),
}  # fmt: skip


PACK = """\
pack: base
title: {zh: 邮箱, en: E-mail}
version: '1'
rules:
  - id: base.email
    title: {zh: 邮箱, en: E-mail}
    owner: privacy
    why: [pipl.51]
    layer: input
    where: [user]
    detect: {any: [pii.email]}
    then: {block: {}}
    message: {zh: 已停止。, en: Stopped.}
    tests: {match: [write to ann@example.org], no_match: [write to ann]}
    review_by: 2027-06-30
"""


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """`serve` logs to the standard error of this test, which is closed after it."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a policy that compiles quickly."""
    file("policies/packs/base.yaml", PACK)(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(day: Day) -> list[str]:
    """With a model API unless the day's settings name one."""
    upstream = () if day.settings else ("--upstream", "http://127.0.0.1:1")
    return ["serve", "--port", "0", "--classifiers", "off", *upstream, *day.options]


@pytest.mark.parametrize("name", DAYS)
def test_a_start_that_cannot_be_is_told_in_one_message(
    name: str, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = DAYS[name]
    for variable, value in day.variables.items():
        monkeypatch.setenv(variable, value)
    if day.settings:
        file("threegate.yaml", day.settings)(work)
    day.prepare(work)
    args = parser("en", ["serve"]).parse_args(command(day))
    with pytest.raises(Exception) as caught:  # noqa: PT011
        args.run(args)
    texts = [message(caught.value, language) for language in ("zh", "en")]
    for said in texts:
        assert said is not None, repr(caught.value)
        assert day.said in said
        assert CANARY not in said
    assert any("一" <= c <= "鿿" for c in str(texts[0]))


@pytest.mark.parametrize(("language", "said"), [("zh", "不能监听"), ("en", "cannot listen on")])
def test_a_port_in_use_ends_the_program_with_2(
    work: Path, capsys: pytest.CaptureFixture[str], language: str, said: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main([*command(Day("")), "--port", str(port), "--lang", language]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert line.count(str(port)) == 1
