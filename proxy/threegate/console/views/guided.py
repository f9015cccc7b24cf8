"""Writing a rule without YAML: the guided form, and what the rule does while the user types. The
form and the YAML are two views of one draft: the form reads the draft's text and writes it back at
each pause, and so does the editor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from threegate.console.drafts import DraftFile, Workspace
from threegate.console.forms.detect_fields import own_pieces
from threegate.console.forms.new_rule import without_rule
from threegate.console.forms.pattern_like import pattern_for
from threegate.console.forms.rule_fields import read_fields, write_fields
from threegate.console.pack_merge import piece_at, pieces
from threegate.console.presenters import policies
from threegate.console.presenters.form_choices import choices, judges
from threegate.console.presenters.highlights import pieces as coloured
from threegate.console.presenters.records import policies_of
from threegate.console.presenters.test_results import sample
from threegate.console.views.conflict import unseen
from threegate.console.views.new_rule import other_packs, pack_of, parts_of
from threegate.console.views.policies import (
    api_keys,
    excerpt,
    keep_file,
    space_of,
    tenants,
    who_gets_what,
)
from threegate.console.views.try_page import mark_of
from threegate.console.web import Answer, ConsoleRequest, Redirect, Shown, blocking
from threegate.i18n.catalog import texts
from threegate.policy.facade import Checked
from threegate.policy.language.load import pack_path
from threegate.policy.lifecycle.store import today_utc
from threegate.policy.schema import ConstraintRule
from threegate.policy.testing.cases import Case, ConstraintCase, planned
from threegate.policy_ops.test_runner import Runner
from threegate.types import Finding, Layer

CONSTITUTION = re.compile(r"answers/[A-Za-z0-9._-]+\.(md|txt)")
PARAMETER_NAMES = texts("console", "parameters")


async def form_page(visit: ConsoleRequest) -> Answer:
    space = await space_of(visit)
    pack = await blocking(pack_of, space, visit.path["rule"])
    return _form(await _page(visit, space, pack))


def _form(page: dict[str, Any]) -> Shown:
    constrains = page["fields"]["layer"] == Layer.CONSTRAINT
    return Shown("policy/constraint.html" if constrains else "policy/form.html", page)


async def save_form(visit: ConsoleRequest) -> Answer:
    """Saves the form into the draft, then shows what the rule does now."""
    space, rule_id, form = await space_of(visit), visit.path["rule"], dict(visit.form)
    pack = await blocking(pack_of, space, rule_id)
    form["regex"] = pattern_for(form.get("regex", ""), form.get("like", ""))
    fields, files = await _constitution(visit, space, form)
    text = await blocking(write_fields, space.text(pack_path(pack)), rule_id, form | fields)
    files[pack_path(pack)] = text
    state = await blocking(_state, space, pack, rule_id, form.get("constitution_file", ""))
    if conflict := await unseen(visit, space, files, state):
        return conflict
    for path, text in files.items():
        await keep_file(visit, space, path, text)
    if form.get("then") == "draft":
        return Redirect("/policies/draft")
    return _form(await _page(visit, await space_of(visit), pack))


def _state(space: Workspace, pack: str, rule_id: str, constitution: str) -> str:
    """What the form is drawn from: the rule with its definitions, and its constitution."""
    path = pack_path(pack)
    parts = [(path, key) for key in sorted(parts_of(space.text(path), rule_id))]
    file = [(constitution, "")] if CONSTITUTION.fullmatch(constitution) else []
    return space.state(*parts, *file)


async def _constitution(
    visit: ConsoleRequest, space: Workspace, form: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Fields and files: the constitution's text goes into its file; the rule names the file, or
    nothing."""
    text = form.get("constitution_text", "").strip()
    if not text:
        return {"constitution_file": "", "constitution_place": ""}, {}
    rule_id, path = visit.path["rule"], form.get("constitution_file", "")
    shared = await blocking(_constitutions_of_others, space, rule_id)
    if not CONSTITUTION.fullmatch(path) or (space.text(path).strip() != text and path in shared):
        path = f"answers/constitution-{rule_id}.md"
    same = space.text(path).strip() == text
    return {"constitution_file": path}, {} if same else {path: text + "\n"}


def _constitutions_of_others(space: Workspace, rule_id: str) -> set[str]:
    """Constitution files used by other rules: a copy of a rule must not rewrite the original's."""
    constraints = (r for p in space.bundle().packs for r in p.rules if r.id != rule_id)
    specs = (r.then.constitution for r in constraints if isinstance(r, ConstraintRule))
    return {spec.file for spec in specs if spec is not None}


async def _page(visit: ConsoleRequest, space: Workspace, pack: str) -> dict[str, Any]:
    rule_id, path = visit.path["rule"], pack_path(pack)
    text = space.text(path)
    fields = await blocking(read_fields, text, rule_id, visit.language)
    checked = await visit.checked(space.check)
    rows = policies.problem_rows(checked.problems, visit.language)
    own = await blocking(own_pieces, text, rule_id)
    mine = [
        r for r in rows if r["file"] == path and (r["rule"] or piece_at(text, r["line"])) in own
    ]
    good = not any(r["severity"] == "error" for r in mine)
    unfinished = {r["rule"] for r in rows if r["severity"] == "error" and r["file"] == path}
    finished = checked
    if good and (others := unfinished - {rule_id, ""}):
        finished = await visit.checked((await blocking(_without, space, pack, others)).check)
    constitution = fields.get("values", {}).get("constitution_file", "")
    bundle = await blocking(space.bundle)
    special = _constraining(visit, space, fields) if "values" in fields else _judging(visit, fields)
    return {
        **special,
        "rule": rule_id, "pack": pack, "fields": fields,
        "seen": await blocking(_state, space, pack, rule_id, constitution),
        "problems": [r for r in mine if r["severity"] != "info"],
        "good": good,
        **await blocking(_drafted, space, path, rule_id, fields),
        "errors_elsewhere": good and checked.policies is None,
        "tests": await _tests(visit, finished, rule_id),
        **await blocking(_shown_text, text, rule_id),
        **await blocking(choices, bundle, fields["kinds"], visit.language),
        "drafted_answers": drafted_answers(space),
        "bindings": await blocking(who_gets_what, space, visit.language),
        "callers": {"tenant": [(t, "") for t in await tenants(visit)], "key": api_keys(visit)},
    }  # fmt: skip


def _without(space: Workspace, pack: str, rules: Iterable[str]) -> Workspace:
    """The draft without other rules that are not finished, which say nothing about this one."""
    text, elsewhere = space.text(pack_path(pack)), other_packs(space, pack)
    for rule in rules:
        text = without_rule(text, rule, elsewhere)
    return replace(space, files={**space.files, pack_path(pack): DraftFile(text, None)})


def _drafted(space: Workspace, path: str, rule_id: str, fields: dict[str, Any]) -> dict[str, bool]:
    """Whether the draft changes the rule, and whether the rule exists only in the draft."""
    text = space.text(path)
    before, now = pieces(path, space.in_force(path)), pieces(path, text)
    changed = any(before.get(part) != now.get(part) for part in parts_of(text, rule_id))
    constitution = fields.get("values", {}).get("constitution_file", "")
    return {
        "drafted": changed or constitution in space.files,
        "new": f"rules/{rule_id}" not in before,
    }


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
    """One test with its result; `passed` None: its detector is switched off here."""
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
