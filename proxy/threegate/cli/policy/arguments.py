"""What the commands of `threegate policy` have in common: their arguments and the packs that they
read."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from threegate import settings
from threegate.cli.errors import misuse
from threegate.policy.errors import failure
from threegate.policy.facade import Checked, check
from threegate.policy.lifecycle.store import DirTree, today_utc
from threegate.settings import shipped

FROM_SETTINGS: Mapping[str, str] = {
    "policies": "policies",
    "models": "models",
    "classifiers": "classifiers",
    "database": "versions_database",
}
"""Options, and the settings that hold their defaults."""


def with_settings(command: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    """Anything missing on the command line is taken from the settings, as in `serve`."""
    missing = [name for name in FROM_SETTINGS if getattr(args, name, "") is None]
    if missing:
        known = settings.load(file=args.config)
        for name in missing:
            setattr(args, name, getattr(known, FROM_SETTINGS[name]))
    return command(args)


def own_policies(args: argparse.Namespace) -> Path:
    """The folder that a command writes to. Raises UseError for the installed one."""
    folder: Path = args.policies
    if folder.resolve().is_relative_to(shipped.BUNDLED):
        raise misuse("shipped-policies", path=folder)
    return folder


def names(args: argparse.Namespace) -> list[str]:
    """The packs that were named, else every pack of the folder. Raises PolicyError for none."""
    found = args.packs or sorted(p.stem for p in (args.policies / "packs").glob("*.yaml"))
    if not found:
        raise failure("no-packs", folder=args.policies)
    return list(found)


def checked(args: argparse.Namespace) -> list[Checked]:
    """Checks each pack by itself, so that one broken pack hides no problem of another."""
    return [check(DirTree(args.policies), [n], today=today_utc()) for n in names(args)]
