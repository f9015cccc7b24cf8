"""The front page: what is in force, what waits for whom, what ends soon."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from threegate.audit.report import gather
from threegate.console import searching, told
from threegate.console.views.policies import space_of
from threegate.console.web import Answer, Shown, Visit, blocking
from threegate.policy.lifecycle import Role, Stage, State
from threegate.policy.store import today_utc


async def home(visit: Visit) -> Answer:
    state = await blocking(visit.parts.versions.state)
    space = await space_of(visit)
    bundle = await blocking(space.bundle)
    serving = visit.parts.policies.pin()
    return Shown(
        "home.html",
        {
            "serving": serving.digest,
            "packs": list(space.packs),
            "rules": sum(len(b.policy.rules) + len(b.policy.constraints) for b in serving.bindings),
            "notices": told.notices(visit.parts.notices),
            "waiting": _waiting(state),
            "expiring": told.expiring(bundle, today_utc(), visit.language),
            "draft": sorted(space.files),
            "proposals": len(await blocking(visit.parts.desk.proposals)),
            "problems": [p.code for p in visit.parts.policies.problems if p.severity == "error"],
            "week": await _week(visit) if visit.may(Role.REVIEWER) else None,
        },
    )


def _waiting(state: State) -> list[dict[str, Any]]:
    opened = (Stage.SUBMITTED, Stage.APPROVED)
    return [told.version_row(v, state, "") for v in state.versions.values() if v.stage in opened]


async def _week(visit: Visit) -> dict[str, Any]:
    until = searching.now_us()
    query = searching.to_query({"days": "7"})

    def work(connection: Connection) -> dict[str, Any]:
        figures = gather(connection, until - 7 * searching.DAY_US, until)
        return {
            "requests": figures.requests,
            "actions": dict(figures.actions),
            "chart": searching.timeline(connection, query, visit.language),
        }

    return await visit.parts.audit.read(work)
