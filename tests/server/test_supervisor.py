"""The supervisor with a real listening socket and real processes of a small program."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from threegate.server.supervisor import how

from tests.waiting import eventually

PROGRAM = """
import asyncio, logging, os, signal, socket, sys, time
from pathlib import Path
from threegate.server import membership, supervisor
from threegate.server.membership import Membership
from threegate.server.supervisor import Supervisor, same_command

room = Path(sys.argv[1])

async def work(member):
    loop, stop, calls = asyncio.get_running_loop(), asyncio.Event(), set()
    if (room / "broken").exists():
        raise SystemExit(3)
    while (room / "slow").exists():
        await asyncio.sleep(0.02)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    async def answer(reader, writer):
        calls.add(asyncio.current_task())
        while line := await reader.readline():
            if line == b"stand still\\n":
                time.sleep(1000)
            writer.write(f"{os.getpid()}\\n".encode())
        writer.close()
        calls.discard(asyncio.current_task())

    server = await asyncio.start_server(answer, sock=member.listener)
    member.stop_with_supervisor()
    kind = "replacement" if member.replacement else "worker"
    (room / f"{kind}-{os.getpid()}").touch()
    member.ready({"from": str(os.getpid())})
    await stop.wait()
    server.close()
    while calls:
        await asyncio.wait(set(calls))

async def main():
    supervisor.STALLED_S = float(sys.argv[2])
    membership.HEARTBEAT_S = supervisor.STALLED_S / 60
    if sys.argv[-2] == "--worker":
        await work(Membership.of(sys.argv[-1]))
        return 0
    logging.basicConfig(level=logging.INFO)
    listener = socket.create_server(("127.0.0.1", 0))
    (room / "port.new").write_text(str(listener.getsockname()[1]))
    (room / "port.new").rename(room / "port")
    failed = lambda pid: (room / f"failed-{pid}").touch()
    served = lambda report: print(report, flush=True)
    return await Supervisor(same_command(), listener, 2, served, on_failed=failed).run()

sys.exit(asyncio.run(main()))
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@dataclass
class Fleet:
    room: Path
    process: subprocess.Popen[str]

    def pids(self) -> set[int]:
        """All workers that ever became ready."""
        return self.named("worker") | self.named("replacement")

    def named(self, kind: str) -> set[int]:
        return {int(p.name.partition("-")[2]) for p in self.room.glob(f"{kind}-*")}

    def living(self) -> set[int]:
        return {pid for pid in self.pids() if alive(pid)}

    def call(self) -> Call:
        return Call(int((self.room / "port").read_text()))


