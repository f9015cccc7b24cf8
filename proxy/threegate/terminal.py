r"""What commands print, without characters that a terminal obeys: escape sequences, and controls
that turn the direction of a text or hide it. Prompts, answers and records hold what others wrote.

Such a character is written as JSON does (`\u001b`), so JSON that is printed means what it meant.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, Final, TextIO, cast

_OBEYED: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    r"\ud800-\udfff\ufeff\U000e0000-\U000e007f]"
)


def inert(text: str) -> str:
    return text if text.isascii() and text.isprintable() else _OBEYED.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


class InertOutput:
    """A text stream that writes inert text. `inner` is the stream itself."""

    def __init__(self, inner: TextIO) -> None:
        self.inner = inner

    def write(self, text: str) -> int:
        self.inner.write(inert(text))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@contextmanager
def inert_output() -> Iterator[None]:
    """Standard output and standard error are inert within."""
    out, err = (cast(TextIO, InertOutput(s)) for s in (sys.stdout, sys.stderr))
    with redirect_stdout(out), redirect_stderr(err):
        yield
