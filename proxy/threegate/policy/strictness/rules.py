"""Strength of input and output rules, aspect by aspect."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.policy.language.vocabulary import CHANNEL, LEVEL, RESTORE, kind_named
from threegate.policy.model import Band, Claims, Restoring, Rule, SecondOpinion
from threegate.policy.schema import Restore
from threegate.policy.strictness.compare import (
    NAMES,
    Aspect,
    all_of,
    callers,
    covering,
    each,
    includes,
    inverted,
    labels,
    life,
    moved,
    present,
    ranked,
    unclear,
    verbatim,
    worded,
    wording,
)
from threegate.types import Action, Bilingual, Level


def compare_rules(old: Rule, new: Rule) -> tuple[Aspect, ...]:
    """Differences of two input or output rules of the same id."""
    return tuple(_PARTS(old, new))


def _channels(old: Rule, new: Rule) -> Iterator[Aspect]:
    yield from covering("channels", old.channels, new.channels, report=CHANNEL.__getitem__)


def _kinds(old: Rule, new: Rule) -> Iterator[Aspect]:
    a, b = old.detect, new.detect
    if bool(a.any) != bool(b.any):
        yield from unclear("any", a.any, b.any)
    else:
        yield from covering("any", a.any, b.any, includes, kind_named)
    yield from inverted(covering("all", a.all, b.all, report=kind_named))
    yield from inverted(covering("none", a.none, b.none, report=kind_named))


def _levels(old: Rule, new: Rule) -> Iterator[Aspect]:
    a, b = old.detect, new.detect
    yield from ranked("level", a.level, b.level)
    if a.levels == b.levels:
        return
    for kind in sorted({k for k, _ in (*a.levels, *b.levels)}):
        named = kind_named(kind)
        name = Bilingual(f"{named.zh}的级别", f"level of {named.en}")
        yield from ranked(name, a.level_for(kind), b.level_for(kind))


def _action(old: Rule, new: Rule) -> Iterator[Aspect]:
    if not (old.claims and new.claims):
        yield from ranked("action", old.action, new.action)
    if new.action is Action.MASK:
        yield from _restoring(old.restore, new.restore)


def _restoring(old: Restoring | None, new: Restoring | None) -> Iterator[Aspect]:
    if old is None or new is None:
        if old is not new:
            words = (RESTORE[Restore.CLIENT if r else Restore.NEVER] for r in (old, new))
            yield moved("restore", -1 if new else 1, *words)
        return
    if old.tools is None or new.tools is None:
        if old.tools is not new.tools:
            words = (_tools(r.tools) for r in (old, new))
            yield moved("restore_tools", 1 if old.tools is None else -1, *words)
    else:
        yield from inverted(covering("restore_tools", old.tools, new.tools))
    yield from inverted(covering("restore_hosts", old.hosts, new.hosts))
    yield from inverted(covering("restore_files", old.files, new.files))


def _tools(names: tuple[str, ...] | None) -> Bilingual:
    if names is None:
        return NAMES["all_tools"]
    return verbatim(", ".join(sorted(names))) if names else NAMES["no_tool"]


def _claims(old: Rule, new: Rule) -> Iterator[Aspect]:
    yield from present("fact_check", old.claims, new.claims)
    if old.claims and new.claims:
        yield from _CLAIM_PARTS(old.claims, new.claims)


def _sources(a: Claims, b: Claims) -> Iterator[Aspect]:
    """More sources support more claims and contradict more of them, so neither direction is
    provable."""
    yield from unclear("sources", set(a.sources), set(b.sources))


_CLAIM_PARTS = all_of(
    each(ranked, "contradicted", "unsupported"),
    each(ranked, "on_contradicted", "on_unsupported", "on_no_source"),
    _sources,
    each(wording, "cite"),
)


def _exceptions(old: Rule, new: Rule) -> Iterator[Aspect]:
    before = {e.id: e for e in old.exceptions}
    after = {e.id: e for e in new.exceptions}
    yield from inverted(covering("exceptions", before, after))
    for id in before.keys() & after.keys():
        if before[id] != after[id]:
            yield from unclear(Bilingual(f"例外 {id} ", f"exception {id}"))


def _band(old: Rule, new: Rule) -> Iterator[Aspect]:
    """Without a band a rule never stops itself."""
    a, b = old.band or Band(), new.band or Band()
    if a.max != b.max:
        yield moved("band_max", b.max - a.max, verbatim(f"{a.max:g}"), verbatim(f"{b.max:g}"))
    if min(a.max, b.max) < Band().max:
        yield from unclear("band_counting", (a.minutes, a.calls), (b.minutes, b.calls))
    yield from wording("band_min", a.min, b.min)


def _second_opinion(old: Rule, new: Rule) -> Iterator[Aspect]:
    """A rule that needs confirmation acts less often than one that does not."""
    a, b = old.second_opinion, new.second_opinion
    yield from inverted(present("second_opinion", a, b))
    if a and b:
        yield from _opinion_parts(a, b, old.action, new.action)


def _opinion_parts(
    a: SecondOpinion, b: SecondOpinion, old: Action, new: Action
) -> Iterator[Aspect]:
    """Without a separate action for a failure, the rule acts."""
    yield from unclear("opinion_ask", a.ask, b.ask)
    before, after = ([level.name for level in o.levels] for o in (a, b))
    levels = covering("opinion_levels", before, after, report=lambda name: LEVEL[Level[name]])
    yield from inverted(levels)
    yield from ranked("opinion_confirm", a.confirm, b.confirm)
    for name in ("on_error", "on_timeout"):
        first, then = getattr(a, name), getattr(b, name)
        acts, acts_now = old if first is None else first, new if then is None else then
        yield from ranked(f"opinion_{name}", acts, acts_now)
    yield from wording("opinion_deadline", a.deadline_ms, b.deadline_ms)


_PARTS = all_of(
    each(unclear, "layer"), _channels, callers, _kinds, _levels, _action,
    each(worded, "style", "annotation"),
    each(wording, "replacement", "answer", "http_status"), each(ranked, "on_error", "on_timeout"),
    each(wording, "deadline_ms"), each(ranked, "stream"), _claims, _exceptions, _band,
    _second_opinion, life, labels,
)  # fmt: skip
