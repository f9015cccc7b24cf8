"""Runs the files of the tests in several processes, forked when all tests are collected.

`--processes N`. Collecting costs as much CPU as a minute of tests, and pytest-xdist does it again in
each process. Forked ones have what was collected, and hand their reports to the first process, which
shows and counts them. Whoever is free takes the next file; a file's tests stay together.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby, pairwise
from multiprocessing.connection import Connection, Pipe, wait
from tempfile import TemporaryFile
from typing import Any

import pytest
from _pytest.capture import FDCapture

Files = Sequence[Sequence[pytest.Item]]
BYTES = 4  # of a file's number


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--processes", type=int, default=1, help="run files in so many processes")


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    option = session.config.option
    if option.processes < 2 or option.collectonly or session.testsfailed:
        return None  # pytest's own loop
    files = [list(tests) for _, tests in groupby(session.items, key=lambda test: test.path)]
    turns, workers = _turns(len(files)), list[Worker]()
    try:
        workers += (Worker(session, files, turns) for _ in range(option.processes))
        _show(session, workers)
    finally:
        for worker in workers:
            worker.stop()
    return True


def _turns(count: int) -> int:
    """A pipe from which each process reads the number of its next file."""
    reading, writing = os.pipe()
    os.write(writing, b"".join(n.to_bytes(BYTES) for n in range(count)))
    os.close(writing)
    return reading


def _show(session: pytest.Session, workers: Sequence[Worker]) -> None:
    """Shows what the processes report, to their end."""
    reporting: dict[Any, Worker] = {worker.reports: worker for worker in workers}
    while reporting:
        for reports in wait(list(reporting)):
            if not reporting[reports].show():
                del reporting[reports]
        if session.shouldfail:
            raise session.Failed(session.shouldfail)


class Worker:
    """A forked process as the first one sees it."""

    def __init__(self, session: pytest.Session, files: Files, turns: int) -> None:
        self.config, self.test, self.ended = session.config, "no test", False
        self.reports, sending = Pipe(duplex=False)
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os._exit(_run(session, files, turns, sending))
            finally:
                os._exit(1)
        sending.close()

    def show(self) -> bool:
        """Calls pytest's hook as in one process; False at the end."""
        try:
            name, values = self.reports.recv()
        except EOFError:
            self._broke_off()
            name, values = "", {}
        self.ended = not name
        if name == "start":
            self.test = values
        elif name:
            getattr(self.config.hook, name)(**self._received(values))
        return not self.ended

    def _received(self, values: dict[str, Any]) -> dict[str, Any]:
        if "data" not in values:
            return values
        read = self.config.hook.pytest_report_from_serializable
        return {"report": read(config=self.config, **values)}

    def _broke_off(self) -> None:
        """A failure of the last test that began."""
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        problem = f"the process of this test, or after it, ended with {status}"
        place = (self.test.partition("::")[0], None, self.test)
        report = pytest.TestReport(self.test, place, {}, "failed", problem, "call")
        self.config.hook.pytest_runtest_logreport(report=report)

    def stop(self) -> None:
        """Before its end only where the run breaks off: then its fixtures are torn down."""
        with suppress(ProcessLookupError, ChildProcessError):
            if not self.ended:
                os.kill(self.pid, signal.SIGINT)
            os.waitpid(self.pid, 0)


def _run(session: pytest.Session, files: Files, turns: int, sending: Connection) -> int:
    """The forked process; its exit status."""
    _report_to(sending, session.config)
    state: Any = session._setupstate
    try:
        try:
            for tests in _taken(files, turns):
                state.teardown_exact(tests[0])
                folder: Any = tests[0].getparent(pytest.Module).parent  # type: ignore[union-attr]
                for test, following in pairwise([*tests, folder]):  # a folder's fixtures stay
                    test.config.hook.pytest_runtest_protocol(item=test, nextitem=following)
        finally:
            state.teardown_exact(None)
    except BaseException:
        traceback.print_exc()
        return 1
    sending.send(("", {}))
    return 0


def _taken(files: Files, turns: int) -> Iterator[Sequence[pytest.Item]]:
    while turn := os.read(turns, BYTES):
        yield files[int.from_bytes(turn)]


def _report_to(sending: Connection, config: pytest.Config) -> None:
    """What a terminal would show goes to the first process; what tests print, to files that are not
    those of all processes."""
    config.pluginmanager.unregister(name="terminalreporter")
    config.pluginmanager.register(_Reporter(sending, config))
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    for stream in (capture._global_capturing.out, capture._global_capturing.err):
        if isinstance(stream, FDCapture):  # modules hold the open files, so they stay open
            with TemporaryFile(buffering=0) as own:
                os.dup2(own.fileno(), stream.tmpfile.fileno(), inheritable=False)


class _Reporter:
    def __init__(self, sending: Connection, config: pytest.Config) -> None:
        self.sending, self.config = sending, config

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.sending.send(("start", nodeid))

    def pytest_runtest_logfinish(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        values = {"nodeid": nodeid, "location": location}
        self.sending.send(("pytest_runtest_logfinish", values))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        hook = self.config.hook
        data = hook.pytest_report_to_serializable(config=self.config, report=report)
        self.sending.send(("pytest_runtest_logreport", {"data": data}))
