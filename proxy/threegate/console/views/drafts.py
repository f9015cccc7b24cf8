"""Writing: the form of a rule, the YAML of a pack with problems at their lines, the draft."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

from threegate.console.drafts import Workspace, workspace
from threegate.console.presenters import policies
from threegate.console.review.review_store import Proposal
from threegate.console.rule_form import EditError, RuleForm, edited, with_test
from threegate.console.views.policies import known_pack, rule_of, space_of
from threegate.console.web import Answer, ConsoleError, ConsoleRequest, Redirect, Shown, blocking
from threegate.policy.facade import Checked
from threegate.policy.language.completion import complete
from threegate.policy.language.hashed_values import new_salt, value_sha256
from threegate.policy.language.load import pack_path
from threegate.policy.model import PolicySet
from threegate.policy.strictness.diff import diff_sets
from threegate.types import Bilingual

EDITS = {
    "broken": Bilingual("YAML 有错误，请先在编辑器里改正", "mend the YAML in the editor first"),
    "missing": Bilingual("文件里没有这一项", "it is not in the file"),
    "mode": Bilingual("没有这种模式", "no such mode"),
    "level": Bilingual("没有这种级别", "no such level"),
    "action": Bilingual("此动作请在 YAML 里填写", "write this action in YAML"),
    "reason": Bilingual("请选择原因", "choose a reason"),
    "date": Bilingual("日期应为 年-月-日", "a date is year-month-day"),
}
MAX_DIGITS = 8
FIELDS = ("tenant", "key", "route", "model", "language", "value")


def refused(error: EditError) -> ConsoleError:
    text = EDITS[error.code]
    return ConsoleError(400, text.zh, text.en)


async def edit_rule(visit: ConsoleRequest) -> Answer:
    """The form: saved into the draft, with every comment of the file kept."""
    space = await space_of(visit)
    found, pack_name = rule_of(await blocking(space.bundle), visit.path["rule"])
    path = pack_path(pack_name)
    try:
        text = await blocking(edited, space.text(path), found.id, _form(visit))
    except EditError as error:
        raise refused(error) from None
    await blocking(visit.parts.drafts.save, visit.me.name, path, text)
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
        action=form.get("action") or None,
        message_zh=texts.get("message_zh"),
        message_en=texts.get("message_en"),
        review_by=texts.get("review_by"),
    )


def _exception(visit: ConsoleRequest) -> dict[str, str]:
    form = visit.form
    names = ("id", "field", "value", "reason", "approver", "expires")
    given = {n: form.get(f"exception_{n}", "").strip() for n in names}
    if not all(given.values()) or given["field"] not in FIELDS:
        raise ConsoleError(400, "请填完例外的每一项", "fill in every field of the exception")
    return _hashed(given) if given["field"] == "value" else given


def _hashed(given: dict[str, str]) -> dict[str, str]:
    """An exception for one value: only the salted hash goes into the draft."""
    salt = new_salt()
    digest = value_sha256(given["value"], salt)
    return given | {"field": "value_sha256", "value": digest, "salt": salt}


async def editor(visit: ConsoleRequest) -> Answer:
    space = await space_of(visit)
    name = await known_pack(visit, space)
    checked = await blocking(space.check)
    return Shown("editor.html", _page(visit, name, space.text(pack_path(name)), checked, space))


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
        "problems": [r for r in rows if r["file"] in (path, "")],
        "elsewhere": [r for r in rows if r["file"] not in (path, "")],
        "good": not checked.errors,
        "line": visit.query.get("line", ""),
    }


async def _tried(visit: ConsoleRequest) -> tuple[str, str, Workspace]:
    """Pack, text and the workspace with that text in place."""
    space, parts = await space_of(visit), visit.parts
    name, text = await known_pack(visit, space), visit.form.get("text", "")
    files = {**space.files, pack_path(name): text.encode()}
    new = await blocking(workspace, parts.versions, parts.ground, files)
    return name, text, new


async def save(visit: ConsoleRequest) -> Answer:
    """A text with errors is kept too: it is a draft; it cannot be submitted."""
    name, text, space = await _tried(visit)
    await blocking(visit.parts.drafts.save, visit.me.name, pack_path(name), text)
    checked = await blocking(space.check)
    return Shown("editor.html", _page(visit, name, text, checked, space))


async def check_text(visit: ConsoleRequest) -> Answer:
    """Problems while typing; nothing is kept."""
    name, text, space = await _tried(visit)
    checked = await blocking(space.check)
    return Shown("editor.html", _page(visit, name, text, checked, space))


async def complete_text(visit: ConsoleRequest) -> Answer:
    """What can be written where the visitor is typing; nothing is kept."""
    await known_pack(visit, await space_of(visit))
    place = [visit.form.get(n, "") for n in ("line", "column")]
    if not all(n.isdecimal() and len(n) < MAX_DIGITS for n in place):
        raise ConsoleError(400, "请给出行号和列号", "give a line and a column")
    line, column = (max(1, int(n)) for n in place)
    found = await blocking(complete, visit.form.get("text", ""), line, column)
    rows = [{"text": c.text, "title": c.title.get(visit.language)} for c in found]
    return JSONResponse({"ok": True, "choices": rows})


async def changes(
    visit: ConsoleRequest, space: Workspace, checked: Checked
) -> list[dict[str, Any]]:
    """The draft against the policy in force, in words."""
    if checked.policies is None:
        return []
    old = await base_of(visit)
    found = diff_sets(old, checked.policies)
    return [policies.change_row(c, visit.language) for c in found]


async def base_of(visit: ConsoleRequest) -> PolicySet:
    parts = visit.parts
    clean = await blocking(workspace, parts.versions, parts.ground, {})
    checked = await blocking(clean.check)
    return checked.policies or parts.policies.pin()


async def draft_policies(visit: ConsoleRequest) -> tuple[PolicySet, Checked, Workspace]:
    """The draft compiled, and what it was made of. Raises Refusal while it has errors."""
    space = await space_of(visit)
    checked = await blocking(space.check)
    if checked.policies is None:
        raise ConsoleError(422, "草稿有错误，请先改正", "the draft has errors; mend them first")
    return checked.policies, checked, space


async def draft(visit: ConsoleRequest) -> Answer:
    return Shown("draft.html", await draft_page(visit))


async def draft_page(visit: ConsoleRequest) -> dict[str, Any]:
    """The whole draft: files, problems, difference, and what tests and replay last made of exactly
    this content."""
    space = await space_of(visit)
    checked = await blocking(space.check)
    digest = checked.policies.digest if checked.policies else ""
    rows = policies.problem_rows(checked.problems, visit.language)
    page: dict[str, Any] = {
        "files": sorted(space.files),
        "digest": digest,
        "errors": [r for r in rows if r["severity"] == "error"],
        "warnings": [r for r in rows if r["severity"] == "warning"],
        "changes": await changes(visit, space, checked),
    }
    return page | await results_of(visit, digest)


async def results_of(visit: ConsoleRequest, digest: str) -> dict[str, Any]:
    """What tests and replay made of a policy with this content; None where they did not run."""
    kept = await blocking(visit.parts.drafts.results, digest)
    return {"report": None, "replay": None, **policies.spoken(kept, visit.language)}


async def discard(visit: ConsoleRequest) -> Answer:
    await blocking(visit.parts.drafts.discard, visit.me.name, visit.form.get("path", ""))
    return Redirect("/policies/draft", done="discarded")


async def proposal(visit: ConsoleRequest) -> Answer:
    """A reviewer's test into the draft, or away. It stays on the desk where the draft cannot take
    it."""
    desk, id = visit.parts.desk, visit.path["id"]
    found = next((p for p in await blocking(desk.proposals) if p.id == id), None)
    if found is None:
        raise ConsoleError(404, "这条建议已被处理", "this proposal has been dealt with")
    dropped = visit.form.get("do") == "drop"
    if not dropped:
        await _add_test(visit, found)
    await blocking(desk.take, id)
    return Redirect(f"/policies/rule/{found.rule}", done="dropped" if dropped else "saved")


async def _add_test(visit: ConsoleRequest, made: Proposal) -> None:
    space = await space_of(visit)
    found, pack_name = rule_of(await blocking(space.bundle), made.rule)
    path = pack_path(pack_name)
    sample = {"text": made.text, "channel": made.channel}
    try:
        text = await blocking(with_test, space.text(path), found.id, made.expect, sample)
    except EditError as error:
        raise refused(error) from None
    await blocking(visit.parts.drafts.save, visit.me.name, path, text)
