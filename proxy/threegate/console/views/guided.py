"""Writing a rule without YAML: templates, the guided form, and what the rule does while one types.

The form and the YAML are two views of one draft: the form reads the draft's text and writes it back
at each pause, and so does the editor.
"""

from __future__ import annotations

import re
from typing import Any

from threegate.console.drafts import PACKS, Workspace, packs_text
from threegate.console.errors import refusal
from threegate.console.forms.detect_fields import own_pieces
from threegate.console.forms.new_rule import (
    OWN_PACK,
    Template,
    blank,
    blank_constraint,
    free_id,
    own_pack,
    templates,
    with_copy,
    with_template,
    without_rule,
)
from threegate.console.forms.pattern_like import pattern_for
from threegate.console.forms.rule_fields import read_fields, write_fields
from threegate.console.pack_merge import pieces
from threegate.console.presenters import policies
from threegate.console.presenters.form_choices import choices, judges
from threegate.console.presenters.highlights import pieces as coloured
from threegate.console.presenters.records import policies_of
from threegate.console.presenters.test_results import sample
from threegate.console.views.content.parts import change_pack
from threegate.console.views.policies import excerpt, keep_file, packs_of, space_of, tenants
from threegate.console.views.try_page import mark_of
from threegate.console.web import Answer, ConsoleRequest, Redirect, Shown, blocking
from threegate.i18n.catalog import texts
from threegate.policy.facade import Checked
from threegate.policy.language.load import Bundle, pack_path
from threegate.policy.lifecycle.store import today_utc
from threegate.policy.testing.cases import Case, ConstraintCase, planned
from threegate.policy_ops.test_runner import Runner
from threegate.types import Finding, Layer

GROUPS = ("data", "words", "topics", "safety", "answers", "model")
CONSTITUTION = re.compile(r"answers/[A-Za-z0-9._-]+\.(md|txt)")
PARAMETER_NAMES = texts("console", "parameters")


async def new_page(visit: ConsoleRequest) -> Answer:
    """The usual wishes as templates, and a blank rule."""
    space, bundle = await packs_of(visit)
    rows = [_template_row(t, visit.language) for t in templates()]
    packs = [{"name": p.pack, "title": p.title.get(visit.language)} for p in bundle.packs]
    return Shown(
        "policy/new.html",
        {"templates": rows, "groups": GROUPS, "packs": packs, "pack": target_pack(space, bundle)},
    )


def _template_row(made: Template, language: str) -> dict[str, str]:
    words = {"title": made.title.get(language), "about": made.about.get(language)}
    return {"id": made.id, "group": made.group, **words}


def target_pack(space: Workspace, bundle: Bundle) -> str:
    """Where one's own rules go: a pack of their own. Where packs are bound to callers, an unbound
    one would serve everybody else: there it is the last pack."""
    if any(pack.bindings for pack in bundle.packs):
        return space.packs[-1]
    return OWN_PACK


async def create(visit: ConsoleRequest) -> Answer:
    """A rule from a template, blank, or copied; then its form."""
    space, bundle = await packs_of(visit)
    known = {p.pack for p in bundle.packs}
    pack = visit.form.get("pack") or target_pack(space, bundle)
    if pack not in known | {OWN_PACK}:
        raise refusal("no-pack-in-force")
    text = space.text(pack_path(pack)) or own_pack()
    rule_id, text = await blocking(_created, visit, space, bundle, pack, text)
    if pack not in known:
        await keep_file(visit, space, PACKS, packs_text((*space.packs, pack)))
    await keep_file(visit, space, pack_path(pack), text)
    return Redirect(f"/policies/rule/{rule_id}/form", data={"rule": rule_id})


