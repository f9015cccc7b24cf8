"""The command line: chooses the language, runs a command, and says what stopped it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from threegate.cli.commands import COMMANDS, parser
from threegate.cli.language import chosen
from threegate.terminal import inert, inert_output


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
