"""`AuditLog`: the log as the gateway and the console see it, from an event loop.

`append` returns when the record is durable, and only then. One writer thread does the writing
(`writer.py`); reading happens on other connections, in worker threads.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from threegate.audit.errors import reason_of, trouble
from threegate.audit.log.append_queue import PendingAppend, Receipt
from threegate.audit.log.conditions import Query
from threegate.audit.log.database import has_room, now_us, reader_engine, writer_engine
from threegate.audit.log.encoding import timestamp
from threegate.audit.log.kept_chain import Counters, KeptChain, new_writer_id
from threegate.audit.log.keys import DataKey, MasterKey
from threegate.audit.log.log_keys import load_master, load_publisher
from threegate.audit.log.query import Entry, Page, find, of_requests, read_content
from threegate.audit.log.record import DAY_US, Content, ContentLevel, Intent, Record
from threegate.audit.log.rows import Pending, PendingRecord, make_intent, make_record
from threegate.audit.log.writer import Writer
from threegate.audit.settings import AuditSettings, OnFailure
from threegate.errors import AuditError
from threegate.tasks import Deadlines
from threegate.types import Caller

Result = TypeVar("Result")
READERS = 4


class AuditLog:
    """Use `open`. Safe for many tasks of many loops; one instance per process."""

    def __init__(self, settings: AuditSettings, master: MasterKey, writer: Writer) -> None:
        self.settings, self.master, self._writer = settings, master, writer
        self._reader: Engine = reader_engine(settings.url)
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="audit-reader")
        self._keys: dict[tuple[str, str], DataKey] = {}
        self._deadlines: dict[asyncio.AbstractEventLoop, Deadlines[Receipt]] = {}
        self._start = time.monotonic_ns()
        self._closed = False

    @classmethod
    async def open(cls, settings: AuditSettings) -> AuditLog:
        """Starts the writer. Raises `AuditError` for a bad key, and for an unavailable database
        (`fail_request`)."""
        return await asyncio.to_thread(cls._open, settings)

    @classmethod
    def _open(cls, settings: AuditSettings) -> AuditLog:
        master = load_master(settings)
        writer_id = new_writer_id()
        try:
            engine = writer_engine(settings.url)
            publisher = load_publisher(settings, writer_id)
            chain = KeptChain(settings, engine, publisher, master, writer_id)
        except (ValueError, OSError) as error:
            raise trouble("not-opened", why=error) from None
        writer = Writer(chain, settings.max_batch)
        log = cls(settings, master, writer)
        writer.start()
        writer.opened.wait()
        problem = chain.problem  # the last attempt of a stopping writer may clear it
        if problem is not None and settings.on_failure is OnFailure.FAIL_REQUEST:
            log._shut()
            if isinstance(problem, AuditError):
                raise problem
            raise trouble("database", why=_first_line(problem))
        return log

    async def begin(
        self,
        request_id: str,
        caller: Caller,
        policy: str,
        request: bytes,
        level: ContentLevel | None = None,
        on_failure: OnFailure | None = None,
    ) -> Intent:
        """Stores the intent to send a call to the model, which its record will name; as durable as
        a record after `append`. `request` are the bytes that the client sent."""
        self._check_open()
        at, hashed = now_us(), (level or self.settings.level) is not ContentLevel.NONE
        key = self._data_key(caller.tenant, day_of(at)) if hashed else None
        hasher = self._writer.chain.hasher
        item = make_intent(request_id, caller, policy, request, ts_us=at, key=key, hasher=hasher)
        item.on_failure = self.settings.on_failure.or_stricter(on_failure)
        await self._submit(item)
        return item.intent

    async def append(
        self, record: Record, content: Content | None = None, on_failure: OnFailure | None = None
    ) -> Receipt:
        """Durable when it returns, or what the stricter of the log's setting and `on_failure`
        allows instead. Raises `AuditError`; then the record may or may not be stored."""
        self._check_open()
        try:
            item = self._item(record, content)
        except (TypeError, ValueError) as error:
            raise trouble("not-written", why=type(error).__name__) from None
        item.on_failure = self.settings.on_failure.or_stricter(on_failure)
        return await self._submit(item)

    def _check_open(self) -> None:
        if self._closed or self._writer.pending >= self.settings.max_pending:
            raise trouble("closed")

    async def append_with(self, record: Record, work: Callable[[Connection], object]) -> Receipt:
        """Like `append`, but runs `work` in the record's transaction, so neither exists without the
        other, whatever the setting."""
        return await self._submit(dataclasses.replace(self._item(record, None), work=work))

    async def content(self, entry: Entry) -> list[dict[str, str]]:
        """The kept parts of a record: `part`, `redacted`, and `text` at level full; empty if there
        are none. Raises `AuditError` if the key is gone or the text was changed. The caller must
        record who looked."""
        return await self.read(lambda c: read_content(c, self.master, entry))

    async def _submit(self, item: Pending | None) -> Receipt:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Receipt] = loop.create_future()
        self._writer.submit(PendingAppend(item, future))
        self._deadlines_of(loop).add(future)
        return await future

    def _deadlines_of(self, loop: asyncio.AbstractEventLoop) -> Deadlines[Receipt]:
        known = self._deadlines.get(loop)
        if known is None:
            seconds = self.settings.commit_timeout_seconds
            known = self._deadlines[loop] = Deadlines(loop, seconds, _give_up)
        return known

    def _item(self, record: Record, content: Content | None) -> PendingRecord:
        tenant = record.caller.tenant
        level = (content and content.level) or self.settings.level
        wants_key = content is not None and level is not ContentLevel.NONE
        day = day_of(record.intent.ts_us) if record.intent else today()  # one key for both
        return make_record(
            record,
            content,
            ts_us=now_us(),
            mono_us=(time.monotonic_ns() - self._start) // 1000,
            level=level,
            key=self._data_key(tenant, day) if wants_key else None,
            pseudonym=self.master.pseudonym(tenant, record.subject),
            hasher=self._writer.chain.hasher,
        )

    def _data_key(self, tenant: str, day: str) -> DataKey:
        key = self._keys.get((tenant, day))
        if key is None:
            since = day_of(now_us() - DAY_US)  # calls that began before midnight may end after it
            self._keys = {place: k for place, k in self._keys.items() if place[1] >= since}
            key = self._keys[tenant, day] = self.master.new_data_key(tenant, day)
        return key

    async def healthy(self) -> bool:
        """Whether a write reaches the database now."""
        if self._closed or not self._writer.is_alive() or not has_room(self._writer.chain.engine):
            return False
        try:
            await self._submit(None)
        except AuditError:
            return False
        return True

    async def ready(self) -> bool:
        """Whether calls can go on, recorded or as the log's setting allows."""
        return self._goes_on() or await self.healthy()

    def _goes_on(self) -> bool:
        """Whether calls continue while the database is unavailable."""
        if self._closed or not self._writer.is_alive():
            return False
        match self.settings.on_failure:
            case OnFailure.FAIL_REQUEST:
                return False
            case OnFailure.SPOOL:
                return self._writer.chain.spool.has_room()
            case OnFailure.CONTINUE:
                return True

    @property
    def counters(self) -> Counters:
        return self._writer.chain.counters

    @property
    def writer_id(self) -> str:
        return self._writer.chain.id

    @property
    def waiting(self) -> int:
        """Records not yet committed."""
        return self._writer.pending

    async def close(self) -> None:
        """Writes everything that is waiting and a last checkpoint. Idempotent."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._shut)

    def _shut(self) -> None:
        self._closed = True
        self._writer.stop()
        self._writer.chain.publisher.close()
        self._writer.chain.engine.dispose()
        self._pool.shutdown()
        self._reader.dispose()

    # --- reading ----------------------------------------------------------------------------------

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """Runs `work` on a reader connection in a worker thread. Raises `AuditError` if the
        database is unavailable."""
        run = copy_context().run  # the reader's words for kinds, as on the rest of the page
        return await asyncio.get_running_loop().run_in_executor(self._pool, run, self._read, work)

    def _read(self, work: Callable[[Connection], Result]) -> Result:
        try:
            with self._reader.begin() as connection:
                return work(connection)
        except SQLAlchemyError as error:
            raise trouble("database", why=type(error).__name__) from None

    async def get(self, request_id: str) -> tuple[Entry, ...]:
        """All records of one request, oldest first; may be empty."""
        return await self.read(lambda c: of_requests(c, [request_id]))

    async def search(self, query: Query) -> Page:
        return await self.read(lambda c: find(c, query))


def _give_up(future: asyncio.Future[Receipt]) -> None:
    future.set_exception(trouble("not-in-time"))


def today() -> str:
    return day_of(now_us())


def day_of(ts_us: int) -> str:
    """The UTC day, `YYYY-MM-DD`."""
    return timestamp(ts_us)[: len("2026-01-01")]


def _first_line(error: Exception) -> str:
    """A driver's message names a host or a file, never a value of a record."""
    if isinstance(error, DBAPIError):
        return reason_of(error)
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
