"""Problems: what is wrong with a policy, where, why it matters and how to fix it, in both
languages.

Lines and columns count from 1, columns in code points. A problem may name keys, ids and kinds of a
policy; it never quotes the text of a test, a list or a conversation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from threegate.i18n.catalog import catalog
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


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of problem, always an error. Templates take the details by name."""

    code: str
    text: Bilingual
    hint: Bilingual

    def problem(self, at: Mark, /, **details: object) -> Problem:
        """Missing details are a bug and raise KeyError."""
        text, hint = self.text.filled(details), self.hint.filled(details)
        return Problem(self.code, Severity.ERROR, at, text, hint)

    @property
    def texts(self) -> tuple[Bilingual, Bilingual]:
        """Text and hint without a concrete case: each detail is `…`."""
        unknown: Mapping[str, object] = defaultdict(lambda: "…")
        return _fill(self.text, unknown), _fill(self.hint, unknown)


def codes(table: str) -> tuple[Code, ...]:
    """The entries of one table of `i18n/policy.toml`."""
    return tuple(
        Code(
            entry["code"],
            Bilingual(entry["zh"], entry["en"]),
            Bilingual(entry["hint_zh"], entry["hint_en"]),
        )
        for entry in catalog("policy")[table]
    )


def _fill(template: Bilingual, details: Mapping[str, object]) -> Bilingual:
    return Bilingual(template.zh.format_map(details), template.en.format_map(details))


CODES = codes("problem")

_BY_CODE = {each.code: each for each in CODES}


def problem(code: str, at: Mark, /, **details: object) -> Problem:
    """One problem of a known kind."""
    return _BY_CODE[code].problem(at, **details)
