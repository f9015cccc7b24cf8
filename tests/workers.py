"""Tests in several processes: `pytest --workers 3`.

They are collected once and by one process, which then forks: each worker has the modules, tables and
compiled patterns already and shares their memory. A worker takes one file after the other, so that a
file's models and servers start once, and sends its reports to the first process, which prints them.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby, pairwise
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any

import pytest

NUMBER = 2
"""Bytes of a file's number."""
Location = tuple[str, int | None, str]


@dataclass
class Worker:
    """`left` are the tests of the files that it took and has not finished: id and location."""

    pid: int
    reports: Connection
    left: dict[str, Location] = field(default_factory=dict)


@dataclass(frozen=True)
class Sender:
    """A plugin that hands on what a worker's tests did."""

    config: pytest.Config
    reports: Connection

    def pytest_runtest_logfinish(self, nodeid: str, location: Location) -> None:
        self.reports.send(nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        hook = self.config.hook
        self.reports.send(hook.pytest_report_to_serializable(config=self.config, report=report))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--workers", type=int, default=1, help="run the tests in so many processes")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    count: int = session.config.getoption("--workers")
    if count < 2 or session.config.option.collectonly or session.testsfailed:
        return None
    session.config.pluginmanager.getplugin("terminalreporter").showfspath = False
    files = [tuple(items) for _, items in groupby(session.items, key=lambda item: item.path)]
    queue = _numbers(len(files))
    _print(session, [_fork(session, files, queue, n) for n in range(count)], queue)
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    return True


def _numbers(count: int) -> int:
    """A pipe with the numbers of all files, of which whoever has time takes the next one."""
    queue, feed = os.pipe()
    os.write(feed, b"".join(n.to_bytes(NUMBER, "little") for n in range(count)))
    os.close(feed)
    return queue


def _fork(
    session: pytest.Session, files: Sequence[Sequence[pytest.Item]], queue: int, number: int
) -> Worker:
    reader, writer = Pipe(duplex=False)
    factory = session.config._tmp_path_factory  # type: ignore[attr-defined]
    folder = factory.getbasetemp() / f"worker{number}"
    sys.stdout.flush()
    if pid := os.fork():
        writer.close()
        return Worker(pid, reader)
    code = 1
    try:
        folder.mkdir()
        factory._basetemp = folder
        _work(session, files, queue, writer)
        code = 0
    finally:
        os._exit(code)


def _work(
    session: pytest.Session,
    files: Sequence[Sequence[pytest.Item]],
    queue: int,
    reports: Connection,
) -> None:
    plugins = session.config.pluginmanager
    plugins.unregister(name="terminalreporter")
    plugins.register(Sender(session.config, reports))
    capture = plugins.getplugin("capturemanager")
    capture.stop_global_capturing()  # the files that output goes to are the first process'
    capture.start_global_capturing()
    for item, following in pairwise(chain(_taken(files, queue, reports), (None,))):
        assert item is not None
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail or session.shouldstop:
            break
    reports.send(None)


def _taken(
    files: Sequence[Sequence[pytest.Item]], queue: int, reports: Connection
) -> Iterator[pytest.Item]:
    while number := os.read(queue, NUMBER):
        taken = files[int.from_bytes(number, "little")]
        reports.send([(item.nodeid, item.location) for item in taken])
        yield from taken


def _print(session: pytest.Session, workers: Sequence[Worker], queue: int) -> None:
    """All reports, to the end of all workers. After too many failures nobody takes a further file."""
    busy: dict[Any, Worker] = {worker.reports: worker for worker in workers}
    try:
        while busy:
            for reports in wait(list(busy)):
                if not _print_one(session, busy[reports]):
                    del busy[reports]
            while session.shouldfail and os.read(queue, NUMBER):
                pass
    finally:
        for worker in busy.values():  # after an interrupt
            os.kill(worker.pid, signal.SIGINT)
        for worker in workers:
            os.waitpid(worker.pid, 0)


def _print_one(session: pytest.Session, worker: Worker) -> bool:
    """Whether more may come."""
    hook = session.config.hook
    try:
        match worker.reports.recv():
            case None:
                return False
            case list(taken):
                worker.left.update(taken)
            case str(done):
                del worker.left[done]
            case data:
                report = hook.pytest_report_from_serializable(config=session.config, data=data)
                hook.pytest_runtest_logreport(report=report)
    except EOFError:
        _died(session, worker)
        return False
    return True


def _died(session: pytest.Session, worker: Worker) -> None:
    """The test in which a process ended has failed, and those that it did not come to."""
    nobody: dict[str, Location] = {"a process of --workers": ("", None, "")}
    text = "its process has ended"
    for name, place in (worker.left or nobody).items():
        report = pytest.TestReport(name, place, {}, "failed", text, "call")
        session.config.hook.pytest_runtest_logreport(report=report)
        text = "the process ended before this test"
