"""The life of a version: submitted, approved by somebody else, activated, rolled back.

The rules are those of `policy.lifecycle`, checked in the database; here they are only requested.
The audit log records the attempt before anything happens, and the outcome as a POLICY record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from threegate.audit.log.encoding import timestamp
from threegate.audit.log.record import Record, Stage
from threegate.console.drafts import PACKS
from threegate.console.errors import ConsoleError, refusal
from threegate.console.presenters import policies as presenter
from threegate.console.presenters.changes import rules_of
from threegate.console.views.drafts import approvers, base_of, draft_policies, results_of
from threegate.console.views.merge import give_back
from threegate.console.views.version import checked_version
from threegate.console.web import Answer, ConsoleRequest, Redirect, blocking
from threegate.i18n.catalog import listed
from threegate.policy.facade import Checked
from threegate.policy.lifecycle.approval import Refused
from threegate.policy.lifecycle.commands import (
    Activate,
    Approve,
    Command,
    Comment,
    Recall,
    Reject,
    RollBack,
    Schedule,
    Submit,
    Withdraw,
)
from threegate.policy.lifecycle.machine import proper
from threegate.policy.lifecycle.store import now_utc
from threegate.policy.model import PolicySet
from threegate.policy.strictness.diff import diff_sets
from threegate.types import Caller

MAX_NOTE = 2_000
MAX_COMMENT, MAX_PLACE = 2_000, 300
STAFF = Caller(tenant="", key_id="console", language="")


async def act(visit: ConsoleRequest, command: Command, verb: str, ended: str = "") -> None:
    """Records a command, in the lifecycle and in the audit log; `ended` is the version whose
    emergency it ends. Raises ConsoleError if the rules do not allow it."""
    await visit.note("attempt", what=verb, object=command.digest)
    answer = await blocking(visit.parts.versions.act, command, visit.me, now_utc())
    if isinstance(answer, Refused):
        await visit.note("refused", what=verb, object=command.digest, code=answer.code)
        raise ConsoleError(409, answer.text)
    await visit.parts.audit.append(presenter.record_of(answer, STAFF.key_id, ended))
    state = await blocking(visit.parts.versions.state)
    visit.parts.notices.emergency = state.emergency(now_utc())


def _note(visit: ConsoleRequest, name: str = "note") -> str:
    return visit.form.get(name, "").strip()[:MAX_NOTE]


async def submit(visit: ConsoleRequest) -> Answer:
    """Turns the draft into a version under its digest. Its tests must be green, or the author must
    say why it continues without."""
    parts = visit.parts
    policies, checked, space = await draft_policies(visit)
    if not space.files:
        raise refusal("empty-draft")
    if space.moved():
        raise refusal("draft-behind")
    _check_found(visit, policies)
    old = await base_of(visit)
    untested = await _untested(visit, old, checked)
    if old.policies is not None:  # stored so that differences can be shown later
        await blocking(parts.versions.save, old, space.ground.packs, now_utc())
    base = proper(await blocking(parts.versions.state))
    before = old.policies or visit.serving
    if policies.digest == before.digest:
        raise refusal("draft-same")
    digest = await blocking(parts.versions.save, checked, space.packs, now_utc())
    asked = await _asked(visit)
    weaker = await _weaker(visit, base, policies)
    command = Submit(digest, weaker, base, (visit.me.name,), _note(visit), untested, asked)
    await act(visit, command, "submit")
    for path in {PACKS, *checked.files} & set(space.files):  # others stay drafts
        await blocking(parts.drafts.discard, visit.me.name, path)
    await blocking(parts.drafts.settle, visit.me.name)
    return Redirect(f"/policies/version/{digest}", done="submitted", data={"digest": digest})


async def _weaker(visit: ConsoleRequest, base: str, new: PolicySet) -> bool:
    """Whether the step from the version last activated with approval may let more through. Compared
    with an emergency version in force instead, a weaker policy might need no approver of another
    group."""
    old = (await checked_version(visit, base)).policies or visit.serving
    return any(c.needs_other_group for c in diff_sets(old, new))


def _check_found(visit: ConsoleRequest, policies: PolicySet) -> None:
    """Raises ConsoleError for a rule on a kind that nothing here reports: it would never act, and
    the proxy would not start with it. If classifiers are off, only judges are checked."""
    sets, partial = visit.parts.detector_set_for, visit.parts.partial
    missing = {k for b in policies.bindings for k in sets(b.policy).missing(b.policy.rules)}
    missing = {k for k in missing if k.startswith("judge.") or not partial}
    if missing:
        raise refusal("undetected", kinds=listed(sorted(missing)))


async def _asked(visit: ConsoleRequest) -> tuple[str, ...]:
    """The approvers named by the author (`reviewer_NAME`)."""
    named = {n.removeprefix("reviewer_") for n in visit.form if n.startswith("reviewer_")}
    return tuple(name for name in await approvers(visit) if name in named)


async def _untested(visit: ConsoleRequest, old: Checked, new: Checked) -> str:
    """Why the draft continues without a green run; empty if it has one. Raises ConsoleError."""
    report = (await results_of(visit, new))["report"]
    if report and is_green(report, old, new):
        return ""
    if reason := _note(visit, "untested"):
        return reason
    if report is None:
        raise refusal("untested")
    raise refusal("tests-failed")


def is_green(report: Mapping[str, Any], old: Checked, new: Checked) -> bool:
    """Whether every test passed and no test of a changed rule was skipped."""
    before, after = rules_of(old), rules_of(new)
    left = {id.rsplit("/", 2)[0] for id in report["left"]}
    return bool(report["passed"]) and all(before.get(r) == after.get(r) for r in left)


async def approve(visit: ConsoleRequest) -> Answer:
    digest = visit.path["digest"]
    await act(visit, Approve(digest, _note(visit), _note(visit, "untested")), "approve")
    return Redirect(f"/policies/version/{digest}", done="approved")


async def withdraw(visit: ConsoleRequest) -> Answer:
    digest = visit.path["digest"]
    await act(visit, Withdraw(digest), "withdraw")
    return Redirect(f"/policies/version/{digest}", done="withdrawn")


async def recall(visit: ConsoleRequest) -> Answer:
    """Withdraws a version so that its author can continue with it."""
    digest = visit.path["digest"]
    await act(visit, Recall(digest, _note(visit)), "recall")
    await give_back(visit, digest, "recall", _note(visit))
    return Redirect("/policies/draft", done="recalled")


async def reject(visit: ConsoleRequest) -> Answer:
    digest = visit.path["digest"]
    await act(visit, Reject(digest, _note(visit)), "reject")
    await give_back(visit, digest, "reject", _note(visit))
    return Redirect(f"/policies/version/{digest}", done="rejected")


async def comment(visit: ConsoleRequest) -> Answer:
    """Comments on the version, or on a line of its text."""
    digest, place = visit.path["digest"], visit.form.get("place", "")[:MAX_PLACE]
    text = visit.form.get("text", "").strip()[:MAX_COMMENT]
    if not text:
        raise refusal("no-comment")
    await act(visit, Comment(digest, place, text), "comment")
    return Redirect(f"/policies/version/{digest}", done="commented")


async def schedule(visit: ConsoleRequest) -> Answer:
    """Schedules activation at a time of the visitor's clock; an empty time cancels it."""
    digest, due = visit.path["digest"], visit.form.get("due", "")
    try:
        moment = timestamp(visit.clock.read(due)) if due else ""
    except (ValueError, OverflowError):
        raise refusal("time") from None
    await act(visit, Schedule(digest, moment), "schedule" if due else "unschedule")
    return Redirect(f"/policies/version/{digest}", done="scheduled" if due else "unscheduled")


