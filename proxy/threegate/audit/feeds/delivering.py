"""Starts the feeds that the settings name."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import Engine

from threegate.audit.feeds.feed import Counted, Feed
from threegate.audit.feeds.positions import FeedPositions
from threegate.audit.feeds.sinks import Otlp, Sink, Syslog
from threegate.audit.feeds.webhooks import Webhook
from threegate.audit.log.database import reader_engine
from threegate.settings import SAFE, Settings, WebhookSettings
from threegate.settings.errors import wrong


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
