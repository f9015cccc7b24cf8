"""Finds instructions that are split over several messages.

The last texts of a channel are read as one, in three ways: joined with a space, joined without one,
and only what they quote or assign (`a = "ignore all"`, then `a + b`). A finding counts only if it
spans the joint of two texts; anything within one text was already found there. Models are used when
a text mentions putting parts together. Findings belong to the last text, in full.

The parts of one turn are one text to the model that answers, so all of them are read together, with
and without a space, by models too.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, groupby

from threegate.detectors.detector_set import DetectorSet
from threegate.detectors.engine.budget import Budget
from threegate.detectors.judged_texts import Judgement
from threegate.types import Finding, Passage, Span
from threegate.wire.adapter import Slot

TURNS = 8
"""Texts of one channel that are read together."""

EDGE = 400
"""Code points at a text's end (and beginning) that take part, because fragments are short."""

NOTE = "turns"
FAMILIES = frozenset({"injection", "hazard", "offensive", "list", "category"})
"""Kinds that are expressed in words. A number in parts is not an instruction."""

_QUOTED = re.compile(
    r"\"([^\"\n]{1,200})\"|“([^”\n]{1,200})”|「([^」\n]{1,200})」|`([^`\n]{1,200})`"
    r"|(?m:^|[\s,;，；])'([^'\n]{1,200})'"
    r"|(?m:^|[\s,，;；])[A-Za-z]\w{0,8}\s?[=＝]\s?([^\s\"'“「`][^\n]{0,200})"
)
_TOGETHER = re.compile(
    r"(?i)\b(?:combin|concatenat|join|merg|assembl|append|put\b.{0,20}\btogether|stitch)"
    r"|\b[a-z]\w{0,8}\s?\+\s?[a-z]|\bparts?\s?(?:\d|one|two|a\b)"
    r"|\b(?:execute|run|follow|do) (?:it|them|that|the)\b"
    r"|拼(?:接|起来|在一起|成)|合(?:并|起来|在一起|成一)|组合|连(?:起来|接|在一起)|接(?:着|起来)"
    r"|执行|照做|前面(?:那?[两二三四几]|的)|第[一二三四]部分"
)
_ENDED = re.compile(r"(?:[。!?！？\n]|(?<!\.\.)\.)\s*\Z")
"""An ellipsis (`…`, `...`) says that the sentence goes on."""
_ELLIPSIS = re.compile(r"(?:…|\.{3,})+\s*\Z")
_FRAGMENT = re.compile(r"\s*([\u4e00-\u9fff]{1,6})[。！!？?\s]*\Z")
"""A few Han characters are no sentence, whatever their end: `忽略。`, `之前的。`, `所有指令。`"""


@dataclass(frozen=True, slots=True)
class Joined:
    """`joints` are the places where one text ends and the next begins."""

    text: str = field(repr=False)
    joints: tuple[int, ...]

    def over(self, span: Span) -> bool:
        at = bisect_right(self.joints, span.start)
        return at < len(self.joints) and self.joints[at] < span.end


def _joined(pieces: Sequence[str], blank: str) -> Joined:
    ends = list(accumulate(len(p) + len(blank) for p in pieces))
    return Joined(blank.join(pieces), tuple(e - len(blank) for e in ends[:-1]))


def readings(texts: Sequence[str]) -> list[Joined]:
    """The ways in which the last of `texts` can be read as one; none for a single text."""
    last = [t for t in texts if t.strip()][-TURNS:]
    if len(last) < 2:
        return []
    quoted = [q for t in last for q in _quoted(t)]
    made = in_a_row(_without_stops([t.strip() for t in last]))
    return made + ([_joined(quoted, b) for b in ("", " ")] if len(quoted) > 1 else [])


def in_a_row(texts: Sequence[str]) -> list[Joined]:
    """Joined one after the other; nothing if each text ends with its sentence."""
    ends = [_edges(t) for t in texts]
    open_ = [not _ENDED.search(before) for before in ends[:-1]]
    return [_only(_joined(ends, b), open_) for b in (" ", "")] if any(open_) else []