async def activate(visit: ConsoleRequest) -> Answer:
    """In force within a second or two, because every worker checks each second."""
    digest, emergency = visit.path["digest"], bool(visit.form.get("emergency"))
    await act(visit, Activate(digest, emergency, _note(visit, "reason")), "activate")
    return Redirect(f"/policies/version/{digest}", done="activated")


async def resume(visit: ConsoleRequest) -> Answer:
    """Lets a stopped rule act again; other workers follow within a second."""
    rule, parts, serving = visit.path["rule"], visit.parts, visit.serving
    await visit.note("attempt", what="resume", object=rule)
    stopped = {e.policy for e in await blocking(parts.band_store.left, serving) if e.rule == rule}
    if not stopped:
        raise refusal("not-stopped")
    for digest in stopped:
        await blocking(parts.band_store.resume, digest, rule)
    parts.notices.bands.update(await blocking(parts.band_store.left, serving))
    detail = {"actor": visit.me.name, "verb": "resume", "object": rule, "reason": _note(visit)}
    await parts.audit.append(Record(stage=Stage.POLICY, caller=STAFF, detail=detail))
    return Redirect(f"/policies/rule/{rule}", done="resumed")


async def rollback(visit: ConsoleRequest) -> Answer:
    """Returns the version that was in force to its author, who can continue from there."""
    digest = visit.path["digest"]
    left = proper(await blocking(visit.parts.versions.state))
    await act(visit, RollBack(digest, _note(visit, "reason")), "rollback")
    await give_back(visit, left, "rollback", _note(visit, "reason"))
    return Redirect(f"/policies/version/{digest}", done="rolled-back")


async def end_emergency(visit: ConsoleRequest) -> Answer:
    """Ends an emergency: the version last activated with approval applies again, else the folder's
    policy. The emergency version still waits for approval."""
    digest, state = visit.path["digest"], await blocking(visit.parts.versions.state)
    urgent = state.emergency(now_utc())
    if urgent is None or urgent.digest != digest:
        raise refusal("emergency-over")
    await act(visit, RollBack(proper(state), _note(visit, "reason")), "rollback", digest)
    return Redirect(f"/policies/version/{digest}", done="ended")
