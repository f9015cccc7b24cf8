"""Problems: what is wrong with a policy, where, why it matters and how to fix it, in both
languages.

Lines and columns count from 1, columns in code points. A problem may name keys, ids and kinds of a
policy; it never quotes the text of a test, a list or a conversation.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from threegate.types import Bilingual


class Severity(StrEnum):
    """ERROR stops activation; WARNING and INFO do not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a policy file. `file` is relative to the policies folder, with forward slashes."""

    file: str = ""
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = Mark()


@dataclass(frozen=True, slots=True)
class Problem:
    """`part` is the key below the rule, such as `title` or `then.answer`; empty if it concerns the
    whole rule or no rule."""

    code: str
    severity: Severity
    at: Mark
    text: Bilingual
    hint: Bilingual
    rule_id: str = ""
    part: str = ""

    def __str__(self) -> str:
        return f"{self.at}: [{self.code}] {self.text.en} / {self.text.zh}"


def errors(problems: tuple[Problem, ...] | list[Problem]) -> tuple[Problem, ...]:
    return tuple(p for p in problems if p.severity is Severity.ERROR)
