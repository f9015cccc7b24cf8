"""The command line. Each command lives with what it commands; this file only lists them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from threegate_classifiers.errors import ModelError

from threegate import __version__
from threegate.cli import audit as audit_cli
from threegate.cli import demo as demo_cli
from threegate.cli import eval as eval_cli
from threegate.cli import explain, keys, models, policy, serve
from threegate.cli import scan as scan_cli
from threegate.cli.errors import UseError
from threegate.cli.language import argparse_speaks, chosen, speak
from threegate.errors import AuditError, PolicyError, ThreegateError
from threegate.policy.testing.report import problems_text
from threegate.settings.errors import SettingsError

COMMANDS = (
    serve.register,
    demo_cli.register,
    scan_cli.register,
    eval_cli.register,
    policy.register,
    audit_cli.register,
    explain.register,
    models.register,
    keys.register,
)


def parser(language: str = "en") -> argparse.ArgumentParser:
    argparse_speaks(language)
    top = argparse.ArgumentParser(prog="threegate", description="A guard in front of a model API")
    version = f"threegate {__version__}"
    top.add_argument(
        "--version", action="version", version=version, help="the version of this program"
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for register in COMMANDS:
        register(commands)
    speak(top, language)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 fine, 1 a check failed, 2 wrong use or settings."""
    language = chosen(sys.argv[1:] if argv is None else argv)
    args = parser(language).parse_args(argv)
    try:
        return int(args.run(args) or 0)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader has seen enough; nothing more is to be written at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (SettingsError, UseError, ThreegateError, ModelError) as error:
        print(f"threegate: {_told(error, language)}", file=sys.stderr)
        return 2


def _told(error: Exception, language: str) -> str:
    """What it says in this language, where it speaks both."""
    match error:
        case PolicyError(problems=problems, text=text):
            return problems_text(problems, language) or text.get(language)
        case SettingsError(text=text) | AuditError(text=text) | UseError(text=text):
            return text.get(language)
        case _:
            return str(error)
