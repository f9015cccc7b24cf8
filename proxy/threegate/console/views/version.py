"""One version: everything that an approver signs; and the history of all versions."""

from __future__ import annotations

from typing import Any

from threegate.console.drafts import Ground, Workspace
from threegate.console.errors import refusal
from threegate.console.presenters import policies as presenter
from threegate.console.presenters.changes import compared, rules_of
from threegate.console.presenters.test_results import by_id, sample
from threegate.console.views.drafts import results_of
from threegate.console.views.policies import known_callers, losses_since, space_of, who_gets_what
from threegate.console.web import Answer, ConsoleRequest, Redirect, Shown, blocking
from threegate.errors import PolicyError
from threegate.policy.facade import Checked, check, rebuild
from threegate.policy.language.load import DictTree
from threegate.policy.language.vocabulary import use_kind_titles
from threegate.policy.lifecycle.commands import Comment, Event
from threegate.policy.lifecycle.machine import State, Version, counts_for
from threegate.policy.lifecycle.people import Role
from threegate.policy.lifecycle.store import now_utc, today_utc
from threegate.policy.strictness.diff import in_use

CONFIDENTIAL = "lists/"
"""Files whose lines only people who write or approve policies may see."""


async def history(visit: ConsoleRequest) -> Answer:
    versions = visit.parts.versions
    state = await blocking(versions.state)
    events = await blocking(versions.events)
    active = state.active(now_utc())
    digest = active.digest if active else ""
    rows = [presenter.version_row(v, state, digest) for v in state.versions.values()]
    happened = presenter.event_rows(events)[::-1]
    return Shown(
        "policy/history.html",
        {
            "versions": list(reversed(rows)),
            "names": presenter.version_names(events, visit.language),
            "events": happened,
            "submitted": {e["digest"]: e for e in reversed(happened) if e["verb"] == "submit"},
            "serving": visit.serving.digest,
            "active": digest,
        },
    )


async def compare(visit: ConsoleRequest) -> Answer:
    """Compares any two versions (an empty name means the folder's policy); by default the one in
    force and the newest."""
    state = await blocking(visit.parts.versions.state)
    events = await blocking(visit.parts.versions.events)
    active = state.active(now_utc())
    now = active.digest if active else ""
    rows = [presenter.version_row(v, state, now) for v in reversed(state.versions.values())]
    newest = rows[0]["digest"] if rows else ""
    old, new = visit.query.get("old", now), visit.query.get("new", newest)
    if not {old, new} <= {"", *state.versions}:
        raise refusal("no-version")
    sides = [await checked_version(visit, digest) for digest in (old, new)]
    names = presenter.version_names(events, visit.language)
    shown = await blocking(_shown_changes, *sides, visit)
    choices = {"versions": rows, "names": names, "old": old, "new": new}
    return Shown("policy/compare.html", choices | shown)


async def version(visit: ConsoleRequest) -> Answer:
    versions, digest = visit.parts.versions, visit.path["digest"]
    state = await blocking(versions.state)
    known = state.versions.get(digest)
    if known is None:
        raise refusal("no-version")
    events = await blocking(versions.events)
    try:
        return Shown("policy/version.html", await version_page(visit, state, known, events))
    except PolicyError:
        names = presenter.version_names(events, visit.language)
        parts = [d for d in (digest, known.base) if d and not await blocking(versions.whole, d)]
        if not parts:
            raise
        return Shown("policy/incomplete.html", {"incomplete": parts, "names": names}, 422)


async def store_anew(visit: ConsoleRequest) -> Answer:
    """Stores a version whose files are incomplete with those of the visitor's draft and of the
    policy in force. Raises ConsoleError unless they give exactly its digest."""
    versions, digest = visit.parts.versions, visit.path["digest"]
    stored = await blocking(versions.load, digest)
    if stored is None:
        raise refusal("no-version")
    tree = DictTree(stored.files, (await space_of(visit)).tree)
    made = await visit.checked(lambda: rebuild(tree, stored.packs))
    if made.policies.digest != digest:
        raise refusal("other-content")
    await visit.note("store", object=digest)
    checked = Checked(made.bundles, (), made.policies)
    await blocking(versions.save, checked, stored.packs, now_utc())
    return Redirect(f"/policies/version/{digest}", done="stored-anew")


