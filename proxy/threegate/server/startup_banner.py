"""What the server prints when it is ready: its address, the active policy, how to try it.

On a terminal or in a text log this is a block of text in the user's language. A JSON log gets one
line of it; the one-time console link grants administration, so there it goes to a file.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping

from threegate.durable_files import replace_file
from threegate.i18n.catalog import texts
from threegate.settings import Settings

log = logging.getLogger(__name__)
LINES = texts("startup", "lines")
GREETING = LINES["greeting"]
ANY_KEY = "any"
URL_FILE = "url"
LISTENS = "listens at %(url)s; policy: %(policy)s; audit log: %(audit)s; console: %(console)s"


def note(settings: Settings, line: str, show: Callable[[str], None]) -> None:
    """One line of the start-up: printed, or logged if the log is JSON."""
    if settings.log_format == "json":
        log.info("%s", line)
    else:
        show(line)


def announce(
    settings: Settings, facts: Mapping[str, str], language: str, show: Callable[[str], None]
) -> None:
    """Prints the banner, or one line of it in a JSON log. Stores the address in `var` for health
    checks, which do not read the settings."""
    replace_file(settings.var / URL_FILE, f"{_reached(settings)}\n".encode())
    if settings.log_format == "json":
        url = f"http://{settings.host_in_url}:{settings.port}"
        log.info(LISTENS, {"url": url, **facts})
    else:
        show(greeting(settings, facts, language))


def _reached(settings: Settings) -> str:
    """The URL under which a local program reaches the server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host_in_url)  # noqa: S104
    return f"http://{host}:{settings.port}"


def greeting(settings: Settings, facts: Mapping[str, str], language: str) -> str:
    """`facts` come from `startup_report.report`."""
    key = facts["key"]
    return GREETING.get(language).format(
        header="" if key == ANY_KEY else f" -H 'authorization: Bearer {key}'",
        url=f"http://{settings.host_in_url}:{settings.port}",
        metrics=_metrics(settings, language),
        verify=f"{sys.argv[0]} audit verify{_log_location(settings)}",
        **facts,
    )


def _metrics(settings: Settings, language: str) -> str:
    """Where `/metrics` is, or that it answers nobody (`MetricsEndpoint`)."""
    if not (settings.metrics_port or settings.metrics_key_env or settings.loopback):
        return LINES["metrics-closed"].get(language)
    return f"http://{settings.host_in_url}:{settings.metrics_port or settings.port}/metrics"


def _log_location(settings: Settings) -> str:
    """Options that name the log to somebody without these settings. None for a database server,
    whose address may contain a password."""
    if settings.audit_url:
        return ""
    return f" --database {settings.var / 'audit.sqlite3'} --directory {settings.var / 'audit'}"
