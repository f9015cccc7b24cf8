"""What the server prints when it is ready: where it listens, what is in force, how to try it.

On a terminal or in a text log this is a block of text in the user's language. A JSON log gets one
line of it; the one-time console link grants administration, so there it goes to a file.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from threegate.audit.log.database import without_password
from threegate.console.bootstrap import ConsoleLink
from threegate.i18n.catalog import texts
from threegate.policy.lifecycle.store import InForce
from threegate.settings import Settings

log = logging.getLogger(__name__)
LINK_FILE = "console-setup-link"

LINES, IN_FORCE = texts("startup", "lines"), texts("startup", "in_force")
GREETING = LINES["greeting"]
SHORT_DIGEST = 12
ANY_KEY = "any"


def report(
    settings: Settings, policy: InForce, link: ConsoleLink, language: str, *, open_to_all: bool
) -> dict[str, str]:
    """What only a process with open stores knows, ready to be printed. `open_to_all`: a call needs
    no key."""
    return {
        "key": ANY_KEY if open_to_all else "YOUR_KEY",
        "policy": in_force(settings, policy, language),
        "console": console(settings, link, language),
    }


def in_force(settings: Settings, policy: InForce, language: str) -> str:
    """The active policy: packs, where they came from, digest."""
    text = IN_FORCE[policy.origin].get(language)
    return text.format(
        packs=", ".join(policy.packs),
        folder=settings.policies,
        bundle=settings.bundle,
        digest=policy.digest[:SHORT_DIGEST],
        named=", ".join(settings.packs),
    )


def console(settings: Settings, link: ConsoleLink, language: str) -> str:
    """The console's address. While there is no account, with the one-time link or, for a JSON log,
    with the file that holds it."""
    file = settings.var / LINK_FILE
    if not link.one_time:
        file.unlink(missing_ok=True)
        return link.url
    if settings.log_format != "json":
        return LINES["one-time"].get(language).format(link=link.one_time)
    _write_private(file, link.one_time + "\n")
    return LINES["in-file"].get(language).format(url=link.url, file=file)


def note(settings: Settings, line: str, show: Callable[[str], None]) -> None:
    """One line of the start: shown, or logged where the log is JSON."""
    if settings.log_format == "json":
        log.info("%s", line)
    else:
        show(line)


def announce(
    settings: Settings,
    facts: Mapping[str, str],
    language: str,
    show: Callable[[str], None],
) -> None:
    """Prints the greeting; in a JSON log one line of it."""
    if settings.log_format == "json":
        url = f"http://{settings.host_in_url}:{settings.port}"
        log.info("listens at %s; policy: %s; console: %s", url, facts["policy"], facts["console"])
    else:
        show(greeting(settings, facts, language))


def greeting(settings: Settings, facts: Mapping[str, str], language: str) -> str:
    """`facts` as `report` makes them."""
    key = facts["key"]
    return GREETING.get(language).format(
        header="" if key == ANY_KEY else f" -H 'authorization: Bearer {key}'",
        url=f"http://{settings.host_in_url}:{settings.port}",
        audit=without_password(settings.audit_database),
        verify=f"{sys.argv[0]} audit verify{_log_location(settings)}",
        **facts,
    )


def _log_location(settings: Settings) -> str:
    """Options that name the log to somebody without these settings. None for a database server: its
    address may hold a password."""
    if settings.audit_url:
        return ""
    return f" --database {settings.var / 'audit.sqlite3'} --directory {settings.var / 'audit'}"


def _write_private(file: Path, text: str) -> None:
    """Replaces the file, readable by its owner only."""
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
