"""The coverage matrix: categories of a standard × layers × rules and tests, what is only recorded,
and the gaps."""

from __future__ import annotations

from typing import Any

from threegate.console.errors import refusal
from threegate.console.views.content.whole import kept, labelled, pack_rows, seen_of
from threegate.console.views.policies import packs_of, who_gets_what
from threegate.console.web import Answer, ConsoleRequest, Shown, blocking
from threegate.policy.compliance.coverage import Matrix, Row, coverage, state
from threegate.policy.compliance.taxonomy import TAXONOMIES, taxonomy


async def matrix(visit: ConsoleRequest) -> Answer:
    chosen = taxonomy(visit.query.get("taxonomy", "gbt45654"))
    if chosen is None:
        raise refusal("no-taxonomy")
    space, bundle = await packs_of(visit)
    made = await blocking(coverage, bundle, chosen)
    names = [{"id": t.id, "title": t.title.get(visit.language)} for t in TAXONOMIES]
    packs = await blocking(pack_rows, space, chosen, visit.language)
    table = _table(made, visit.language)
    audit = kept(bundle, visit.language)
    label = labelled(bundle, visit.language)
    data = {"taxonomies": names, "packs": packs, "audit": audit, "seen": seen_of(bundle)}
    data["bindings"] = await blocking(who_gets_what, space, visit.language)
    return Shown("policy/coverage.html", data | label | table)


def _table(made: Matrix, language: str) -> dict[str, Any]:
    return {
        "taxonomy": made.taxonomy.id,
        "title": made.taxonomy.title.get(language),
        "covered": made.covered,
        "recorded": len(made.recorded),
        "rows": [_row(row, language) for row in made.rows],
    }


def _row(row: Row, language: str) -> dict[str, Any]:
    return {
        "id": row.category.id,
        "title": row.category.title.get(language),
        "group": row.category.group,
        "state": state(row),
        "beside": row.category.control.get(language) if row.category.control else "",
        "tests": row.tests,
        "cells": [
            {
                "layer": layer.value,
                "rules": list(cell.rules),
                "recording": list(cell.recording),
                "tests": cell.tests,
            }
            for layer, cell in row.cells
        ],
    }
