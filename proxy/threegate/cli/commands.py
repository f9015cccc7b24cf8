"""The parsers of all commands, from `commands.toml`, which explains its entries. The module of a
command is imported only when the command runs, because importing the detectors takes seconds."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from threegate import __version__
from threegate.cli.language import LANGUAGES, Parser, translate_argparse
from threegate.cli.quick_imports import quick_imports
from threegate.data_files import table

Entry = Mapping[str, Any]
"""A table of the file: a command, or an argument."""

COMMANDS: dict[str, Entry] = table("cli", "commands")
SHARED: Entry = COMMANDS.pop("shared")
TYPES = {"path": Path, "int": int}
PASSED_ON = ("nargs", "metavar", "default", "required", "dest")
"""Properties of an argument that argparse has too."""


def parser(
    language: str = "en", commands: Sequence[str] = tuple(COMMANDS)
) -> argparse.ArgumentParser:
    """Adds the arguments of `commands`; the others are only listed."""
    translate_argparse(language)
    top = Parser(prog="threegate", description=SHARED["program"][language])
    version, about = f"threegate {__version__}", SHARED["args"]["--version"][language]
    top.add_argument("--version", action="version", version=version, help=about)
    below = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, entry in COMMANDS.items():
        command = below.add_parser(name, help=entry[language], description=entry[language])
        if name in commands:
            _fill(command, entry, language)
    _add_language(top, language)
    return top


def _fill(command: argparse.ArgumentParser, entry: Entry, language: str) -> None:
    if "run" in entry:
        _add_arguments(command, entry, language)
        command.set_defaults(run=partial(_run, entry))
    else:
        below = command.add_subparsers(dest="verb", required=True, metavar="VERB")
        for name, own in entry.items():
            if isinstance(own, dict):
                verb = below.add_parser(name, help=own[language], description=own[language])
                _fill(verb, _inherited(own, entry), language)
    _add_language(command, language)


def _inherited(verb: Entry, command: Entry) -> Entry:
    shared = [*verb.get("with", ()), *command.get("with", ())]
    return {**verb, "with": shared, "through": command.get("through")}


def _add_language(command: argparse.ArgumentParser, language: str) -> None:
    about = SHARED["args"]["--lang"][language]
    command.add_argument("--lang", choices=LANGUAGES, default=language, help=about)


def _add_arguments(command: argparse.ArgumentParser, entry: Entry, language: str) -> None:
    one_of = entry.get("one_of", ())
    exclusive = command.add_mutually_exclusive_group(required=True) if one_of else command
    for name, argument in _arguments(entry).items():
        group = exclusive if name in one_of else command
        group.add_argument(argument.get("name", name), **_properties(argument, language))


def _arguments(entry: Entry) -> dict[str, Entry]:
    """The command's own arguments, then the shared ones that it names."""
    shared, sets = SHARED["args"], SHARED["sets"]
    own = entry.get("args", {}).items()
    found = {n: a if "en" in a or "hidden" in a else {**shared[n], **a} for n, a in own}
    named = [name for each in entry.get("with", ()) for name in sets.get(each, [each])]
    return found | {name: shared[name] for name in named if name not in found}


def _properties(argument: Entry, language: str) -> dict[str, Any]:
    """What `add_argument` takes."""
    made = {name: argument[name] for name in PASSED_ON if name in argument}
    if isinstance(metavar := made.get("metavar"), list):
        made["metavar"] = tuple(metavar)
    if "type" in argument:
        made["type"] = TYPES[argument["type"]]
    if "flag" in argument or "repeat" in argument:
        made["action"] = "store_true" if "flag" in argument else "append"
    if choices := argument.get("choices"):
        made["choices"] = [
            str(c) for c in (found_at(choices) if isinstance(choices, str) else choices)
        ]
    made["help"] = argparse.SUPPRESS if "hidden" in argument else argument[language]
    return made


def _run(entry: Entry, args: argparse.Namespace) -> int:
    command = found_at(entry["run"])
    through = entry.get("through")
    return int(found_at(through)(command, args) if through else command(args))


def found_at(place: str) -> Any:
    """`module:NAME` below `threegate`."""
    module, _, name = place.partition(":")
    with quick_imports():
        return getattr(import_module(f"threegate.{module}"), name)
