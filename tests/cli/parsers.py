"""The parser of the command line and those of all its commands."""

from __future__ import annotations

import argparse
from collections.abc import Iterator


def parsers(top: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """`top` and everything below it."""
    yield top
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for parser in dict.fromkeys(action.choices.values()):
                yield from parsers(parser)
