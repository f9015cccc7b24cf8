"""Citation marks: they show in the text which source supports a claim. Pure.

`…两年[1]。` supported, `…五年[≠1]。` contradicted, `…送货[?]。` not in the sources; the last two
only where the rule annotates them. Numbers are the positions of the sources in the request and
never depend on the order of verdicts. The list at the end names the cited sources without quoting
them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from threegate.types import Action, Bilingual, Finding, Ruling

ENDS = "。！？；.!?;|"
"""A mark is placed before the punctuation that ends its claim, and inside a table cell."""

HEADING = Bilingual("资料：", "Sources:")
UNKNOWN = Bilingual("[?] 资料中没有", "[?] not in the sources")
AGAINST = Bilingual("[≠] 与该资料不符", "[≠] at odds with that source")

_NAMES = {
    "system": Bilingual("系统提示", "system prompt"),
    "user": Bilingual("用户给出的文本", "text given by the user"),
    "tool_result": Bilingual("工具结果", "tool result"),
    "context": Bilingual("随附资料", "attached document"),
}


@dataclass(frozen=True, slots=True)
class Citations:
    """`rules`: ids of the rules that require marks; `sources`: ids, the first has number 1."""

    rules: frozenset[str] = frozenset()
    sources: tuple[str, ...] = ()
    language: str = "en"

    def mark(self, ruled: Ruling) -> str:
        """The mark at the end of the claim; empty for none."""
        if ruled.rule_id not in self.rules or ruled.shadow:
            return ""
        annotated = ruled.action is Action.ANNOTATE
        number = self._number(ruled)
        match ruled.finding:
            case Finding(kind="claim.supported") if number:
                return f"[{number}]"
            case Finding(kind="claim.contradicted") if number and annotated:
                return f"[≠{number}]"
            case Finding(kind="claim.unsupported") if annotated:
                return "[?]"
            case _:
                return ""

    def listing(self, ruled: Iterable[Ruling]) -> str:
        """The notice at the end of a text whose rulings are `ruled`; empty for none."""
        marked = [(self.mark(r), self._number(r)) for r in ruled]
        numbers = sorted({number for mark, number in marked if mark and mark != "[?]"})
        signs = {mark[1] for mark, _ in marked if mark}
        lines = [f"[{n}] {self._name(n)}" for n in numbers]
        lines += [AGAINST.get(self.language)] if "≠" in signs else []
        lines += [UNKNOWN.get(self.language)] if "?" in signs else []
        return "\n".join(["\n", HEADING.get(self.language), *lines]) if lines else ""

    def _number(self, ruled: Ruling) -> int:
        note = ruled.finding.note if isinstance(ruled.finding, Finding) else ""
        source = note.rpartition(":")[0]
        return self.sources.index(source) + 1 if source in self.sources else 0

    def _name(self, number: int) -> str:
        source = self.sources[number - 1]
        kind = source.partition(":")[0]
        if kind not in _NAMES or kind == source:
            return source
        alike = [s for s in self.sources if s.startswith(f"{kind}:")]
        count = f" {alike.index(source) + 1}" if len(alike) > 1 else ""
        return _NAMES[kind].get(self.language) + count


def marked(mark: str, last: str) -> str:
    """The last character of a claim with its mark."""
    return mark + last if last in ENDS else last + mark
