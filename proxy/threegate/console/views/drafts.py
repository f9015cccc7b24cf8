"""Writing: the form of a rule, the YAML of a pack with problems at their lines, the draft."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from typing import Any

from starlette.responses import JSONResponse

from threegate.console.drafts import DraftFile, Workspace, workspace
from threegate.console.errors import ConsoleError, refusal
from threegate.console.forms.detect_fields import owners
from threegate.console.forms.rule_form import RuleForm, dumped, edited, opened, with_test
from threegate.console.pack_merge import piece_at
from threegate.console.presenters import policies
from threegate.console.presenters.changes import compared
from threegate.console.presenters.records import titles
from threegate.console.presenters.test_results import test_report
from threegate.console.review.review_store import Proposal
from threegate.console.views.conflict import unseen
from threegate.console.views.policies import (
    keep_file,
    known_pack,
    losses_since,
    rule_of,
    space_of,
    tenants,
    who_gets_what,
)
from threegate.console.web import Answer, ConsoleRequest, Redirect, Shown, blocking
from threegate.policy.facade import Checked
from threegate.policy.language.completion import complete, describe, place_of
from threegate.policy.language.hashed_values import new_salt, value_sha256
from threegate.policy.language.load import pack_path
from threegate.policy.language.snippets import snippet
from threegate.policy.lifecycle.machine import VersionStage
from threegate.policy.lifecycle.people import Role
from threegate.policy.lifecycle.store import today_utc
from threegate.policy.lifecycle.versions import Versions
from threegate.policy.lint.exceptions import MAX_DAYS, days_left
from threegate.policy.model import PolicySet

MAX_DIGITS = 8
PACK_FILES = "packs/"
TYPED = ("note", "untested", "since", "until", "tenant", "rule")
FIELDS = ("tenant", "key", "route", "model", "language", "value")


async def edit_rule(visit: ConsoleRequest) -> Answer:
    """The form: saved into the draft, with every comment of the file kept."""
    space = await space_of(visit)
    found, pack_name = rule_of(await blocking(space.bundle), visit.path["rule"])
    path = pack_path(pack_name)
    text = await blocking(edited, space.text(path), found.id, _form(visit))
    state = space.state((path, f"rules/{found.id}"))
    if conflict := await unseen(visit, space, {path: text}, state):
        return conflict
    await keep_file(visit, space, path, text)
    return Redirect(f"/policies/rule/{found.id}", done="saved")


def _form(visit: ConsoleRequest) -> RuleForm:
    form = visit.form
    if form.get("do") == "drop_exception":
        return RuleForm(drop_exception=form.get("exception_id", ""))
    if form.get("do") == "add_exception":
        return RuleForm(exception=_exception(visit))
    texts = {n: form[n].strip() for n in ("message_zh", "message_en", "review_by") if n in form}
    return RuleForm(
        mode=form.get("mode") or None,
        level=form.get("level") or None,
        message_zh=texts.get("message_zh"),
        message_en=texts.get("message_en"),
        review_by=texts.get("review_by"),
    )


def _exception(visit: ConsoleRequest) -> dict[str, str]:
    form = visit.form
    names = ("id", "field", "value", "reason", "approver", "expires")
    given = {n: form.get(f"exception_{n}", "").strip() for n in names}
    if not all(given.values()) or given["field"] not in FIELDS:
        raise refusal("exception")
    if given["expires"] < today_utc():
        raise refusal("past")
    if (days_left(today_utc(), given["expires"]) or 0) > MAX_DAYS:
        raise refusal("far", most=MAX_DAYS)
    return _hashed(given) if given["field"] == "value" else given


def _hashed(given: dict[str, str]) -> dict[str, str]:
    """Adds an exception for one value; only the salted hash goes into the draft."""
    salt = new_salt()
    digest = value_sha256(given["value"], salt)
    return given | {"field": "value_sha256", "value": digest, "salt": salt}


async def editor(visit: ConsoleRequest) -> Answer:
    space = await space_of(visit)
    name = await known_pack(visit, space)
    checked = await visit.checked(space.check)
    return Shown(
        "policy/editor.html", _page(visit, name, space.text(pack_path(name)), checked, space)
    )


def _page(
    visit: ConsoleRequest, name: str, text: str, checked: Checked, space: Workspace
) -> dict[str, Any]:
    path = pack_path(name)
    rows = policies.problem_rows(checked.problems, visit.language)
    return {
        "pack": name,
        "path": path,
        "text": text,
        "changed": path in space.files,
        "seen": space.state((path, "")),
        "problems": [r for r in rows if r["file"] in (path, "")],
        "elsewhere": [r for r in rows if r["file"] not in (path, "")],
        "good": not checked.errors,
        "line": visit.query.get("line", ""),
        "rule": visit.query.get("rule", ""),
    }


async def _tried(visit: ConsoleRequest) -> tuple[str, str, Workspace]:
    """Pack, text and the workspace with that text in place."""
    space = await space_of(visit)
    name, text = await known_pack(visit, space), visit.form.get("text", "")
    file = DraftFile(text, space.in_force(pack_path(name)))
    return name, text, replace(space, files={**space.files, pack_path(name): file})


async def save(visit: ConsoleRequest) -> Answer:
    """A text with errors is saved too, but cannot be submitted. `do=format` first reformats the
    YAML, keeping its comments."""
    name, text, space = await _tried(visit)
    path, drawn = pack_path(name), await space_of(visit)
    if conflict := await unseen(visit, drawn, {path: text}, drawn.state((path, ""))):
        return conflict
    if visit.form.get("do") == "format":
        text = await visit.checked(partial(_formatted, text))
        file = DraftFile(text, space.in_force(path))
        space = replace(space, files={**space.files, path: file})
    await keep_file(visit, space, path, text)
    checked = await visit.checked(space.check)
    return Shown("policy/editor.html", _page(visit, name, text, checked, space))


def _formatted(text: str) -> str:
    """Unchanged if it cannot be read."""
    try:
        return dumped(opened(text))
    except ConsoleError:
        return text


async def check_text(visit: ConsoleRequest) -> Answer:
    """Problems while typing; nothing is saved."""
    name, text, space = await _tried(visit)
    checked = await visit.checked(space.check)
    return Shown("policy/editor.html", _page(visit, name, text, checked, space))


async def complete_text(visit: ConsoleRequest) -> Answer:
    """Completions at the cursor with their structure or, given a `word`, its meaning. Nothing is
    saved."""
    await known_pack(visit, await space_of(visit))
    place = [visit.form.get(n, "") for n in ("line", "column")]
    if not all(n.isdecimal() and len(n) < MAX_DIGITS for n in place):
        raise refusal("place")
    line, column = (max(1, int(n)) for n in place)
    text = visit.form.get("text", "")
    if word := visit.form.get("word", ""):
        title = await blocking(describe, text, line, column, word)
        return JSONResponse({"ok": True, "title": title.get(visit.language)})
    found = await blocking(complete, text, line, column)
    site = place_of(text.split("\n")[:line], column)
    path = site.path if site and site.key else ("value",)
    rows = [
        {"text": c.text, "title": c.title.get(visit.language), "snippet": snippet(path, c.text)}
        for c in found
    ]
    return JSONResponse({"ok": True, "choices": rows})


async def base_of(visit: ConsoleRequest) -> Checked:
    """The policy in force, without the draft."""
    parts = visit.parts
    clean = await blocking(workspace, parts.versions, parts.ground, {})
    return await visit.checked(clean.check)


async def draft_policies(visit: ConsoleRequest) -> tuple[PolicySet, Checked, Workspace]:
    """The compiled draft, and what it was made from. Raises ConsoleError while it has errors."""
    space = await space_of(visit)
    checked = await visit.checked(space.check)
    if checked.policies is None:
        raise refusal("draft-errors")
    return checked.policies, checked, space


async def draft(visit: ConsoleRequest) -> Answer:
    return Shown("policy/draft.html", await draft_page(visit))


async def draft_page(visit: ConsoleRequest) -> dict[str, Any]:
    """The whole draft: files, problems, difference, and the last results of tests and replay for
    exactly this content."""
    space = await space_of(visit)
    checked = await visit.checked(space.check)
    force = await base_of(visit)
    rows = await blocking(_problems, space, checked, visit.language)
    page: dict[str, Any] = {
        "files": sorted(space.files),
        "digest": checked.policies.digest if checked.policies else "",
        "errors": [r for r in rows if r["severity"] == "error"],
        "warnings": [r for r in rows if r["severity"] == "warning"],
        "moved": space.moved(),
        "bindings": await blocking(who_gets_what, space, visit.language),
        "bound": await blocking(who_gets_what, space.in_use(), visit.language),
        "losses": await blocking(losses_since, visit, force, checked),
        "approvers": await approvers(visit),
        "tenants": await tenants(visit),
        "titles": {r: t.get(visit.language) for r, t in titles(visit.serving).items()},
        "typed": {**dict.fromkeys(TYPED, ""), **visit.form},  # stays while tests or a replay run
        "names": policies.version_names(
            await blocking(visit.parts.versions.events), visit.language
        ),
        "incomplete": await blocking(_incomplete, visit.parts.versions),
        "returned": [asdict(r) for r in await blocking(visit.parts.drafts.returned, visit.me.name)],
    }
    difference = await blocking(compared, force, checked, visit.language)
    return page | await results_of(visit, checked) | difference


def _problems(space: Workspace, checked: Checked, language: str) -> list[dict[str, Any]]:
    """Each with the title of its rule. What is wrong with the words, format or topic of a rule
    leads to the rule's form, as what is wrong with the rule itself does."""
    rows = policies.problem_rows(checked.problems, language)
    files = {r["file"] for r in rows if not r["rule"] and r["file"].startswith(PACK_FILES)}
    known = {file: _owners(space.text(file)) for file in files}
    rules = (rule for pack in space.bundle().packs for rule in pack.rules)
    named = {rule.id: rule.title.get(language) for rule in rules}
    for row in rows:
        if row["file"] in known and row["field"]:
            piece = piece_at(space.text(row["file"]), row["line"])
            row["form"] = row["rule"] = row["rule"] or known[row["file"]].get(piece, "")
        row["title"] = named.get(row["rule"]) or row["rule"]
    return rows


