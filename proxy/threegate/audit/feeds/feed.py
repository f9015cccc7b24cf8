"""One feed: reads the log from its position, delivers, and saves the position after the receiver
has accepted the records. So each record arrives at least once, even if a process dies in between.

A feed has its own thread and only reads the log: no call ever waits for a receiver, and undelivered
records wait in the log. Of all processes on one database, one at a time delivers, under a lock; if
it dies, another continues.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from threegate.audit.feeds.reader import FeedPositions, Positions, fresh, heads
from threegate.audit.feeds.sinks import Otlp, Sink, Syslog
from threegate.audit.feeds.webhooks import Webhook
from threegate.audit.log.database import reader_engine
from threegate.audit.log.locks import alone
from threegate.settings import SAFE, Settings, WebhookSettings
from threegate.settings.errors import wrong

log = logging.getLogger(__name__)

LOOK_S = 1.0
RETRY_S = (1.0, 60.0)  # the first pause after a failure, doubled up to the last
LOCK_S = 5.0
CLOSE_S = 5.0

Counted = Callable[[str, str, int], None]
"""Feed, `delivered` or `failed`, number."""


@dataclass(slots=True)
class Feed:
    """`reader` and `positions` may belong to different databases. `count` receives the number of
    deliveries."""

    name: str
    sink: Sink
    url: str
    reader: Engine
    positions: FeedPositions
    count: Counted = lambda name, what, number: None
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """A new feed begins with the records that follow."""
        if self.positions.load(self.name) is None:
            with self.reader.connect() as connection:
                self.positions.save(self.name, heads(connection))
        self._thread = threading.Thread(target=self._run, name=f"feed-{self.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Records that have not been delivered are delivered after the next start."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(CLOSE_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            with suppress(SQLAlchemyError, OSError), alone(self.url, f"feed-{self.name}") as mine:
                if mine:
                    self._deliver_until_stopped()
            self._stopping.wait(LOCK_S)

    def _deliver_until_stopped(self) -> None:
        pause = RETRY_S[0]
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self._deliver()
            except Exception as error:  # the thread must survive anything a driver raises
                log.warning("feed %s: %s", self.name, type(error).__name__)
                self.count(self.name, "failed", 1)
                pause = RETRY_S[0] if time.monotonic() - began > RETRY_S[1] else pause
                self._stopping.wait(pause)
                pause = min(pause * 2, RETRY_S[1])

    def _deliver(self) -> None:
        """Delivers from the saved position until stopped. Raises errors to the caller, which starts
        again."""
        sent: Positions = self.positions.load(self.name) or {}
        unsettled: deque[tuple[float, Positions]] = deque()
        try:
            while not self._stopping.is_set():
                with self.reader.connect() as connection:
                    batch = fresh(connection, sent, self.sink.stages)
                self.sink.check()
                sent = batch.reached
                if batch.items:
                    self.sink.send(batch.items)
                    unsettled.append((time.monotonic() + self.sink.settle_s, sent))
                    self.count(self.name, "delivered", len(batch.items))
                self._save_settled(unsettled)
                if not batch.full:
                    self._stopping.wait(LOOK_S)
        finally:
            self.sink.close()

    def _save_settled(self, unsettled: deque[tuple[float, Positions]]) -> None:
        settled: Positions | None = None
        while unsettled and unsettled[0][0] <= time.monotonic():
            settled = unsettled.popleft()[1]
        if settled is not None:
            self.positions.save(self.name, settled)


@contextmanager
def delivering(settings: Settings, positions: Engine, count: Counted) -> Iterator[None]:
    """Runs the feeds that the settings name, each in its own thread. Raises SettingsError for a
    missing CA, SQLAlchemyError if a database is unavailable."""
    sinks = _sinks(settings)
    with ExitStack() as stack:
        for name, sink in sinks.items():
            reader = reader_engine(settings.audit_database)
            stack.callback(reader.dispose)
            saved = FeedPositions.open(positions)
            feed = Feed(name, sink, settings.audit_database, reader, saved, count)
            feed.start()
            stack.callback(feed.stop)
        yield


def _sinks(settings: Settings) -> dict[str, Sink]:
    ca = Path(settings.audit_syslog_ca) if settings.audit_syslog_ca else None
    _check_ca(ca)
    sinks: dict[str, Sink] = {}
    if settings.audit_syslog:
        sinks["syslog"] = Syslog(settings.audit_syslog, ca)
    if settings.audit_otlp:
        sinks["otlp"] = Otlp(settings.audit_otlp)
    for webhook in settings.webhooks:
        sinks[f"webhook-{webhook.name}"] = _webhook(settings, webhook)
    return sinks


def _check_ca(ca: Path | None) -> None:
    if ca is None:
        return
    if not ca.is_file():
        raise wrong("no-file", where=f"audit_syslog_ca: {ca}")
    try:
        ssl.create_default_context(cafile=ca)
    except OSError:
        raise wrong("no-certificate", where=f"audit_syslog_ca: {ca}") from None


def _webhook(settings: Settings, spec: WebhookSettings) -> Webhook:
    """Raises SettingsError if a variable that it names is not set or does not contain an HTTPS
    address."""
    where = f"webhooks: {spec.name}"
    url, secret = (settings.secret(name, where) for name in (spec.url_env, spec.secret_env))
    url = spec.url or url
    if not url.startswith(SAFE):
        raise wrong("oidc-url", where=where, name=spec.url_env)
    return Webhook(spec, url, secret)
