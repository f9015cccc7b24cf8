"""`threegate init`: copies the shipped policies into a folder for editing."""

from __future__ import annotations

import argparse
import shutil

from threegate.cli.errors import misuse
from threegate.cli.language import line
from threegate.settings import shipped

IGNORED = shutil.ignore_patterns("__pycache__")


def init_command(args: argparse.Namespace) -> int:
    if args.folder.exists():
        raise misuse("exists", path=args.folder)
    shutil.copytree(shipped.original_policies(), args.folder, ignore=IGNORED)
    print(line("policies-made", args.lang, folder=args.folder))
    return 0
