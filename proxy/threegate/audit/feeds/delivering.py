"""From settings to running feeds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import Engine

from threegate.audit.feeds.feed import Counted, Feed
from threegate.audit.feeds.positions import FeedPositions
from threegate.audit.feeds.sinks import Otlp, Sink, Syslog
from threegate.audit.log.database import reader_engine
from threegate.settings import Settings
from threegate.settings.errors import wrong


@contextmanager
def delivering(settings: Settings, positions: Engine, count: Counted) -> Iterator[None]:
    """Runs the feeds that the settings name, each in a thread of its own. Raises SettingsError for
    a missing CA, SQLAlchemyError where a database is away."""
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
    if ca is not None and not ca.is_file():
        raise wrong("no-file", where=f"audit_syslog_ca: {ca}")
    sinks: dict[str, Sink] = {}
    if settings.audit_syslog:
        sinks["syslog"] = Syslog(settings.audit_syslog, ca)
    if settings.audit_otlp:
        sinks["otlp"] = Otlp(settings.audit_otlp)
    return sinks
