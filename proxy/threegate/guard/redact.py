"""Replacements of edited spans, and edits of whole texts.

Of overlapping rulings the strongest action wins, then the longer span; nothing of either span is
left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from threegate.guard.masking.mask import MaskMap, hashed
from threegate.policy.kinds import BY_KIND
from threegate.policy.model import MaskStyle, Rule
from threegate.types import Action, Bilingual, Finding, Ruling, Span, frozen
from threegate.wire.jsonstrings import JsonStrings

EDITS = (Action.MASK, Action.REDACT, Action.REWRITE)
TERMINAL = (Action.ANSWER, Action.BLOCK)
UNCHECKED, NOT_CHECKED = "unchecked", Bilingual("[未检查]", "[UNCHECKED]")
"""The kind of a failure, and the notice that an edit puts before a text that could not be
checked."""


@frozen
class Renderer:
    """`corrections` maps a finding's note to the source sentence that corrects it; `language` is
    that of the call."""

    rules: Mapping[str, Rule]
    masks: MaskMap
    language: str
    corrections: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __call__(self, ruled: Ruling, original: str) -> str:
        rule = self.rules[ruled.rule_id]
        kind = ruled.finding.kind if isinstance(ruled.finding, Finding) else UNCHECKED
        match ruled.action:
            case Action.MASK if rule.style is MaskStyle.HASH:
                return hashed(self.masks.key, kind, original)
            case Action.MASK:
                made_up = rule.style is MaskStyle.SYNTHETIC
                return self.masks.mask(kind, original, restore=rule.restore, synthetic=made_up)
            case Action.REWRITE if isinstance(ruled.finding, Finding):
                own = rule.replacement.get(self.language)
                return self.corrections.get(ruled.finding.note, own)
            case _:
                return rule.replacement.get(self.language) or _removed(kind, self.language)


def _removed(kind: str, language: str) -> str:
    if kind == UNCHECKED:
        return NOT_CHECKED.get(language)
    if language.startswith("zh"):
        info = BY_KIND.get(kind.removeprefix("leak."))
        return f"[{info.title.zh if info else '内容'}已删除]"
    return f"[{kind.rsplit('.', 1)[-1].upper()}_REMOVED]"


def edited(text: str, ruled: Sequence[Ruling], render: Renderer, *, is_json: bool = False) -> str:
    """`text` with every edit of `ruled` applied; spans count from the start of `text`. `is_json`:
    readable JSON text (`wire.jsontext`), which it stays."""
    out: list[str] = []
    at = 0
    strings = JsonStrings(text) if is_json else None
    for span, winner in _disjoint(ruled):
        new, (start, end) = render(winner, text[span.start : span.end]), (span.start, span.end)
        if strings:
            new = strings.fitted(new, start, end)
            start, end = strings.whole_number(text, start, end)
        if start >= at:  # else part of a replaced number would remain
            out += [text[at:start], new]
        at = end
    return "".join([*out, text[at:]])


def _disjoint(ruled: Sequence[Ruling]) -> list[tuple[Span, Ruling]]:
    out: list[tuple[Span, Ruling]] = []
    edits = [(_span(r), r) for r in ruled if r.action in EDITS and not r.shadow]
    edits.sort(key=_place)
    for span, r in edits:
        if out and span.start < out[-1][0].end:
            last_span, last = out.pop()
            union = Span(last_span.start, max(last_span.end, span.end))
            out.append((union, max(last, r, key=_strength)))
        else:
            out.append((span, r))
    return out


def _span(ruled: Ruling) -> Span:
    return ruled.finding.span if isinstance(ruled.finding, Finding) else Span(0, 0)


def _place(edit: tuple[Span, Ruling]) -> tuple[int, int]:
    """A pair of numbers; comparing two spans costs ten times as much."""
    return edit[0].start, edit[0].end


def _strength(ruled: Ruling) -> tuple[int, int]:
    span = _span(ruled)
    return ruled.action, span.end - span.start
