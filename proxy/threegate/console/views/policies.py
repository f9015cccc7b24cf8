"""What is in force: packs, rules, one rule. Editors see their draft instead."""

from __future__ import annotations

from dataclasses import asdict, replace
from itertools import count
from typing import Any

from sqlalchemy import select

from threegate.audit.log.database import now_us
from threegate.audit.log.record import DAY_US
from threegate.audit.log.schema import RECORD
from threegate.console.drafts import Workspace, workspace
from threegate.console.errors import refusal
from threegate.console.presenters import policies
from threegate.console.presenters.binding_losses import losses
from threegate.console.presenters.bindings import bindings
from threegate.console.presenters.records import titles
from threegate.console.presenters.rule_words import word_rows
from threegate.console.presenters.test_results import by_id, sample
from threegate.console.review import search_terms
from threegate.console.rule_history import changed_by
from threegate.console.web import Answer, ConsoleRequest, Shown, blocking
from threegate.policy.compile import layered
from threegate.policy.facade import Checked
from threegate.policy.language.load import Bundle, pack_path
from threegate.policy.language.vocabulary import use_kind_titles
from threegate.policy.lifecycle.people import Role
from threegate.policy.lifecycle.store import today_utc
from threegate.policy.lint.exceptions import last_day
from threegate.policy.model import KnownCallers, Mode
from threegate.policy.schema import AnyRule, ReasonCode, Rule
from threegate.types import Layer

WEEK_US = 7 * DAY_US
NEWEST = 20_000
MOST = 200
"""Names that a form offers."""


async def space_of(visit: ConsoleRequest) -> Workspace:
    """The visitor's draft on top of the policy in force; the policy itself for visitors who do not
    edit."""
    parts = visit.parts
    edits = visit.may(Role.EDITOR)
    files = await blocking(parts.drafts.files, visit.me.name) if edits else {}
    made = await blocking(workspace, parts.versions, parts.ground, files, known_callers(visit))
    space = await _without_settled(visit, made)
    if space.files:
        use_kind_titles((await blocking(space.bundle)).kind_titles)
    return space


async def _without_settled(visit: ConsoleRequest, space: Workspace) -> Workspace:
    """A file that says what is in force, because a version brought the same change, is no draft
    any more."""
    settled = [path for path, file in space.files.items() if file.text == space.in_force(path)]
    for path in settled:
        await blocking(visit.parts.drafts.discard_same, visit.me.name, path, space.files[path].text)
    return replace(space, files={p: f for p, f in space.files.items() if p not in settled})


def known_callers(visit: ConsoleRequest) -> KnownCallers:
    keys = visit.parts.api_keys()
    return KnownCallers(frozenset(k.tenant for k in keys), frozenset(k.id for k in keys))


def who_gets_what(space: Workspace, language: str) -> dict[str, Any]:
    return bindings(space.served(), space.bundle(), language, space.callers)


def losses_since(visit: ConsoleRequest, old: Checked, new: Checked) -> list[dict[str, Any]]:
    """The calls that bindings would protect less, and by which rules."""
    return losses(old.policies, new.policies, api_keys(visit), visit.language)


async def packs_of(visit: ConsoleRequest) -> tuple[Workspace, Bundle]:
    """The visitor's view of the policy, and its parsed packs."""
    space = await space_of(visit)
    return space, await blocking(space.bundle)


async def keep_file(visit: ConsoleRequest, space: Workspace, path: str, text: str) -> None:
    """Saves a file of the visitor's draft, which remembers what was in force when it was begun."""
    base = await blocking(space.in_force, path)
    await blocking(visit.parts.drafts.save, visit.me.name, path, text, base)


async def hits(visit: ConsoleRequest) -> dict[str, int]:
    since = now_us() - WEEK_US
    return await visit.parts.audit.read(lambda c: search_terms.hits_since(c, since))


async def tenants(visit: ConsoleRequest) -> list[str]:
    """Tenants with a key and those of the newest calls, as suggestions: forms ask while the user
    types, and scanning a large log takes seconds."""
    newest = select(RECORD.c.tenant).where(RECORD.c.tenant != "").order_by(RECORD.c.ts.desc())
    query = select(newest.limit(NEWEST).subquery().c.tenant).distinct().limit(MOST)
    rows = await visit.parts.audit.read(lambda c: c.execute(query).scalars().all())
    own = {key.tenant for key in visit.parts.api_keys() if not key.revoked}
    return sorted(own.union(map(str, rows)))[:MOST]


def api_keys(visit: ConsoleRequest) -> list[tuple[str, str]]:
    """Each key that is in use, with its tenant."""
    used = [(key.id, key.tenant) for key in visit.parts.api_keys() if not key.revoked]
    return sorted(used, key=lambda key: key[::-1])[:MOST]


async def listing(visit: ConsoleRequest) -> Answer:
    (space, bundle), counts = await packs_of(visit), await hits(visit)
    rows = [policies.rule_row(r, p, counts, visit.language) for r, p in layered(bundle)]
    return Shown(
        "policy/policies.html",
        {
            "packs": [_pack(p, space, rows, visit.language) for p in bundle.packs],
            "bindings": await blocking(who_gets_what, space, visit.language),
            "rules": [r for r in rows if _wanted(r, visit)],
            "filters": {n: visit.query.get(n, "") for n in ("q", "mode", "layer", "pack")},
            "changed": sorted(space.files),
        },
    )


