"""Strength of input and output rules, aspect by aspect."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from threegate.policy.language.vocabulary import (
    ACTION,
    CHANNEL,
    LEVEL,
    RESTORE,
    STREAM,
    STYLE,
    kind_named,
)
from threegate.policy.model import Band, Claims, Restoring, Rule, SecondOpinion
from threegate.policy.schema import Restore
from threegate.policy.strictness.compare import (
    Aspect,
    Direction,
    callers,
    covering,
    includes,
    inverted,
    life,
    moved,
    ranked,
    same,
    texts,
    unclear,
    worded,
    wording,
)
from threegate.types import Action, Bilingual, Level


def compare_rules(old: Rule, new: Rule) -> tuple[Aspect, ...]:
    """Differences of two input or output rules of the same id."""
    return tuple(aspect for part in _PARTS for aspect in part(old, new))


def _place(old: Rule, new: Rule) -> Iterator[Aspect]:
    yield from unclear(Bilingual("层", "layer"), old.layer, new.layer)
    yield from covering(
        Bilingual("检测位置", "channels"), old.channels, new.channels, same, CHANNEL.__getitem__
    )


def _kinds(old: Rule, new: Rule) -> Iterator[Aspect]:
    a, b = old.detect, new.detect
    if bool(a.any) != bool(b.any):
        yield from unclear(Bilingual("检测类别", "kinds"), a.any, b.any)
    else:
        yield from covering(Bilingual("检测类别", "kinds"), a.any, b.any, includes, kind_named)
    need = covering(
        Bilingual("须同时出现的类别", "kinds needed together"), a.all, b.all, same, kind_named
    )
    yield from inverted(need)
    rests = covering(
        Bilingual("出现则不命中的类别", "kinds that exclude a match"),
        a.none,
        b.none,
        same,
        kind_named,
    )
    yield from inverted(rests)


def _levels(old: Rule, new: Rule) -> Iterator[Aspect]:
    a, b = old.detect, new.detect
    yield from ranked(Bilingual("级别", "level"), LEVEL, a.level, b.level)
    if a.levels == b.levels:
        return
    for kind in sorted({k for k, _ in (*a.levels, *b.levels)}):
        named = kind_named(kind)
        name = Bilingual(f"{named.zh}的级别", f"level of {named.en}")
        yield from ranked(name, LEVEL, a.level_for(kind), b.level_for(kind))


def _action(old: Rule, new: Rule) -> Iterator[Aspect]:
    if not (old.claims and new.claims):
        yield from ranked(Bilingual("动作", "action"), ACTION, old.action, new.action)
    if new.action is Action.MASK:
        yield from _restoring(old.restore, new.restore)
    yield from worded(Bilingual("替代形式", "mask style"), STYLE, old.style, new.style)
    yield from wording(Bilingual("替换文字", "replacement"), old.replacement, new.replacement)
    yield from wording(Bilingual("代答", "curated reply"), old.answer, new.answer)
    yield from wording(Bilingual("HTTP 状态码", "HTTP status"), old.http_status, new.http_status)


def _restoring(old: Restoring | None, new: Restoring | None) -> Iterator[Aspect]:
    if old is None or new is None:
        if old is not new:
            words = (RESTORE[Restore.CLIENT if r else Restore.NEVER] for r in (old, new))
            yield moved(Bilingual("脱敏还原", "restoring masks"), -1 if new else 1, *words)
        return
    tools = Bilingual("还原参数的工具", "tools whose arguments are restored")
    if old.tools is None or new.tools is None:
        if old.tools is not new.tools:
            words = (_tools(r.tools) for r in (old, new))
            yield moved(tools, 1 if old.tools is None else -1, *words)
    else:
        yield from inverted(covering(tools, old.tools, new.tools, same))
    hosts = Bilingual("可在链接里还原的主机", "hosts in whose links values are restored")
    yield from inverted(covering(hosts, old.hosts, new.hosts, same))


def _tools(names: tuple[str, ...] | None) -> Bilingual:
    if names is None:
        return Bilingual("所有工具", "all tools")
    listed = ", ".join(sorted(names))
    return Bilingual(listed or "无", listed or "none")


def _failing(old: Rule, new: Rule) -> Iterator[Aspect]:
    yield from ranked(Bilingual("出错时", "on error"), ACTION, old.on_error, new.on_error)
    yield from ranked(Bilingual("超时时", "on timeout"), ACTION, old.on_timeout, new.on_timeout)
    yield from wording(Bilingual("检测时限", "deadline"), old.deadline_ms, new.deadline_ms)
    yield from ranked(Bilingual("流式方式", "streaming"), STREAM, old.stream, new.stream)


def _claims(old: Rule, new: Rule) -> Iterator[Aspect]:
    match old.claims, new.claims:
        case (None, None):
            return
        case (Claims() as a, Claims() as b):
            yield from _claim_parts(a, b)
        case (None, _):
            yield Aspect(Direction.STRICTER, Bilingual("增加事实核查", "fact check added"))
        case _:
            yield Aspect(Direction.LOOSER, Bilingual("去掉事实核查", "fact check removed"))


def _claim_parts(a: Claims, b: Claims) -> Iterator[Aspect]:
    yield from ranked(
        Bilingual("矛盾的级别", "level of contradicted"), LEVEL, a.contradicted, b.contradicted
    )
    yield from ranked(
        Bilingual("无依据的级别", "level of unsupported"), LEVEL, a.unsupported, b.unsupported
    )
    yield from ranked(
        Bilingual("矛盾时", "on contradicted"), ACTION, a.on_contradicted, b.on_contradicted
    )
    yield from ranked(
        Bilingual("无依据时", "on unsupported"), ACTION, a.on_unsupported, b.on_unsupported
    )
    yield from ranked(Bilingual("无来源时", "on no source"), ACTION, a.on_no_source, b.on_no_source)
    # More sources support more claims and contradict more of them: neither way is provable.
    yield from unclear(Bilingual("来源", "sources"), set(a.sources), set(b.sources))
    yield from wording(Bilingual("标注依据", "citing"), a.cite, b.cite)


def _exceptions(old: Rule, new: Rule) -> Iterator[Aspect]:
    before = {e.id: e for e in old.exceptions}
    after = {e.id: e for e in new.exceptions}
    name = Bilingual("例外", "exceptions")
    yield from inverted(covering(name, before, after, same))
    for id in before.keys() & after.keys():
        if before[id] != after[id]:
            yield from unclear(Bilingual(f"例外 {id} ", f"exception {id}"), 0, 1)


def _band(old: Rule, new: Rule) -> Iterator[Aspect]:
    """Without a band a rule never stops itself."""
    a, b = old.band or Band(), new.band or Band()
    name = Bilingual("自动停用的上限（%）", "share that stops it (%)")
    if a.max != b.max:
        words = (Bilingual(f"{v:g}", f"{v:g}") for v in (a.max, b.max))
        yield moved(name, b.max - a.max, *words)
    stops = min(a.max, b.max) < Band().max
    look = Bilingual("自动停用的统计", "how that share is counted")
    if stops:
        yield from unclear(look, (a.minutes, a.calls), (b.minutes, b.calls))
    yield from wording(Bilingual("告警的下限", "share below which it alerts"), a.min, b.min)


def _second_opinion(old: Rule, new: Rule) -> Iterator[Aspect]:
    """A rule that must be confirmed acts less often than one that need not."""
    match old.second_opinion, new.second_opinion:
        case (None, None):
            return
        case (SecondOpinion() as a, SecondOpinion() as b):
            yield from _opinion_parts(a, b, old.action, new.action)
        case (None, _):
            yield Aspect(Direction.LOOSER, Bilingual("增加第二意见", "second opinion added"))
        case _:
            yield Aspect(Direction.STRICTER, Bilingual("去掉第二意见", "second opinion removed"))


def _opinion_parts(
    a: SecondOpinion, b: SecondOpinion, old: Action, new: Action
) -> Iterator[Aspect]:
    yield from unclear(Bilingual("第二意见的评判模型", "judge of the second opinion"), a.ask, b.ask)
    levels = Bilingual("须经确认的级别", "levels to be confirmed")
    before, after = ([level.name for level in o.levels] for o in (a, b))
    yield from inverted(covering(levels, before, after, same, lambda name: LEVEL[Level[name]]))
    yield from ranked(Bilingual("确认的级别", "level of confirming"), LEVEL, a.confirm, b.confirm)
    yield from ranked(
        Bilingual("第二意见出错时", "second opinion: on error"),
        ACTION,
        old if a.on_error is None else a.on_error,
        new if b.on_error is None else b.on_error,
    )
    yield from ranked(
        Bilingual("第二意见超时时", "second opinion: on timeout"),
        ACTION,
        old if a.on_timeout is None else a.on_timeout,
        new if b.on_timeout is None else b.on_timeout,
    )
    yield from wording(
        Bilingual("第二意见的时限", "deadline of the second opinion"), a.deadline_ms, b.deadline_ms
    )


_PARTS: tuple[Callable[[Rule, Rule], Iterator[Aspect]], ...] = (
    _place, callers, _kinds, _levels, _action, _failing, _claims, _exceptions, _band,
    _second_opinion, life, texts,
)  # fmt: skip
