"""How precise rules are, by the labels of reviewers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from threegate.audit.log.query import of_request
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
from threegate.console.web import Answer, ConsoleError, ConsoleRequest, Shown, blocking
from threegate.policy.model import Rule
from threegate.policy.model.callers import matches
from threegate.types import Level

MOST_JUDGED = 1_000
"""Of a rule's judged calls, the newest whose records are read."""


async def quality(visit: ConsoleRequest) -> Answer:
    labels: Sequence[ReviewLabel] = await blocking(visit.parts.review_store.labels)
    known = records.titles(visit.parts.policies.pin())
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
    return Shown(
        "review/quality.html",
        {
            "rows": rows,
            "people": counts,
            "total": len(labels),
            "agreement": asdict(both) | {"share": both.share},
            "wrong": _wrong_chart(labels, visit.text_in("误报率", "False-positive rate")),
        },
    )


def _wrong_chart(labels: Sequence[ReviewLabel], name: str) -> dict[str, Any]:
    days = wrong_by_day(labels)
    columns = [(d, w / judged, f"{d} · {w}/{judged}") for d, (w, judged) in days.items()]
    return charts.columns(columns[-charts.MAX_BARS :], name, most=1.0)


async def rule(visit: ConsoleRequest) -> Answer:
    """One rule, level by level; counts only, so that editors see them too."""
    id, labels = visit.path["rule"], await blocking(visit.parts.review_store.labels)
    known = records.titles(visit.parts.policies.pin())
    if id not in known and not any(x.rule == id for x in labels):
        raise ConsoleError(404, "没有这条规则", "there is no such rule")
    verdicts = {
        request: settled(said) for (request, of), said in questions(labels).items() if of == id
    }
    newest = list(verdicts)[-MOST_JUDGED:]
    levels = await visit.parts.audit.read(lambda c: _levels(c, newest, id))
    figures = by_level(judged_hits(verdicts, levels))
    spec = _serving_rule(visit, id)
    better = better_level(figures, spec.detect.level) if spec else None
    shown = [_shown(f) for f in figures]
    return Shown(
        "review/rule_quality.html",
        {
            "rule": id,
            "title": known[id].get(visit.language) if id in known else id,
            "current": spec.detect.level.name.lower() if spec else "",
            "figures": shown,
            "judged": figures[0].kept.whole,
            "disputed": sum(verdict is None for verdict in verdicts.values()),
            "missed": sum(_is_missed(x, spec) for x in labels) if spec else 0,
            "better": next(
                (s for s in shown if better and s["level"] == better.name.lower()), None
            ),
            "enough": ENOUGH,
        },
    )


def _levels(connection: Connection, requests: Sequence[str], rule: str) -> dict[str, Level]:
    entries = (of_request(connection, request) for request in requests)
    found = {e[-1].request_id: level_in(e[-1].event, rule) for e in entries if e}
    return {request: level for request, level in found.items() if level is not None}


def _serving_rule(visit: ConsoleRequest, id: str) -> Rule | None:
    every = (r for p in records.policies_of(visit.parts.policies.pin()) for r in p.rules)
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
