"""How precise rules are, according to the labels of reviewers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection

from threegate.audit.log.conditions import Query
from threegate.audit.log.query import of_requests
from threegate.console.drafts import DraftFile, workspace
from threegate.console.errors import refusal
from threegate.console.forms.rule_form import RuleForm, edited
from threegate.console.presenters import charts, records
from threegate.console.review.label_statistics import (
    agreement,
    precision,
    questions,
    settled,
    wrong_by_day,
)
from threegate.console.review.review_store import ReviewLabel
from threegate.console.review.rule_quality import (
    ENOUGH,
    LevelFigures,
    Share,
    better_level,
    by_level,
    judged_hits,
    level_in,
)
from threegate.console.views.new_rule import pack_of
from threegate.console.views.replay import examples, judged_again
from threegate.console.web import Answer, ConsoleRequest, LongTask, Shown, Step, blocking
from threegate.policy.language.load import pack_path
from threegate.policy.lifecycle.people import Role
from threegate.policy.model import PolicySet, Rule
from threegate.policy.model.callers import matches
from threegate.types import Level

MOST_REPLAYED = 200
"""The most calls that are judged again at a lower level."""
MOST_JUDGED = 1_000
"""The most of a rule's judged calls whose records are read, newest first."""


async def quality(visit: ConsoleRequest) -> Answer:
    return Shown("review/quality.html", await blocking(_overview, visit))


def _overview(visit: ConsoleRequest) -> dict[str, Any]:
    labels = visit.parts.review_store.labels()
    known = records.titles(visit.serving)
    rows = [
        asdict(p)
        | {
            "precision": p.precision,
            "title": known[p.rule].get(visit.language) if p.rule in known else "",
        }
        for p in precision(labels)
    ]
    people = sorted({x.author for x in labels})
    counts = {p: sum(x.author == p for x in labels) for p in people}
    both = agreement(labels)
    return {
        "rows": rows,
        "people": counts,
        "total": len(labels),
        "agreement": asdict(both) | {"share": both.share},
        "wrong": _wrong_chart(labels, visit.text_in("误报率", "False-positive rate")),
    }


def _wrong_chart(labels: Sequence[ReviewLabel], name: str) -> dict[str, Any]:
    days = wrong_by_day(labels)
    columns = [(d, w / judged, f"{d} · {w}/{judged}") for d, (w, judged) in days.items()]
    return charts.columns(columns[-charts.MAX_BARS :], name, most=1.0)


async def rule(visit: ConsoleRequest) -> Answer:
    """One rule, level by level; only counts, so that editors may see them too."""
    return Shown("review/rule_quality.html", await _page(visit))


async def lower(visit: ConsoleRequest) -> Answer:
    """What a level below the present one would add. Labels cannot tell, because only hits are
    recorded; so the newest calls are judged again with the rule at that level."""
    id, wanted = visit.path["rule"], visit.form.get("level", "")
    spec = _serving_rule(visit, id)
    if spec is None or wanted not in _below(spec.detect.level):
        raise refusal("lower-level")
    old = await blocking(workspace, visit.parts.versions, visit.parts.ground, {})
    path = pack_path(await blocking(pack_of, old, id))
    text = await blocking(edited, old.text(path), id, RuleForm(level=wanted))
    new = await visit.checked(replace(old, files={path: DraftFile(text, None)}).check)
    if new.policies is None:
        raise refusal("replay-errors")
    title = visit.text_in(
        "正在用较低的级别重放最近的请求", "Replaying recent calls at a lower level"
    )
    return LongTask(title, _lowered(visit, new.policies, wanted))


async def _lowered(
    visit: ConsoleRequest, new: PolicySet, level: str
) -> AsyncIterator[Step | Shown]:
    async for done in judged_again(visit, visit.serving, new, Query(limit=MOST_REPLAYED)):
        if isinstance(done, Step):
            yield done
            continue
        calls, found = done
        counts = {change.value: number for change, number in found.counts.items()}
        shown = examples(found, shown=visit.may(Role.REVIEWER))
        lowered = {"level": level, "calls": calls.number, "counts": counts, "examples": shown}
        yield Shown("review/rule_quality.html", await _page(visit) | {"lowered": lowered})


def _below(level: Level) -> list[str]:
    return [each.name.lower() for each in sorted(Level, reverse=True) if each < level]


async def _page(visit: ConsoleRequest) -> dict[str, Any]:
    return await visit.parts.audit.read(lambda c: _in_numbers(c, visit))


def _in_numbers(connection: Connection, visit: ConsoleRequest) -> dict[str, Any]:
    id, labels = visit.path["rule"], visit.parts.review_store.labels()
    known = records.titles(visit.serving)
    if id not in known and not any(x.rule == id for x in labels):
        raise refusal("no-rule")
    verdicts = {
        request: settled(given) for (request, of), given in questions(labels).items() if of == id
    }
    newest = list(verdicts)[-MOST_JUDGED:]
    figures = by_level(judged_hits(verdicts, _levels(connection, newest, id)))
    spec = _serving_rule(visit, id)
    better = better_level(figures, spec.detect.level) if spec else None
    shown = [_shown(f) for f in figures]
    return {
        "lowered": None,
        "below": _below(spec.detect.level) if spec else [],
        "rule": id,
        "title": records.title_of(id, known, visit.language),
        "current": spec.detect.level.name.lower() if spec else "",
        "figures": shown,
        "judged": figures[0].kept.whole,
        "disputed": sum(verdict is None for verdict in verdicts.values()),
        "missed": sum(_is_missed(x, spec) for x in labels) if spec else 0,
        "better": next((s for s in shown if better and s["level"] == better.name.lower()), None),
        "enough": ENOUGH,
    }


def _levels(connection: Connection, requests: Sequence[str], rule: str) -> dict[str, Level]:
    found = {e.request_id: level_in(e.event, rule) for e in of_requests(connection, requests)}
    return {request: level for request, level in found.items() if level is not None}


def _serving_rule(visit: ConsoleRequest, id: str) -> Rule | None:
    every = (r for p in records.policies_of(visit.serving) for r in p.rules)
    return next((r for r in every if r.id == id), None)


def _is_missed(label: ReviewLabel, spec: Rule) -> bool:
    wanted = (*spec.detect.any, *spec.detect.all)
    missed = label.label == "false_negative" and label.category
    return bool(missed) and any(matches(pattern, label.category) for pattern in wanted)


def _shown(figures: LevelFigures) -> dict[str, Any]:
    shares = {"here": figures.here, "kept": figures.kept}
    return {
        "level": figures.level.name.lower(),
        "avoided": figures.avoided,
        "lost": figures.lost,
        **{name: _share(share) for name, share in shares.items()},
    }


def _share(share: Share) -> dict[str, Any]:
    low, high = share.interval or (0.0, 0.0)
    return {"value": share.value, "low": low, "high": high, "whole": share.whole}
