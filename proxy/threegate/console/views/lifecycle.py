"""The life of a version: submitted, approved by somebody else, activated, rolled back.

The rules are those of `policy.lifecycle`, judged in the database; here they are only asked for.
The audit log has the attempt before anything happens, and a POLICY record of what did.
"""

from __future__ import annotations

from typing import Any

from threegate.audit.log.record import Record, Stage
from threegate.console.drafts import workspace
from threegate.console.presenters import policies as told
from threegate.console.views.drafts import base_of, draft_policies, results_of
from threegate.console.web import Answer, ConsoleError, ConsoleRequest, Redirect, Shown, blocking
from threegate.policy.facade import check
from threegate.policy.lifecycle.approval import Refused
from threegate.policy.lifecycle.machine import (
    Activate,
    Approve,
    Command,
    Reject,
    RollBack,
    Submit,
    Withdraw,
    proper,
)
from threegate.policy.lifecycle.store import now_utc, today_utc
from threegate.policy.model import PolicySet
from threegate.policy.strictness.diff import diff_sets
from threegate.types import Caller

MAX_NOTE = 200
STAFF = Caller(tenant="", key_id="console", language="")


async def act(visit: ConsoleRequest, command: Command, verb: str) -> None:
    """Records a command, in the lifecycle and in the audit log. Raises Refusal where the rules do
    not allow it."""
    await visit.note("attempt", what=verb, object=command.digest)
    answer = await blocking(visit.parts.versions.act, command, visit.me, now_utc())
    if isinstance(answer, Refused):
        await visit.note("refused", what=verb, object=command.digest, code=answer.code)
        raise ConsoleError(409, answer.text.zh, answer.text.en)
    detail: dict[str, Any] = {"actor": visit.me.name, "verb": verb, "group": visit.me.group}
    detail |= told.event_row(answer) | {"reason": getattr(command, "reason", "")}
    record = Record(stage=Stage.POLICY, caller=STAFF, policy=command.digest, detail=detail)
    await visit.parts.audit.append(record)
    state = await blocking(visit.parts.versions.state)
    visit.parts.notices.emergency = state.emergency(now_utc())


def _note(visit: ConsoleRequest, name: str = "note") -> str:
    return visit.form.get(name, "").strip()[:MAX_NOTE]


async def submit(visit: ConsoleRequest) -> Answer:
    """The draft becomes a version under its digest, and is a draft no more."""
    parts = visit.parts
    policies, checked, space = await draft_policies(visit)
    if not space.files:
        raise ConsoleError(409, "草稿里没有改动", "the draft changes nothing")
    await _keep_base(visit)
    base = proper(await blocking(parts.versions.state))
    old = await base_of(visit)
    weaker = any(c.needs_other_group for c in diff_sets(old, policies))
    digest = await blocking(parts.versions.save, checked, space.packs, now_utc())
    await act(visit, Submit(digest, weaker, base, (visit.me.name,), _note(visit)), "submit")
    await blocking(parts.drafts.discard, visit.me.name)
    return Redirect(f"/policies/version/{digest}", done="submitted", data={"digest": digest})


async def _keep_base(visit: ConsoleRequest) -> None:
    """The folder's policy is kept as a version too, so that differences can be shown later."""
    parts = visit.parts
    clean = await blocking(workspace, parts.versions, parts.ground, {})
    checked = await blocking(clean.check)
    if checked.policies is not None:
        await blocking(parts.versions.save, checked, clean.packs, now_utc())


async def history(visit: ConsoleRequest) -> Answer:
    versions = visit.parts.versions
    state = await blocking(versions.state)
    events = await blocking(versions.events)
    active = state.active(now_utc())
    digest = active.digest if active else ""
    rows = [told.version_row(v, state, digest) for v in state.versions.values()]
    happened = [told.event_row(e) for e in reversed(events)]
    return Shown(
        "history.html",
        {
            "versions": list(reversed(rows)),
            "events": happened,
            "submitted": {e["digest"]: e for e in happened if e["verb"] == "submit"},
            "serving": visit.parts.policies.pin().digest,
            "active": digest,
        },
    )