def _owners(text: str) -> dict[str, str]:
    """Nothing where the YAML cannot be read or has another shape, which its problems say."""
    try:
        return owners(text)
    except (ConsoleError, AttributeError, KeyError, TypeError):
        return {}


def _incomplete(versions: Versions) -> list[str]:
    """Versions that wait or are in force and cannot be built from what is stored."""
    stages = (VersionStage.SUBMITTED, VersionStage.APPROVED, VersionStage.ACTIVE)
    found = [v.digest for v in versions.state().versions.values() if v.stage in stages]
    return [digest for digest in found if not versions.whole(digest)]


async def approvers(visit: ConsoleRequest) -> list[str]:
    """Everybody who may approve what the visitor wrote."""
    people = await blocking(visit.parts.accounts.all)
    may = (a for a in people if not a.closed and Role.APPROVER in a.roles)
    return [a.name for a in may if a.name != visit.me.name]


async def results_of(visit: ConsoleRequest, checked: Checked) -> dict[str, Any]:
    """The results of tests and replay for a policy with this content; None if they did not run."""
    digest = checked.policies.digest if checked.policies else ""
    kept = await blocking(visit.parts.drafts.results, digest)
    report = test_report(kept["report"], checked.bundles) if "report" in kept else None
    return {"replay": None, **policies.in_one_language({**kept, "report": report}, visit.language)}


