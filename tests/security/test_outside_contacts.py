"""Nothing phones home: every command, in a network namespace and under strace with a fresh HOME,
looks no name up, connects to nothing but loopback, and writes nothing outside its folder.

What is looked for is listed in `spy`; `docs/operate.md` tells operators how to repeat it.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
from pathlib import Path

from threegate.cli.commands import parser

from tests.cli.parsers import parsers
from tests.security import spy

pytestmark = spy.needed()
MODELS = {"THREEGATE_MODELS": str(spy.ROOT / "classifiers/models")}
CALL = """
import http.client, json, os, sys, time
body = {"model": "deepseek-r1", "messages": [{"role": "user", "content": "Card 4111 1111 1111 1111"}]}
while True:
    os.kill(int(sys.argv[1]), 0)  # the server lives
    connection = http.client.HTTPConnection("127.0.0.1", 18080, timeout=60)
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body))
    except ConnectionRefusedError:
        time.sleep(0.2)
    else:
        break
assert connection.getresponse().status == 200
"""
RUN_EACH = """
import signal, sys
from threegate.cli.main import main


graphs = {}


def keep_graphs(library):  # opening one costs up to a second; the next command gets the same
    open_graph = library.InferenceSession

    def opened(path, *options, **more):
        if path not in graphs:
            graphs[path] = open_graph(path, *options, **more)
        return graphs[path]

    library.InferenceSession = opened


kept = False
signal.signal(signal.SIGALRM, signal.default_int_handler)  # ends `audit tail`
for line in sys.argv[1].splitlines():
    print(">", line, flush=True)
    signal.setitimer(signal.ITIMER_REAL, 3 if line == "audit tail" else 0)
    try:
        print("status", main(line.split()), flush=True)
    except SystemExit as stop:
        print("status", "usage" if stop.code else 0, flush=True)
    if not kept and "onnxruntime" in sys.modules:  # imported by the command, as users have it
        keep_graphs(sys.modules["onnxruntime"])
        kept = True
"""
ELSEWHERE = """\
classifiers: 'off'
state_url: redis://127.0.0.1:9
audit_syslog: tcp://127.0.0.1:9
audit_otlp: http://127.0.0.1:9
traces_url: http://127.0.0.1:9
metrics_port: 18081
ext_proc_port: 18082
webhooks: [{name: ops, format: json, url: 'http://127.0.0.1:9/'}]
"""
GRPC = """
from threegate_classifiers.remote_grpc import GrpcKServe

assert not GrpcKServe("grpc://127.0.0.1:9", "guard").ready()
"""
COMMANDS = """
attack --url http://127.0.0.1:9
eval pii --made 5
init fresh
policy check base
policy diff base --to base
policy coverage --taxonomy owasp base
policy explain --what unknown base
policy schema
policy hash
policy kinds
policy taxonomy
policy test base --classifiers off
policy replay base rows.jsonl --to base --classifiers off
policy submit base --by ann --author ann --classifiers off
policy approve 00000000 --by bob
policy withdraw 00000000 --by bob
policy reject 00000000 --by bob
policy recall 00000000 --by ann
policy activate 00000000 --by bob
policy rollback 00000000 --by bob
policy history
policy bank-check bank.csv
policy bank-run bank.csv --classifiers off
policy words words.txt --name words
policy bundle base --out base.bundle
policy verify base.bundle --trust none
audit verify
audit show 00000000
audit search
audit tail
audit export exported --reason test
audit erase --request 00000000 --yes --reason test
audit acknowledge
audit rewrap
audit hold
audit retain --reason check
audit backup copy --reason test
audit restore copy --database other.sqlite3 --directory other --reason test
audit upkeep
audit report
explain 00000000
models list
models verify
models card guard
models calibrate rows.jsonl --judge none
models export --triton repository
mcp --classifiers off true
keys add
keys list
keys revoke 00000000
demo --only harmless
scan 4111
"""


def leaves() -> set[str]:
    """Every command that does something, as it is typed."""
    ends = [p for p in parsers(parser()) if not any(map(_is_group, p._actions))]
    return {p.prog.removeprefix("threegate ") for p in ends}


def _is_group(action: argparse.Action) -> bool:
    return isinstance(action, argparse._SubParsersAction)


def laid(work: Path) -> Path:
    """A working directory as an operator has one."""
    shutil.copytree(spy.ROOT / "policies", work / "policies")
    (work / "words.txt").write_text("one\n")
    (work / "bank.csv").write_text("text,expect,risk\nhello,answer,文化\n")
    (work / "rows.jsonl").write_text('{"text": "hello"}\n')
    return work


def served(work: Path, workers: str) -> str:
    """A script that starts the server, makes one guarded call and stops it."""
    server = shlex.join(spy.threegate("serve", "--port", "18080", "--workers", workers))
    call = shlex.join([sys.executable, "-c", CALL])
    return f"{server} & server=$!\n{call} $server || exit 9\nkill -TERM $server; wait $server\n"


def test_the_list_of_commands_is_complete() -> None:
    listed = {" ".join(line.split()[:2]) for line in COMMANDS.split("\n") if line}
    ones = {name.split()[0] for name in listed} & leaves()
    assert leaves() == {n for n in listed if n.split()[0] not in ones} | ones | {"serve"}


def test_a_server_with_shared_state_and_every_feed_reaches_these_only(tmp_path: Path) -> None:
    (laid(tmp_path) / "threegate.yaml").write_text(ELSEWHERE)
    status = spy.ran(tmp_path, ["sh", "-c", served(tmp_path, "1")])
    printed = (tmp_path / "out").read_text()
    assert status == 0, printed
    assert "each process limits by itself" in printed  # so the feeds were tried too
    assert not spy.contacts(tmp_path)


def test_a_model_server_over_grpc_is_all_that_grpc_reaches(tmp_path: Path) -> None:
    assert spy.ran(tmp_path, [sys.executable, "-c", GRPC]) == 0, (tmp_path / "out").read_text()
    assert not spy.contacts(tmp_path)


def test_a_server_of_two_workers_and_every_other_command_reach_nothing(tmp_path: Path) -> None:
    each = shlex.join([sys.executable, "-c", RUN_EACH, COMMANDS.strip()])
    script = (
        f"{served(laid(tmp_path), '2')}\n{each}"  # first a call, so that there is a log to read
    )
    status = spy.ran(tmp_path, ["sh", "-c", script], MODELS)
    printed = (tmp_path / "out").read_text()
    assert status == 0, printed
    assert "status usage" not in printed
    assert not spy.contacts(tmp_path)


def test_the_spy_sees_a_lookup_a_connection_and_a_file_under_home(tmp_path: Path) -> None:
    reach = (
        "import os, socket\n"
        "open(os.path.expanduser('~/id'), 'w').close()\n"
        "for host in ('collector.example', '192.0.2.1'):\n"
        "    try: socket.create_connection((host, 443), 1)\n"
        "    except OSError: pass\n"
    )
    assert spy.ran(tmp_path, [sys.executable, "-c", reach]) == 0
    seen = spy.contacts(tmp_path)
    assert "192.0.2.1:443" in seen.addresses
    assert seen.lookups
    assert str(tmp_path / "home/id") in seen.written