def _wanted(row: dict[str, Any], visit: ConsoleRequest) -> bool:
    words = visit.query.get("q", "").lower().split()
    text = f"{row['id']} {row['title']} {row['owner']}".lower()
    same = all(visit.query.get(n, "") in ("", row[n]) for n in ("mode", "layer", "pack"))
    return same and all(word in text for word in words)


def _pack(pack: Any, space: Workspace, rows: list[dict[str, Any]], language: str) -> dict[str, Any]:
    mine = [r for r in rows if r["pack"] == pack.pack]
    return {
        "name": pack.pack,
        "title": pack.title.get(language),
        "version": pack.version,
        "extends": list(pack.extends),
        "rules": len(mine),
        "shadow": sum(r["mode"] == "shadow" for r in mine),
        "hits": sum(r["hits"] for r in mine),
        "tests": sum(r["tests"] for r in mine),
        "changed": pack_path(pack.pack) in space.files,
    }


async def pack(visit: ConsoleRequest) -> Answer:
    space = await space_of(visit)
    name = await known_pack(visit, space)
    text = space.text(pack_path(name))
    return Shown("policy/pack.html", {"pack": name, "text": text, "path": pack_path(name)})


async def known_pack(visit: ConsoleRequest, space: Workspace) -> str:
    """The pack in the address, if it is in force or in the draft (a draft that does not parse hides
    its pack). Raises ConsoleError for any other name, which never becomes a path."""
    name = visit.path["pack"]
    names = {p.pack for p in (await blocking(space.bundle)).packs}
    if name not in names and pack_path(name) not in space.files:
        raise refusal("no-pack-in-force")
    return name


async def rule(visit: ConsoleRequest) -> Answer:
    (space, bundle), counts = await packs_of(visit), await hits(visit)
    found, pack_name = rule_of(bundle, visit.path["rule"])
    proposals = await blocking(visit.parts.review_store.proposals, found.id)
    report = await _report(visit, space)
    outcomes = report.get("outcomes", {})
    return Shown(
        "policy/rule.html",
        {
            "rule": policies.rule_row(found, pack_name, counts, visit.language)
            | policies.rule_full(found, visit.language),
            "yaml": excerpt(space.text(found.at.file), found.at.line),
            "changed": pack_path(pack_name) in space.files,
            "twin": _other_layer(found),
            "new": found.id not in titles(visit.serving),
            "seen": space.state((found.at.file, f"rules/{found.id}")),
            "modes": [m.value for m in Mode],
            "words": word_rows(found, bundle, visit.language),
            "bindings": await blocking(who_gets_what, space, visit.language),
            "decided": await _decided(visit, found),
            "cases": [
                sample(case, visit.language) | {"passed": outcomes.get(id)}
                for id, case in by_id([bundle]).items()
                if case.rule_id == found.id
            ],
            "ran_at": report.get("at", ""),
            "reasons": [r.value for r in ReasonCode],
            "proposals": [asdict(p) for p in proposals],
            **await _for_exceptions(visit, found),
        },
    )


def _other_layer(rule: AnyRule) -> str:
    """The direction in which the same rule could look too; empty: in no other."""
    if not isinstance(rule, Rule) or rule.detect.claims:
        return ""
    return (Layer.OUTPUT if rule.layer is Layer.INPUT else Layer.INPUT).value


async def _decided(visit: ConsoleRequest, rule: AnyRule) -> list[dict[str, Any]]:
    parts = visit.parts
    return await blocking(
        lambda: changed_by(parts.versions, parts.ground().tree, rule, visit.language)
    )


async def _for_exceptions(visit: ConsoleRequest, rule: AnyRule) -> dict[str, Any]:
    """Suggestions for the form of an exception: an id, tenants, and the days on which it may
    end."""
    taken = {e.id for e in rule.exceptions} if isinstance(rule, Rule) else set()
    today = today_utc()
    return {
        "tenants": await tenants(visit) if visit.may(Role.EDITOR) else [],
        "exception_id": next(id for n in count(1) if (id := f"EX-{n}") not in taken),
        "exception_days": (today, last_day(today)),
    }


async def _report(visit: ConsoleRequest, space: Workspace) -> dict[str, Any]:
    """The last test run for exactly what the page shows; empty if there was none."""
    checked = await visit.checked(space.check)
    digest = checked.policies.digest if checked.policies else ""
    return (await blocking(visit.parts.drafts.results, digest)).get("report", {})


def rule_of(bundle: Bundle, rule_id: str) -> tuple[AnyRule, str]:
    found = next(((r, p) for r, p in layered(bundle) if r.id == rule_id), None)
    if found is None:
        raise refusal("no-rule")
    return found


def excerpt(text: str, line: int) -> list[dict[str, Any]]:
    """The lines of the list item that starts at `line` or just above it."""
    lines = text.split("\n")
    start = line - 1
    while start > 0 and not lines[start].lstrip().startswith("- "):
        start -= 1
    indent = len(lines[start]) - len(lines[start].lstrip())
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > indent):
        end += 1
    return [{"n": n + 1, "text": lines[n]} for n in range(start, end) if n < len(lines)]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
