"""The command line. Each command lives with what it commands; this file only lists them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from threegate_classifiers.errors import ModelError

from threegate import __version__, explain, keys_cli, models_cli, policy_cli, serve
from threegate.audit import cli as audit_cli
from threegate.demo import cli as demo_cli
from threegate.errors import PolicyError, ThreegateError
from threegate.evaluate import cli as eval_cli
from threegate.policy.report import problems_text
from threegate.policy_args import locale_language
from threegate.scan import cli as scan_cli
from threegate.wrong_settings import SettingsError

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


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="threegate", description="A guard in front of a model API / 模型接口前的安全护栏"
    )
    top.add_argument("--version", action="version", version=f"threegate {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for register in COMMANDS:
        register(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 fine, 1 a check failed, 2 wrong use or settings."""
    args = parser().parse_args(argv)
    try:
        return int(args.run(args) or 0)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader has seen enough; nothing more is to be written at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (SettingsError, ThreegateError, ModelError) as error:
        language = getattr(args, "lang", None) or locale_language()
        print(f"threegate: {_told(error, language)}", file=sys.stderr)
        return 2


def _told(error: Exception, language: str) -> str:
    """What it says in this language, where it speaks both."""
    match error:
        case PolicyError(problems=problems, text=text):
            return problems_text(problems, language) or text.get(language)
        case SettingsError(text=text):
            return text.get(language)
        case _:
            return str(error)


if __name__ == "__main__":
    sys.exit(main())
