"""Several workers behind one listening socket: start, replace the dead, restart one by one, stop.

A worker is this program run again with `--worker FD:FD`, so a restart takes new code, settings and
models. All accept from the one socket that the supervisor bound: a worker that leaves loses no
connection that waits. What holds:

- the first worker makes files and tables; the others start when it is ready;
- a worker is retired only after its successor is ready, and then finishes its streams;
- a worker whose loop stands still is killed and replaced like a dead one;
- a supervisor that is killed takes its workers along (their standard input ends).
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

log = logging.getLogger(__name__)

READY_S = 300.0
"""Loading models on a busy machine may take long; a worker that needs more has failed."""
AGAIN_S = 1.0
"""Between two starts in one place, so that a worker that cannot live does not use up the CPU."""
BEAT_S = 1.0
STILL_S = 60.0
"""So long no worker's loop is busy with one thing. Looked at in parts: when this process itself
has stood still, what was said meanwhile is heard at the next look."""
LOOKS = 4
READY, BEAT = b"ready\n", b"."
FAILED = 1


@dataclass(slots=True, eq=False)
class Worker:
    """`process` of one worker; `told` is the end of a pipe on which it says that it is ready, and
    from then on every second that it is there."""

    process: asyncio.subprocess.Process
    told: asyncio.StreamReader
    retired: bool = False

    async def ready(self) -> bool:
        try:
            async with asyncio.timeout(READY_S):
                return await self.told.readline() == READY
        except TimeoutError:
            return False

    async def ended(self) -> int:
        """Its exit status."""
        watch = asyncio.ensure_future(self._kill_if_still())
        try:
            return await self.process.wait()
        finally:
            watch.cancel()

    async def _kill_if_still(self) -> None:
        missed = 0
        while missed < LOOKS:
            try:
                async with asyncio.timeout(STILL_S / LOOKS):
                    if not await self.told.read(1 << 10):
                        return  # it has ended
                missed = 0
            except TimeoutError:
                missed += 1
        log.error("worker %d stands still: it is killed", self.process.pid)
        self.process.kill()

    def stop(self, how: signal.Signals) -> None:
        """SIGTERM: announced first (`/readyz`). SIGINT: at once. Both finish their streams."""
        self.retired = True
        if self.process.returncode is None:
            self.process.send_signal(how)


@dataclass(slots=True)
class Supervisor:
    """Runs `count` times `command` on `listener` until SIGTERM or SIGINT; SIGHUP replaces all."""

    command: Sequence[str]
    listener: socket.socket
    count: int
    serving: Callable[[], None] = lambda: None  # told when the first worker is ready
    ended: Callable[[int], None] = lambda pid: None  # told of each process that has ended
    _places: list[Worker] = field(default_factory=list)
    _watchers: set[asyncio.Task[None]] = field(default_factory=set)
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # one change of places at a time
    _how: signal.Signals = signal.SIGTERM

    async def run(self) -> int:
        """The exit status: of the first worker where it cannot start, else 0."""
        self._listen()
        for number in range(self.count):
            if not await self._add() and not self._stopped.is_set():
                log.error("worker %d of %d did not start", number + 1, self.count)
                await self._stop_all(signal.SIGINT)
                return FAILED
            if number == 0:
                self.serving()
        log.info("all %d workers are ready", self.count)
        await self._stopped.wait()
        await self._stop_all(self._how)
        return 0

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, number)
        loop.add_signal_handler(signal.SIGHUP, self._spawn_restart)

    def _stop(self, how: signal.Signals) -> None:
        if self._stopped.is_set():  # asked twice: not waiting for streams any more
            for worker in self._places:
                worker.stop(signal.SIGINT)
        self._how = how
        self._stopped.set()

    async def _add(self) -> bool:
        worker = await self._start()
        if worker is None:
            return False
        self._places.append(worker)
        return True

    async def _start(self) -> Worker | None:
        """A worker that is ready; None if it did not become so, or a stop came first."""
        worker = await self._launch()
        ready = asyncio.ensure_future(worker.ready())
        stopped = asyncio.ensure_future(self._stopped.wait())
        await asyncio.wait((ready, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if ready.done() and ready.result():
            self._watch(worker)
            return worker
        ready.cancel()
        worker.stop(signal.SIGTERM)
        await worker.process.wait()
        return None

    async def _launch(self) -> Worker:
        reading, writing = os.pipe()
        shared = f"{self.listener.fileno()}:{writing}"
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command,
                "--worker",
                shared,
                stdin=asyncio.subprocess.PIPE,
                pass_fds=(self.listener.fileno(), writing),
                start_new_session=True,  # a terminal's Ctrl-C reaches the supervisor alone
            )
        finally:
            os.close(writing)
        told = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(told), os.fdopen(reading, "rb")
        )
        return Worker(process, told)

    def _watch(self, worker: Worker) -> None:
        task = asyncio.ensure_future(self._replace_if_dead(worker))
        self._watchers.add(task)
        task.add_done_callback(self._watchers.discard)

    async def _replace_if_dead(self, worker: Worker) -> None:
        status = await worker.ended()
        self.ended(worker.process.pid)
        while not worker.retired and not self._stopped.is_set():
            log.error("worker %d ended with %d: another starts", worker.process.pid, status)
            async with self._turn:
                if await self._put(worker):
                    return
            await asyncio.sleep(AGAIN_S)

    def _spawn_restart(self) -> None:
        task = asyncio.ensure_future(self._restart())
        self._watchers.add(task)
        task.add_done_callback(self._watchers.discard)

    async def _restart(self) -> None:
        """One place after another. The first successor that does not start ends the restart."""
        log.info("restart of %d workers", self.count)
        async with self._turn:
            for old in tuple(self._places):
                if not await self._put(old):
                    log.error("restart given up: the new worker did not start, the old ones serve")
                    return
                old.stop(signal.SIGINT)
        log.info("restart done")

    async def _put(self, old: Worker) -> bool:
        """A new worker in the place of `old`, if it has one still: one that died while a restart
        was on its way may have got a successor by that."""
        if old not in self._places or (new := await self._start()) is None:
            return False
        self._places[self._places.index(old)] = new
        return True

    async def _stop_all(self, how: signal.Signals) -> None:
        self.listener.close()  # else new connections would wait for a process that never accepts
        for worker in self._places:
            worker.stop(how)
        await asyncio.gather(*(w.process.wait() for w in self._places))
        for task in tuple(self._watchers):
            task.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)


@dataclass(slots=True)
class Membership:
    """The worker's side: the shared socket, and the word to the supervisor."""

    listener: socket.socket
    _told: int

    @classmethod
    def of(cls, shared: str) -> Membership:
        """`shared` as the supervisor wrote it: listening socket and pipe, as descriptors.

        Whether the socket waits is one flag for all workers: one that set it, for a moment even,
        would hold another in `accept` when a third has taken the connection."""
        descriptor, told = (int(part) for part in shared.split(":"))
        listener = socket.socket(fileno=descriptor)
        listener.setblocking(False)
        return cls(listener, told)

    def ready(self) -> None:
        os.set_blocking(self._told, False)
        os.write(self._told, READY)
        self._beat()

    def _beat(self) -> None:
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(self._told, BEAT)
        asyncio.get_running_loop().call_later(BEAT_S, self._beat)

    def leave_with_supervisor(self) -> None:
        """A stop signal to this process as soon as the supervisor is gone."""
        descriptor = sys.stdin.fileno()

        def ended() -> None:
            if not os.read(descriptor, 1):
                asyncio.get_running_loop().remove_reader(descriptor)
                signal.raise_signal(signal.SIGTERM)

        asyncio.get_running_loop().add_reader(descriptor, ended)


def again() -> tuple[str, ...]:
    """The command line of this process, to run it once more."""
    return (sys.executable, *sys.orig_argv[1:])