def _created(
    visit: ConsoleRequest, space: Workspace, bundle: Bundle, pack: str, text: str
) -> tuple[str, str]:
    """The new rule's id and the pack with it. Raises ConsoleError."""
    taken = {rule.id for p in bundle.packs for rule in p.rules} | rule_ids(text)
    if source := visit.form.get("copy", ""):
        name = pack_of(space, source)
        new_id = free_id(f"{pack}.{source.rpartition('.')[2]}", taken)
        return new_id, with_copy(text, space.text(pack_path(name)), source, new_id)
    made = _template(visit.form.get("template", ""), visit.form.get("kind", ""))
    new_id = free_id(f"{pack}.{made.id}", taken)
    owner = visit.me.group or visit.me.name
    return new_id, with_template(text, made, new_id, owner, today_utc())


def _template(id: str, kind: str) -> Template:
    if not id:
        return blank(kind)
    if id == "constraint":
        return blank_constraint()
    found = next((t for t in templates() if t.id == id), None)
    if found is None:
        raise refusal("no-template")
    return found


def rule_ids(text: str) -> set[str]:
    keys = pieces("pack.yaml", text)
    return {key.removeprefix("rules/") for key in keys if key.startswith("rules/")}


def pack_of(space: Workspace, rule_id: str) -> str:
    """The pack whose text holds the rule, even while it has errors; the one that counts of several.
    Raises ConsoleError."""
    named = [p.pack for p in space.bundle().packs]
    drafts = [p.removeprefix("packs/").removesuffix(".yaml") for p in space.files if p != PACKS]
    for name in dict.fromkeys([*reversed(named), *drafts]):
        if rule_id in rule_ids(space.text(pack_path(name))):
            return name
    raise refusal("no-rule")


async def form_page(visit: ConsoleRequest) -> Answer:
    space = await space_of(visit)
    pack = await blocking(pack_of, space, visit.path["rule"])
    return _form(await _page(visit, space, pack))


def _form(page: dict[str, Any]) -> Shown:
    constrains = page["fields"]["layer"] == Layer.CONSTRAINT
    return Shown("policy/constraint.html" if constrains else "policy/form.html", page)


async def save_form(visit: ConsoleRequest) -> Answer:
    """The form into the draft; then what the rule does now."""
    space, rule_id, form = await space_of(visit), visit.path["rule"], dict(visit.form)
    pack = await blocking(pack_of, space, rule_id)
    form["regex"] = pattern_for(form.get("regex", ""), form.get("like", ""))
    form |= await _constitution(visit, space, form)
    text = await blocking(write_fields, space.text(pack_path(pack)), rule_id, form)
    await keep_file(visit, space, pack_path(pack), text)
    return _form(await _page(visit, await space_of(visit), pack))


async def remove_rule(visit: ConsoleRequest) -> Answer:
    """Gone from the draft; of a rule in force the approver sees that it goes."""
    space, rule_id = await space_of(visit), visit.path["rule"]
    pack = await blocking(pack_of, space, rule_id)
    elsewhere = await blocking(_other_packs, space, pack)
    await change_pack(visit, space, pack, lambda text: without_rule(text, rule_id, elsewhere))
    return Redirect("/policies/draft", done="removed")


def _other_packs(space: Workspace, pack: str) -> str:
    return "".join(space.text(pack_path(p.pack)) for p in space.bundle().packs if p.pack != pack)


async def _constitution(
    visit: ConsoleRequest, space: Workspace, form: dict[str, str]
) -> dict[str, str]:
    """The constitution's text goes into its file; the rule names the file, or nothing."""
    text = form.get("constitution_text", "").strip()
    if not text:
        return {"constitution_file": "", "constitution_place": ""}
    name = visit.path["rule"].rpartition(".")[2]
    path = form.get("constitution_file", "")
    path = path if CONSTITUTION.fullmatch(path) else f"answers/constitution-{name}.md"
    if space.text(path).strip() != text:
        await keep_file(visit, space, path, text + "\n")
    return {"constitution_file": path}