async def discard(visit: ConsoleRequest) -> Answer:
    path = visit.form.get("path", "")
    await blocking(visit.parts.drafts.discard, visit.me.name, path)
    if not path:
        await blocking(visit.parts.drafts.settle, visit.me.name)
    return Redirect("/policies/draft", done="discarded")


async def proposal(visit: ConsoleRequest) -> Answer:
    """Adds a reviewer's test to the draft, or discards it. It stays on the desk if the draft cannot
    take it."""
    review_store, id = visit.parts.review_store, visit.path["id"]
    found = next((p for p in await blocking(review_store.proposals) if p.id == id), None)
    if found is None:
        raise refusal("no-proposal")
    dropped = visit.form.get("do") == "drop"
    if not dropped:
        await _add_test(visit, found)
    await blocking(review_store.take, id)
    return Redirect(f"/policies/rule/{found.rule}", done="dropped" if dropped else "saved")


async def _add_test(visit: ConsoleRequest, made: Proposal) -> None:
    space = await space_of(visit)
    found, pack_name = rule_of(await blocking(space.bundle), made.rule)
    path = pack_path(pack_name)
    sample = {"text": made.text, "channel": made.channel}
    text = await blocking(with_test, space.text(path), found.id, made.expect, sample)
    await keep_file(visit, space, path, text)
