"""The command line. Each command lives in its own module, which is imported only when called,
because importing the detectors takes seconds."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

from threegate import __version__
from threegate.cli.language import Parser, chosen, translate_argparse, translate_parser
from threegate.cli.quick_imports import quick_imports
from threegate.terminal import inert, inert_output

COMMANDS: Mapping[str, str] = {
    "serve": "start the proxy",
    "mcp": "the guard in front of an MCP server",
    "init": "create a policies folder to edit",
    "demo": "sample conversations through the proxy, shown from both sides",
    "attack": "attack suites against a running proxy, with a report",
    "scan": "scan a text or JSON lines with the detectors",
    "eval": "measure the detectors on labelled files",
    "policy": "check, test and compare policies",
    "audit": "verify, search and export the audit log",
    "explain": "explain how a request was handled",
    "models": "list, verify and describe the classifiers",
    "keys": "add, list and revoke API keys",
}
"""Module of `threegate.cli` and its help text."""


def parser(
    language: str = "en", commands: Sequence[str] = tuple(COMMANDS)
) -> argparse.ArgumentParser:
    """Adds the arguments of `commands`; the others are only listed."""
    translate_argparse(language)
    top = Parser(prog="threegate", description="A guard in front of a model API")
    version = f"threegate {__version__}"
    top.add_argument(
        "--version", action="version", version=version, help="the version of this program"
    )
    group = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        command = group.add_parser(name, help=text)
        if name in commands:
            with quick_imports():
                module = import_module(f"threegate.cli.{name}")
            module.arguments(command)
    translate_parser(top, language)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 fine, 1 a check failed, 2 wrong use or settings."""
    words = sys.argv[1:] if argv is None else argv
    language = chosen(words)
    named = next(([word] for word in words if word in COMMANDS), [])
    args = parser(language, named).parse_args(words)
    try:
        with inert_output():
            return int(args.run(args) or 0)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader closed the pipe; nothing more may be written at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        from threegate.cli.failures import message

        if (text := message(error, language)) is None:
            raise
        print(f"threegate: {inert(text)}", file=sys.stderr)
        return 2