async def _page(visit: ConsoleRequest, space: Workspace, pack: str) -> dict[str, Any]:
    rule_id, path = visit.path["rule"], pack_path(pack)
    text = space.text(path)
    fields = await blocking(read_fields, text, rule_id, visit.language)
    checked = await visit.checked(space.check)
    rows = policies.problem_rows(checked.problems, visit.language)
    own = await blocking(own_pieces, text, rule_id)
    mine = [r for r in rows if r["file"] == path and (r["rule"] or _piece(text, r["line"])) in own]
    good = not any(r["severity"] == "error" for r in mine)
    bundle = await blocking(space.bundle)
    special = _constraining(visit, space, fields) if "values" in fields else _judging(visit, fields)
    return {
        **special,
        "rule": rule_id, "pack": pack, "fields": fields,
        "problems": [r for r in mine if r["severity"] != "info"],
        "good": good,
        "errors_elsewhere": good and checked.policies is None,
        "tests": await _tests(visit, checked, rule_id),
        **await blocking(_shown_text, text, rule_id),
        **await blocking(choices, bundle, fields["kinds"], visit.language),
        "drafted_answers": drafted_answers(space),
        "tenants": await tenants(visit),
    }  # fmt: skip


def _constraining(
    visit: ConsoleRequest, space: Workspace, fields: dict[str, Any]
) -> dict[str, Any]:
    values = fields["values"]
    return {
        "constitution_text": space.text(values["constitution_file"]).strip(),
        "clamped": any(value for name, value in values.items() if name[:6] == "clamp."),
        "names": {name: title.get(visit.language) for name, title in PARAMETER_NAMES.items()},
    }


def _judging(visit: ConsoleRequest, fields: dict[str, Any]) -> dict[str, Any]:
    policies, sets = policies_of(visit.serving), visit.parts.detector_set_for
    reported = {kind for p in policies for kinds in sets(p).kinds_of.values() for kind in kinds}
    asked = fields["opinion"]["ask"]
    return {"judges": judges(reported, bool(fields["claims"]), asked, visit.language)}


def drafted_answers(space: Workspace) -> list[str]:
    """Curated replies of the draft that no rule uses yet."""
    names = (
        p.removeprefix("answers/").partition(".")[0] for p in space.files if p[:8] == "answers/"
    )
    return sorted(set(names))


def _shown_text(text: str, rule_id: str) -> dict[str, Any]:
    line = _line(text, rule_id)
    return {"yaml": excerpt(text, line), "line": line}


def _piece(text: str, line: int) -> str:
    """The part of the pack that holds a line: `detectors/x` of a definition, else empty."""
    before = 0
    for key, part in pieces("pack.yaml", text).items():
        before += part.count("\n")
        if line <= before:
            return key if "/" in key else ""
    return ""


def _line(text: str, rule_id: str) -> int:
    """The line of the rule's first key."""
    before = 0
    for key, part in pieces("pack.yaml", text).items():
        if key == f"rules/{rule_id}":
            lines = part.split("\n")
            head = next(n for n, line in enumerate(lines) if line.lstrip().startswith("- "))
            return before + head + 1
        before += part.count("\n")
    return 1


async def _tests(visit: ConsoleRequest, checked: Checked, rule_id: str) -> list[dict[str, Any]]:
    """The rule's own tests, run now; empty while the policy has errors."""
    if checked.policies is None:
        return []
    for policy, cases in planned(checked.bundles):
        mine = [case for case in cases if case.rule_id == rule_id]
        if mine:
            runner = Runner(policy, visit.parts.detector_set_for(policy), today=today_utc())
            return [await _ran(visit, runner, case) for case in mine]
    return []


async def _ran(
    visit: ConsoleRequest, runner: Runner, case: Case | ConstraintCase
) -> dict[str, Any]:
    """One test with what it came to; `passed` None: its detector is switched off here."""
    report = await runner.run([case], partial=visit.parts.partial)
    row = sample(case, visit.language)
    row |= {"passed": None, "detail": "", "pieces": coloured(row["text"], [])}
    if not report.outcomes:
        return row
    (outcome,) = report.outcomes
    row |= {"passed": outcome.passed, "detail": outcome.detail.get(visit.language)}
    if isinstance(case, ConstraintCase):
        return row
    found = [r for r in await runner.alone(case) if isinstance(r.finding, Finding)]
    return row | {"pieces": coloured(case.text, [mark_of(r) for r in found])}