class Call:
    """A connection that stays open until it is closed."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.file = self.socket.makefile("rw")

    def say(self, what: str) -> None:
        self.file.write(f"{what}\n")
        self.file.flush()

    def ask(self) -> int:
        self.say("who")
        return int(self.file.readline())

    def close(self) -> None:
        self.file.close()
        self.socket.close()


def start(room: Path, stalled_s: float = 60) -> Fleet:
    program = room / "program.py"
    program.write_text(PROGRAM)
    command = [sys.executable, str(program), str(room), str(stalled_s)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    return Fleet(room, process)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    made = start(tmp_path)
    try:
        assert eventually(lambda: len(made.pids()) == 2)
        yield made
    finally:
        made.process.kill()
        made.process.communicate()
        assert eventually(lambda: not made.living())


def test_a_dead_worker_is_replaced(fleet: Fleet) -> None:
    victim = min(fleet.pids())
    os.kill(victim, signal.SIGKILL)
    assert eventually(lambda: len(fleet.pids()) == 3)
    assert len(fleet.named("replacement")) == 1  # it may serve what its sibling serves
    call = fleet.call()
    assert call.ask() != victim
    call.close()


def test_a_worker_that_stalls_is_replaced(tmp_path: Path) -> None:
    fleet = start(tmp_path, stalled_s=3)
    try:
        assert eventually(lambda: len(fleet.pids()) == 2)
        call = fleet.call()
        victim = call.ask()
        call.say("stand still")
        assert logged(fleet, f"worker {victim} stalled")
        assert eventually(lambda: len(fleet.living() - {victim}) == 2)
        assert not alive(victim)
        call.close()
    finally:
        fleet.process.kill()
        fleet.process.communicate()
        assert eventually(lambda: not fleet.living())


def test_a_restart_keeps_calls_and_replaces_all(fleet: Fleet) -> None:
    old = fleet.pids()
    call = fleet.call()
    served_by = call.ask()
    fleet.process.send_signal(signal.SIGHUP)
    assert eventually(lambda: len(fleet.pids()) == 4)
    assert eventually(lambda: fleet.living() & old == {served_by})
    assert call.ask() == served_by
    for _ in range(20):
        other = fleet.call()
        assert other.ask() not in old
        other.close()
    call.close()
    assert eventually(lambda: not fleet.living() & old)
    assert not fleet.named("replacement")


def logged(fleet: Fleet, what: str) -> bool:
    """Waits until the supervisor has logged it, once more."""
    assert fleet.process.stderr is not None
    return any(what in line for line in fleet.process.stderr)


def test_a_restart_during_the_start_replaces_all(tmp_path: Path) -> None:
    """Else a worker with the settings of before would be left."""
    fleet = start(tmp_path)
    children = Path(f"/proc/{fleet.process.pid}/task/{fleet.process.pid}/children")
    assert eventually(lambda: len(fleet.pids()) == 1)
    (tmp_path / "slow").touch()
    assert eventually(lambda: len(children.read_text().split()) == 2)
    fleet.process.send_signal(signal.SIGHUP)
    assert logged(fleet, "restart of 2 workers")
    (tmp_path / "slow").unlink()
    assert logged(fleet, "restart done")
    assert len(fleet.pids()) == 4
    assert eventually(lambda: len(fleet.living()) == 2)
    fleet.process.kill()
    fleet.process.communicate()


def test_a_restart_into_a_broken_program_leaves_the_old_workers(fleet: Fleet) -> None:
    old = fleet.pids()
    (fleet.room / "broken").touch()
    fleet.process.send_signal(signal.SIGHUP)
    assert logged(fleet, "restart given up")
    assert fleet.living() == old
    (failed,) = fleet.named("failed")
    assert failed not in old
    call = fleet.call()
    assert call.ask() in old
    call.close()


def test_a_worker_that_dies_in_a_restart_is_replaced_once(fleet: Fleet) -> None:
    slow = fleet.room / "slow"
    slow.touch()
    fleet.process.send_signal(signal.SIGHUP)
    assert logged(fleet, "restart of 2 workers")
    for victim in fleet.pids():
        os.kill(victim, signal.SIGKILL)
        assert logged(fleet, "another starts")
    slow.unlink()
    assert logged(fleet, "restart done")
    fleet.process.send_signal(signal.SIGHUP)
    assert logged(fleet, "restart done")
    assert len(fleet.pids()) == 6
    assert eventually(lambda: len(fleet.living()) == 2)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_closes_the_port_and_lets_calls_finish(fleet: Fleet, how: signal.Signals) -> None:
    call = fleet.call()
    served_by = call.ask()
    fleet.process.send_signal(how)
    assert eventually(lambda: fleet.living() == {served_by})
    with pytest.raises(ConnectionRefusedError):
        fleet.call()
    assert call.ask() == served_by
    call.close()
    assert fleet.process.wait(30) == 0


def test_a_stop_ends_restarts_without_an_error(fleet: Fleet) -> None:
    (fleet.room / "slow").touch()
    for _ in range(2):
        fleet.process.send_signal(signal.SIGHUP)
        assert logged(fleet, "restart of 2 workers")
    fleet.process.terminate()
    assert fleet.process.wait(30) == 0
    assert fleet.process.stderr is not None
    assert fleet.process.stderr.read() == ""


def test_workers_end_with_their_supervisor(fleet: Fleet) -> None:
    fleet.process.kill()
    assert eventually(lambda: not fleet.living())


def test_a_first_worker_that_cannot_start_is_the_end(tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    fleet = start(tmp_path)
    assert fleet.process.wait(30) == 1
    assert fleet.process.stderr is not None
    assert "worker 1 of 2 did not start" in fleet.process.stderr.read()
    fleet.process.stderr.close()


def test_a_stop_during_the_start_says_nothing_of_ready_workers(tmp_path: Path) -> None:
    (tmp_path / "slow").touch()
    fleet = start(tmp_path)
    children = Path(f"/proc/{fleet.process.pid}/task/{fleet.process.pid}/children")
    assert eventually(lambda: children.read_text() != "")
    fleet.process.terminate()
    assert fleet.process.wait(30) == 0
    assert fleet.process.stderr is not None
    assert "ready" not in fleet.process.stderr.read()
    fleet.process.stderr.close()


def test_a_worker_that_was_killed_is_said_to_lack_memory() -> None:
    assert "memory is short" in how(-signal.SIGKILL)
    assert (how(3), how(-signal.SIGSEGV)) == ("3", "-11")