async def version_page(
    visit: ConsoleRequest, state: State, known: Version, events: tuple[Event, ...]
) -> dict[str, Any]:
    old, new = await checked_version(visit, known.base), await checked_version(visit, known.digest)
    active = state.active(now_utc())
    results, rows = await results_of(visit, new), presenter.event_rows(events)
    assert new.policies is not None
    return {
        "version": presenter.version_row(known, state, active.digest if active else ""),
        "before_it": known.base,
        "names": presenter.version_names(events, visit.language),
        "comments": _comments(events, known.digest),
        "place": visit.query.get("place", ""),
        "events": [e for e in rows if known.digest in (e["digest"], e["ended"])],
        "stamps": list(dict.fromkeys(b.policy.stamp for b in in_use(new.policies))),
        "own": visit.me.name in known.authors,
        "enough_from_me": counts_for(known, visit.me.group),
        "approved_by_me": visit.me.name in {name for name, _ in known.approvals},
        "ran": _ran(old, new, results["report"]),
        **await blocking(_who_gets_what, visit, known),
        "losses": await blocking(losses_since, visit, old, new),
        **await blocking(_shown_changes, old, new, visit),
        **results,
    }


def _who_gets_what(visit: ConsoleRequest, known: Version) -> dict[str, Any]:
    sides = (_workspace(visit, digest) for digest in (known.digest, known.base))
    now, before = (who_gets_what(side, visit.language) for side in sides)
    return {"bindings": now, "bound": before}


def _workspace(visit: ConsoleRequest, digest: str) -> Workspace:
    """A version's own files; the folder's policy if nothing was active yet."""
    if not digest:
        return Workspace(visit.parts.ground(), {}, known_callers(visit))
    stored = visit.parts.versions.load(digest)
    assert stored is not None
    ground = Ground(DictTree(stored.files), stored.packs)
    return Workspace(ground, {}, known_callers(visit))


def _comments(events: tuple[Event, ...], digest: str) -> dict[str, list[dict[str, str]]]:
    """By place, in order; "" for the version as a whole."""
    found: dict[str, list[dict[str, str]]] = {}
    for event in events:
        match event.command:
            case Comment(digest=of, place=place, text=text) if of == digest:
                found.setdefault(place, []).append({"by": event.by, "at": event.at, "text": text})
    return found


async def checked_version(visit: ConsoleRequest, digest: str) -> Checked:
    """A version with its content; the folder's policy if nothing was active yet."""
    if digest:
        _, made = await blocking(visit.parts.versions.rebuilt, digest)
        for bundle in made.bundles:
            use_kind_titles(bundle.kind_titles)
        return Checked(made.bundles, (), made.policies)
    ground = await blocking(visit.parts.ground)
    return await blocking(lambda: check(ground.tree, ground.packs, today=today_utc()))


def _shown_changes(old: Checked, new: Checked, visit: ConsoleRequest) -> dict[str, Any]:
    confidential = visit.may(Role.EDITOR, Role.APPROVER)
    found = compared(old, new, visit.language, confidential=confidential)
    if confidential:
        return found
    shown = [
        t | ({"hunks": []} if t["path"].startswith(CONFIDENTIAL) else {}) for t in found["texts"]
    ]
    return found | {"texts": shown}


def _ran(old: Checked, new: Checked, report: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The tests of every changed rule, each with its text and its result."""
    before, after = rules_of(old), rules_of(new)
    outcomes = report["outcomes"] if report else {}
    return [
        sample(case) | {"rule": case.rule_id, "passed": outcomes.get(id)}
        for id, case in by_id(new.bundles).items()
        if before.get(case.rule_id) != after[case.rule_id]
    ]