def _without_stops(texts: Sequence[str]) -> list[str]:
    """Without the ellipsis at the end of a text, and the stop of a fragment before another one."""
    fragments = [_FRAGMENT.fullmatch(text) for text in texts]
    among = zip(fragments, [*fragments[1:], None], strict=True)
    stops = [here[1] if here and after else "" for here, after in among]
    return [
        short or _ELLIPSIS.sub("", text) or text for short, text in zip(stops, texts, strict=True)
    ]


def _edges(text: str) -> str:
    return text if len(text) <= 2 * EDGE else text[:EDGE] + "\n" * 3 + text[-EDGE:]


def _only(joined: Joined, open_: Sequence[bool]) -> Joined:
    """Without the joints after a finished sentence, which is not continued."""
    kept = (j for j, still in zip(joined.joints, open_, strict=True) if still)
    return replace(joined, joints=tuple(kept))


def _quoted(text: str) -> list[str]:
    return ["".join(g for g in m.groups() if g).strip() for m in _QUOTED.finditer(text)]


async def together(
    detector_set: DetectorSet,
    slots: Sequence[Slot],
    patterns: frozenset[str],
    deadlines: Mapping[str, int],
    budget: Budget,
) -> tuple[Finding, ...]:
    """Findings in the last texts read as one, reported at the last of them."""
    read = readings([s.text for s in slots])
    if not read:
        return ()
    passages = [Passage(slots[-1].locus, r.text) for r in read]
    judged = await detector_set.check(passages, worded(patterns), {}, budget)
    own = {kind: deadlines[kind] for kind in worded(deadlines)}
    if own and any(_TOGETHER.search(s.text) for s in slots[-2:]):
        judged += await detector_set.check([passages[-1]], frozenset(), own)
        read.append(replace(read[-1], joints=(len(read[-1].text) - 1,)))
    return tuple(at_last(slots[-1], over_joints(read, judged)))


async def over_parts(
    detector_set: DetectorSet,
    slots: Sequence[Slot],
    patterns: frozenset[str],
    deadlines: Mapping[str, int],
    budget: Budget,
) -> list[tuple[Slot, Judgement]]:
    """Findings in the parts of each turn read as one, reported at the last of them."""
    turns = [
        (parts[-1], read)
        for parts in _turns(slots)
        for read in in_a_row(_without_stops([s.text for s in parts]))
    ]
    if not turns:
        return []
    passages = [Passage(slot.locus, read.text) for slot, read in turns]
    own = {kind: deadlines[kind] for kind in worded(deadlines)}
    judged = await detector_set.check(passages, worded(patterns), own, budget)
    return [
        (slot, Judgement(tuple(at_last(slot, over_joints([read], [found]))), found.failures))
        for (slot, read), found in zip(turns, judged, strict=True)
    ]


def _turns(slots: Sequence[Slot]) -> list[list[Slot]]:
    """The parts of each turn that has more than one."""
    parts = [s for s in slots if s.locus.message is not None and "/content/" in s.pointer]
    turns = [list(each) for _, each in groupby(parts, lambda s: s.locus.message)]
    return [turn for turn in turns if len(turn) > 1]


def worded(kinds: Iterable[str]) -> frozenset[str]:
    return frozenset(k for k in kinds if k.split(".")[0] in FAMILIES)


def over_joints(read: Sequence[Joined], judged: Sequence[Judgement]) -> Iterable[Finding]:
    for joined, judgement in zip(read, judged, strict=True):
        yield from (f for f in judgement.findings if joined.over(f.span))


def at_last(slot: Slot, found: Iterable[Finding]) -> Iterable[Finding]:
    """Each kind once, at its highest level."""
    best: dict[str, Finding] = {}
    for finding in found:
        if finding.kind not in best or best[finding.kind].level < finding.level:
            best[finding.kind] = finding
    whole = Span(0, len(slot.text))
    for finding in best.values():
        note = f"{finding.note}@{NOTE}" if finding.note else NOTE
        yield replace(finding, span=whole, locus=slot.locus, note=note)
