"""`threegate init`: copies the shipped policies into a folder for editing."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from threegate.cli.errors import misuse
from threegate.settings import shipped
from threegate.types import Bilingual

IGNORED = shutil.ignore_patterns("__pycache__")
NEXT = Bilingual(
    "{folder}：策略包在 packs/，测试在 tests/，名单在 lists/。\n"
    "  threegate policy check --policies {folder}\n"
    "  threegate policy test --policies {folder}\n"
    "  threegate serve --policies {folder}\n"
    "工作目录中的 policies 不用 --policies 也会被采用。",
    "{folder}: packs are in packs/, their tests in tests/, word lists in lists/.\n"
    "  threegate policy check --policies {folder}\n"
    "  threegate policy test --policies {folder}\n"
    "  threegate serve --policies {folder}\n"
    "A folder called policies in the working directory is used without --policies.",
)


def arguments(init: argparse.ArgumentParser) -> None:
    init.add_argument("folder", nargs="?", type=Path, default=Path("policies"), help="new folder")
    init.set_defaults(run=_init)


def _init(args: argparse.Namespace) -> int:
    if args.folder.exists():
        raise misuse("exists", path=args.folder)
    shutil.copytree(shipped.original_policies(), args.folder, ignore=IGNORED)
    print(NEXT.get(args.lang).format(folder=args.folder))
    return 0
