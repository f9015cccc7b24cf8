"""The language of the command line: chosen before anything is parsed, then all help texts are
translated. Commands are written in English only; `language.toml` holds the translations. What they
print is in `i18n/usage.toml`."""

from __future__ import annotations

import argparse
import os
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NoReturn

from threegate.data_files import table
from threegate.i18n.catalog import bilingual, texts
from threegate.types import Bilingual

_TABLES = table("cli", "language")
HELP: Mapping[str, str] = _TABLES["help"]
OPTIONS: Mapping[str, Bilingual] = {n: bilingual(e) for n, e in _TABLES["options"].items()}
ARGPARSE: Mapping[str, str] = _TABLES["argparse"]
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
    """As gettext chooses it: a container often has the variable, not the locale that it names."""
    named = (environment.get(n) for n in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, named), "").lower().startswith("zh") else "en"


def line(code: str, language: str, /, **details: object) -> str:
    """What a command prints."""
    return LINES[code].get(language).format_map(details)


def translate_argparse(language: str) -> None:
    """Replaces argparse's gettext functions with look-ups in a table: no compiled catalogue."""
    words = ARGPARSE if language == "zh" else {}
    vars(argparse).update(
        _=lambda text: words.get(text, text),
        ngettext=lambda one, more, n: words.get(one if n == 1 else more, one if n == 1 else more),
    )


def translate_parser(top: argparse.ArgumentParser, language: str) -> None:
    """Each help text in this language; each command takes `--lang`."""
    for parser in parsers(top):
        parser.formatter_class = _Lines
        parser.description = _help(parser.description, language)
        commands = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        parser.add_argument("--lang", choices=LANGUAGES, default=language)
        for action in [*parser._actions, *(c for each in commands for c in each._choices_actions)]:
            action.help = _help(action.help, language) or _option(action.dest, language)


def parsers(top: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """`top` and everything below it."""
    yield top
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for parser in dict.fromkeys(action.choices.values()):
                yield from parsers(parser)


def _help(text: str | None, language: str) -> str | None:
    return HELP.get(text, text) if text and language == "zh" else text


def _option(name: str, language: str) -> str | None:
    return OPTIONS[name].get(language) if name in OPTIONS else None


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with a command; argparse prints all options before it."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """What is left over is an error of the command that did not take it, not of the first one.
        Only options are repeated: a value beside a misspelt one may be a secret."""
        known, left = super().parse_known_args(args, namespace)
        if left:
            named = [a.partition("=")[0] for a in left if a.startswith("-")] or left
            self.error(vars(argparse)["_"]("unrecognized arguments: %s") % " ".join(named))
        return known, left

    def error(self, message: str) -> NoReturn:
        words = {"prog": self.prog, "message": message}
        self.exit(2, vars(argparse)["_"](_WRONG_USE) % words)


class _Lines(argparse.HelpFormatter):
    """Chinese characters take two columns and have no blanks between them."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(text, width if max(text, default="") < "\u2e80" else width // 2)
