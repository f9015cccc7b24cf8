"""The front page: what is in force, what is waiting for whom, what expires soon."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection

from threegate.audit.report.report import gather
from threegate.console.drafts import Workspace
from threegate.console.presenters import policies
from threegate.console.presenters.records import titles
from threegate.console.review import search_terms
from threegate.console.views.policies import packs_of
from threegate.console.views.review.queue import waiting
from threegate.console.web import Answer, ConsoleRequest, Shown, blocking
from threegate.gateway.notices import Notices
from threegate.policy.language.problems import errors
from threegate.policy.lifecycle.machine import State, VersionStage
from threegate.policy.lifecycle.people import Role
from threegate.policy.lifecycle.store import today_utc


async def home(visit: ConsoleRequest) -> Answer:
    state = await blocking(visit.parts.versions.state)
    events = await blocking(visit.parts.versions.events)
    space, bundle = await packs_of(visit)
    serving = visit.serving
    return Shown(
        "home.html",
        {
            "serving": serving.digest,
            "packs": await blocking(_packs_in_use, space),
            "pack_titles": {p.pack: p.title.get(visit.language) for p in bundle.packs},
            "rules": sum(len(b.policy.rules) + len(b.policy.constraints) for b in serving.bindings),
            "notices": policies.notices(visit.parts.notices),
            "waiting": _waiting(state, visit.me.name),
            "names": policies.version_names(events, visit.language),
            "expiring": policies.expiring(bundle, today_utc(), visit.language),
            "ends": _ends(visit.parts.notices),
            "draft": sorted(space.files),
            "moved": bool(space.moved()),
            "proposals": await _proposals(visit),
            "titles": {r: t.get(visit.language) for r, t in titles(serving).items()},
            "returned": await _returned(visit),
            "problems": policies.problem_rows(
                errors(visit.parts.policies.problems), visit.language
            ),
            **await _for_reviewers(visit),
        },
    )


def _packs_in_use(space: Workspace) -> list[str]:
    """Those that some call gets, without the draft, which may enable others."""
    served = replace(space, files={}).served()
    return list(dict.fromkeys(n for each in served if each.reached for n in each.bundle.names))


def _ends(notices: Notices | None) -> list[dict[str, Any]]:
    """API keys and server certificates that expire soon."""
    return [asdict(e) | {"at": e.at.isoformat()} for e in (notices.ends if notices else ())]


async def _proposals(visit: ConsoleRequest) -> dict[str, int]:
    """How many tests reviewers propose, by rule."""
    return Counter(p.rule for p in await blocking(visit.parts.review_store.proposals))


async def _returned(visit: ConsoleRequest) -> list[str]:
    """Versions returned to the visitor."""
    return [r.digest for r in await blocking(visit.parts.drafts.returned, visit.me.name)]


def _waiting(state: State, me: str) -> list[dict[str, Any]]:
    """Open tasks, first those that this visitor must approve."""
    opened = (VersionStage.SUBMITTED, VersionStage.APPROVED)
    rows = [
        policies.version_row(v, state, "")
        | {"for_me": me in v.reviewers and me not in dict(v.approvals)}
        for v in state.versions.values()
        if v.stage in opened
    ]
    return sorted(rows, key=lambda row: not row["for_me"])


async def _for_reviewers(visit: ConsoleRequest) -> dict[str, Any]:
    """The past week, and how many calls are waiting for the visitor."""
    if not visit.may(Role.REVIEWER):
        return {"week": None, "review": 0}
    return {"week": await _week(visit), "review": len((await waiting(visit)).reasons)}


async def _week(visit: ConsoleRequest) -> dict[str, Any]:
    since, until = search_terms.period({"days": "7"}, visit.clock)

    def work(connection: Connection) -> dict[str, Any]:
        figures = gather(connection, since, until)
        return {
            "requests": figures.requests,
            "unanswered": figures.unanswered,
            "actions": figures.actions,
            "chart": search_terms.chart_of(connection, figures, visit.language, visit.clock),
        }

    return await visit.parts.audit.read(work)
