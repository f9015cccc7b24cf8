"""Several workers on one listening socket: start, replace the dead, restart one by one, stop.

A worker is this program run again with `--worker`, so a restart takes new code, settings and
models. All workers accept from the one socket that the supervisor bound, so no waiting connection
is lost when a worker leaves. Invariants:
- the first worker creates files and tables; the others start when it is ready;
- a worker is retired only after its successor is ready, and then finishes its streams;
- a worker whose event loop is blocked for STALLED_S is killed and replaced like a dead one;
- a supervisor that is killed takes its workers along (their standard input ends).
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from threegate.server.membership import REPLACEMENT

log = logging.getLogger(__name__)

READY_S = 300.0
"""Loading models on a busy machine may take long; a worker that needs longer than this has
failed."""
RETRY_S = 1.0
"""Seconds between two starts in one slot, so that a worker that keeps failing does not use up the
CPU."""
STALLED_S = 60.0
"""A worker without a heartbeat for this long has a blocked event loop. Checked in CHECKS parts, so
that after a suspension of the supervisor itself, heartbeats that arrived meanwhile are read
first."""
CHECKS = 4
FAILED = 1
GIVEN_UP = "restart given up: the new worker did not start, the old ones serve"

Report = Mapping[str, str]


@dataclass(slots=True, eq=False)
class Worker:
    """One worker process; `status` is the reading end of its status pipe (see `membership`)."""

    process: asyncio.subprocess.Process
    status: asyncio.StreamReader
    retired: bool = False

    async def ready(self) -> Report | None:
        """The worker's report once it serves; None if it fails to start."""
        with suppress(TimeoutError, ValueError):
            async with asyncio.timeout(READY_S):
                report: Report = json.loads(await self.status.readline())
                return report
        return None

    async def ended(self) -> int:
        """Waits for the process to end and returns its exit status."""
        watchdog = asyncio.ensure_future(self._kill_if_stalled())
        try:
            return await self.process.wait()
        finally:
            watchdog.cancel()

    async def _kill_if_stalled(self) -> None:
        missed = 0
        while missed < CHECKS:
            try:
                async with asyncio.timeout(STALLED_S / CHECKS):
                    if not await self.status.read(1 << 10):
                        return  # the process has ended
                missed = 0
            except TimeoutError:
                missed += 1
        log.error("worker %d stalled: it is killed", self.process.pid)
        self.process.kill()

    def stop(self, how: signal.Signals) -> None:
        """SIGTERM: announced first (`/readyz`). SIGINT: at once. Both finish their streams."""
        self.retired = True
        if self.process.returncode is None:
            self.process.send_signal(how)


@dataclass(slots=True)
class Supervisor:
    """Runs `count` times `command` on `listener` until SIGTERM or SIGINT; SIGHUP replaces all.

    `on_serving` gets the first worker's report when it is ready, `on_exit` the id of each worker
    that ends, `on_failed` that of each process that ended before it was ready."""

    command: Sequence[str]
    listener: socket.socket
    count: int
    on_serving: Callable[[Report], None] = lambda report: None
    on_exit: Callable[[int], None] = lambda pid: None
    on_failed: Callable[[int], None] = lambda pid: None
    _workers: list[Worker] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock)  # one change of workers at a time
    _signal: signal.Signals = signal.SIGTERM

    async def run(self) -> int:
        """The exit status: 0 after a stop signal, FAILED if a first worker does not start."""
        self._handle_signals()
        async with self._changing:  # a restart requested meanwhile replaces all
            started = await self._start_all()
        if not started:
            await self._stop_all(signal.SIGINT)
            return FAILED
        await self._stopping.wait()
        await self._stop_all(self._signal)
        return 0

    async def _start_all(self) -> bool:
        """False if a worker does not start."""
        for number in range(self.count):
            report = await self._add()
            if self._stopping.is_set():
                return True
            if report is None:
                log.error("worker %d of %d did not start", number + 1, self.count)
                return False
            if number == 0:
                self.on_serving(report)
        log.info("all %d workers are ready", self.count)
        return True

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, number)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._spawn(self._restart()))

    def _stop(self, how: signal.Signals) -> None:
        if self._stopping.is_set():  # the second signal: stop waiting for streams
            for worker in self._workers:
                worker.stop(signal.SIGINT)
        self._signal = how
        self._stopping.set()

    async def _add(self) -> Report | None:
        started = await self._start()
        if started is None:
            return None
        worker, report = started
        self._workers.append(worker)
        return report

    async def _start(self, kind: str = "") -> tuple[Worker, Report] | None:
        """A ready worker; None if it did not become ready or a stop came first."""
        if self._stopping.is_set():
            return None
        worker = await self._launch(kind)
        ready = asyncio.ensure_future(worker.ready())
        stopped = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait((ready, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if ready.done() and (report := ready.result()) is not None:
            self._spawn(self._replace_if_dead(worker))
            return worker, report
        ready.cancel()
        worker.stop(signal.SIGTERM)
        if (status := await worker.process.wait()) == -signal.SIGKILL:
            log.error("worker %d ended with %s", worker.process.pid, how(status))
        self.on_failed(worker.process.pid)
        return None

    async def _launch(self, kind: str) -> Worker:
        reading, writing = os.pipe()
        argument = ":".join(filter(None, (str(self.listener.fileno()), str(writing), kind)))
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command,
                "--worker",
                argument,
                stdin=asyncio.subprocess.PIPE,
                pass_fds=(self.listener.fileno(), writing),
                start_new_session=True,  # a terminal's Ctrl-C reaches the supervisor alone
            )
        finally:
            os.close(writing)
        status = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(status), os.fdopen(reading, "rb")
        )
        return Worker(process, status)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _replace_if_dead(self, worker: Worker) -> None:
        status = await worker.ended()
        self.on_exit(worker.process.pid)
        while not worker.retired and not self._stopping.is_set():
            log.error("worker %d ended with %s: another starts", worker.process.pid, how(status))
            async with self._changing:
                if await self._replace(worker, REPLACEMENT):
                    return
            await asyncio.sleep(RETRY_S)

    async def _restart(self) -> None:
        """Replaces one worker after another. The first successor that does not start ends the
        restart, as does a stop."""
        log.info("restart of %d workers", self.count)
        async with self._changing:
            for old in tuple(self._workers):
                if not await self._replace(old):
                    if not self._stopping.is_set():
                        log.error(GIVEN_UP)
                    return
                old.stop(signal.SIGINT)
        log.info("restart done")

    async def _replace(self, old: Worker, kind: str = "") -> bool:
        """Replaces `old` by a new worker. False if it does not start, or if `old` has already been
        replaced because it died during the restart."""
        if old not in self._workers or (started := await self._start(kind)) is None:
            return False
        self._workers[self._workers.index(old)] = started[0]
        return True

    async def _stop_all(self, how: signal.Signals) -> None:
        self.listener.close()  # new connections would wait for a process that never accepts
        for worker in self._workers:
            worker.stop(how)
        await asyncio.gather(*(w.process.wait() for w in self._workers))
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def how(status: int) -> str:
    """Logs the end of a process. The reason for a SIGKILL is not in this log."""
    return "-9 (killed, as the system does where memory is short)" if status == -9 else str(status)


def same_command() -> tuple[str, ...]:
    """The command line of this process, for running it again."""
    return (sys.executable, *sys.orig_argv[1:])
