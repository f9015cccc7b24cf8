"""How precise rules are, by the labels of reviewers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from threegate.console.presenters import charts, records
from threegate.console.review.label_statistics import agreement, precision, wrong_by_day
from threegate.console.review.review_store import ReviewLabel
from threegate.console.web import Answer, ConsoleRequest, Shown, blocking


async def quality(visit: ConsoleRequest) -> Answer:
    labels: Sequence[ReviewLabel] = await blocking(visit.parts.desk.labels)
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
            "wrong": _wrong_chart(labels, visit.says("误报率", "False-positive rate")),
        },
    )


def _wrong_chart(labels: Sequence[ReviewLabel], name: str) -> dict[str, Any]:
    days = wrong_by_day(labels)
    columns = [(d, w / judged, f"{d} · {w}/{judged}") for d, (w, judged) in days.items()]
    return charts.columns(columns[-charts.MAX_BARS :], name, most=1.0)