async def version(visit: ConsoleRequest) -> Answer:
    versions, digest = visit.parts.versions, visit.path["digest"]
    state = await blocking(versions.state)
    known = state.versions.get(digest)
    if known is None:
        raise ConsoleError(404, "没有这个版本", "there is no such version")
    active = state.active(now_utc())
    policies = await blocking(versions.build, digest)
    events = [told.event_row(e) for e in await blocking(versions.events)]
    return Shown(
        "version.html",
        {
            "version": told.version_row(known, state, active.digest if active else ""),
            "events": [e for e in events if e["digest"] == digest],
            "changes": await _changes(visit, known.base, policies),
            "stamps": list(dict.fromkeys(b.policy.stamp for b in policies.bindings)),
            "own": visit.me.name in known.authors,
            "approved_by_me": visit.me.name in {name for name, _ in known.approvals},
            "moved": known.base != proper(state),
            **await results_of(visit, digest),
        },
    )


async def _changes(visit: ConsoleRequest, base: str, new: PolicySet) -> list[dict[str, Any]]:
    """The version against what it was submitted over; the folder's policy where nothing was active
    yet."""
    old = await blocking(visit.parts.versions.build, base) if base else await _folder(visit)
    return [told.change_row(c, visit.language) for c in diff_sets(old, new)]


async def _folder(visit: ConsoleRequest) -> Any:
    ground = await blocking(visit.parts.ground)
    checked = await blocking(lambda: check(ground.tree, ground.packs, today=today_utc()))
    return checked.policies or visit.parts.policies.pin()


async def approve(visit: ConsoleRequest) -> Answer:
    digest = visit.path["digest"]
    await act(visit, Approve(digest, _note(visit)), "approve")
    return Redirect(f"/policies/version/{digest}", done="approved")


async def withdraw(visit: ConsoleRequest) -> Answer:
    digest = visit.path["digest"]
    await act(visit, Withdraw(digest), "withdraw")
    return Redirect(f"/policies/version/{digest}", done="withdrawn")


async def reject(visit: ConsoleRequest) -> Answer:
    digest = visit.path["digest"]
    await act(visit, Reject(digest, _note(visit)), "reject")
    return Redirect(f"/policies/version/{digest}", done="rejected")


async def activate(visit: ConsoleRequest) -> Answer:
    """In force within a second or two: every worker looks each second."""
    digest, emergency = visit.path["digest"], bool(visit.form.get("emergency"))
    await act(visit, Activate(digest, emergency, _note(visit, "reason")), "activate")
    return Redirect(f"/policies/version/{digest}", done="activated")


async def resume(visit: ConsoleRequest) -> Answer:
    """A rule that stopped itself acts again; other workers follow within a second."""
    rule, parts, serving = visit.path["rule"], visit.parts, visit.parts.policies.pin()
    await visit.note("attempt", what="resume", object=rule)
    stopped = {e.policy for e in await blocking(parts.band_store.left, serving) if e.rule == rule}
    if not stopped:
        raise ConsoleError(409, "这条规则没有停用", "this rule has not stopped itself")
    for digest in stopped:
        await blocking(parts.band_store.resume, digest, rule)
    parts.notices.bands.told(await blocking(parts.band_store.left, serving))
    detail = {"actor": visit.me.name, "verb": "resume", "object": rule, "reason": _note(visit)}
    await parts.audit.append(Record(stage=Stage.POLICY, caller=STAFF, detail=detail))
    return Redirect(f"/policies/rule/{rule}", done="resumed")


async def rollback(visit: ConsoleRequest) -> Answer:
    digest = visit.path["digest"]
    await act(visit, RollBack(digest, _note(visit, "reason")), "rollback")
    return Redirect(f"/policies/version/{digest}", done="rolled-back")
