"""The language of the command line, chosen before anything is parsed. Help texts are in
`commands.toml`, argparse's own words in `language.toml`, and what commands print in
`i18n/usage.toml`."""

from __future__ import annotations

import argparse
import os
import textwrap
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NoReturn

from threegate.data_files import table
from threegate.i18n.catalog import texts

ARGPARSE: Mapping[str, str] = table("cli", "language")["argparse"]
"""The Chinese of argparse's own words."""
_WRONG_USE = "%(prog)s: %(message)s; %(prog)s --help shows what there is\n"
LINES = texts("usage", "lines")
LANGUAGES = ("zh", "en")


def chosen(argv: Sequence[str]) -> str:
    """The value of `--lang` at any position, else the language of the locale."""
    given = [b for a, b in pairwise(argv) if a == "--lang"]
    given += [a.removeprefix("--lang=") for a in argv if a.startswith("--lang=")]
    return next((each for each in given if each in LANGUAGES), locale_language())


def locale_language(environment: Mapping[str, str] = os.environ) -> str:
    """Chosen as in gettext: a container often has the variable but not the locale that it names."""
    named = (environment.get(n) for n in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, named), "").lower().startswith("zh") else "en"


def line(code: str, language: str, /, **details: object) -> str:
    """The text that a command prints."""
    return LINES[code].get(language).format_map(details)


def translate_argparse(language: str) -> None:
    """Replaces argparse's gettext functions with look-ups in a table, so no compiled catalogue is
    needed."""
    words = ARGPARSE if language == "zh" else {}
    vars(argparse).update(
        _=lambda text: words.get(text, text),
        ngettext=lambda one, more, n: words.get(one if n == 1 else more, one if n == 1 else more),
    )


class Parser(argparse.ArgumentParser):
    """Reports in one line what is wrong with a command; argparse would print all options first."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=_Lines, **settings)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Unknown arguments are an error of the subcommand that did not take them, not of the main
        command. Only options are quoted, because a value next to a misspelt option may be a
        secret."""
        known, left = super().parse_known_args(args, namespace)
        if left:
            named = [a.partition("=")[0] for a in left if a.startswith("-")] or left
            self.error(vars(argparse)["_"]("unrecognized arguments: %s") % " ".join(named))
        return known, left

    def error(self, message: str) -> NoReturn:
        words = {"prog": self.prog, "message": message}
        self.exit(2, vars(argparse)["_"](_WRONG_USE) % words)


class _Lines(argparse.HelpFormatter):
    """Chinese characters take two columns and have no spaces between them."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(text, width if max(text, default="") < "\u2e80" else width // 2)
