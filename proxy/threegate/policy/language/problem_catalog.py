"""The kinds of problems that the loader finds, one entry each, and how a problem is made from
one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from threegate.i18n.catalog import catalog
from threegate.policy.language.problems import Mark, Problem, Severity
from threegate.types import Bilingual


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
