"""The command line. Each command lives with what it commands; this file only lists them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from threegate_classifiers.errors import ModelError

from threegate import __version__, explain, keys_cli, models_cli, policy_cli, serve
from threegate.audit import cli as audit_cli
from threegate.cli_language import argparse_speaks, chosen, speak
from threegate.demo import cli as demo_cli
from threegate.errors import AuditError, PolicyError, ThreegateError
from threegate.evaluate import cli as eval_cli
from threegate.policy.report import problems_text
from threegate.scan import cli as scan_cli
from threegate.wrong_settings import SettingsError
from threegate.wrong_use import UseError

COMMANDS = (
    serve.register,
    demo_cli.register,
    scan_cli.register,
    eval_cli.register,
    policy_cli.register,
    audit_cli.register,
    explain.register,
    models_cli.register,
    keys_cli.register,
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


if __name__ == "__main__":
    sys.exit(main())
