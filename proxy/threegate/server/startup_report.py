"""Start-up facts that only a process with open stores knows: the active policy and the console's
address.

The one-time console link grants administration: with a JSON log it goes to a file."""

from __future__ import annotations

import os
from pathlib import Path

from threegate.console.bootstrap import ConsoleLink
from threegate.i18n.catalog import texts
from threegate.policy.lifecycle.store import InForce
from threegate.server.startup_banner import ANY_KEY
from threegate.settings import Settings
from threegate.settings.shown_address import without_password

LINK_FILE = "console-setup-link"
LINES, IN_FORCE = texts("startup", "lines"), texts("startup", "in_force")
SHORT_DIGEST = 12


def report(
    settings: Settings, policy: InForce, link: ConsoleLink, language: str, *, open_to_all: bool
) -> dict[str, str]:
    """Start-up facts, ready to be printed. `open_to_all`: calls need no key."""
    return {
        "audit": without_password(settings.audit_database),
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


def _write_private(file: Path, text: str) -> None:
    """Replaces the file, readable by its owner only."""
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
