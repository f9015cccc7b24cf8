"""The policy's own detectors: patterns, categories by examples and recognizers, each on its page,
and as a table in and out. Changes go into the draft and are approved like rules."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from threegate.console.content import NAME, table, table_rows
from threegate.console.drafts import Workspace
from threegate.console.own_detectors import (
    CATEGORY,
    COLUMNS,
    PATTERN,
    OwnDetector,
    detectors_of,
    fields_of,
    users,
    with_detector,
    without,
)
from threegate.console.pack_merge import pieces
from threegate.console.pattern_like import pattern_like
from threegate.console.presenters import policies
from threegate.console.presenters.highlights import Highlight
from threegate.console.presenters.highlights import pieces as coloured
from threegate.console.rule_form import EditError
from threegate.console.views.drafts import refused
from threegate.console.views.guided import target_pack, text_to_extend
from threegate.console.views.lists import CSV
from threegate.console.views.policies import keep_file, space_of
from threegate.console.web import Answer, ConsoleError, ConsoleRequest, Redirect, Shown, blocking
from threegate.detectors.custom.categories import leave_one_out
from threegate.policy.compile import category_of
from threegate.policy.language.load import Bundle, pack_path
from threegate.policy.language.patterns import PatternError, compile_pattern
from threegate.policy.language.recognizers import entity, kind_of

SORTS = (PATTERN, CATEGORY)


def recognizers_of(bundle: Bundle) -> list[dict[str, Any]]:
    """Recognizers in Presidio's format; they are changed in the YAML."""
    return [
        {
            "name": str(each.get("name", "")),
            "kind": kind_of(entity(each)),
            "pack": pack.pack,
            "used": list(users(bundle, kind_of(entity(each)))),
        }
        for pack in bundle.packs
        for each in pack.recognizers
    ]


async def create(visit: ConsoleRequest) -> Answer:
    """On to the empty page of a detector that is to be written."""
    space, name = await space_of(visit), visit.form.get("name", "").strip()
    if not NAME.fullmatch(name):
        raise refused(EditError("name"))
    bundle = await blocking(space.bundle)
    sort = visit.form.get("sort", PATTERN)
    if any(each.name == name for each in detectors_of(bundle)):
        raise ConsoleError(409, "已有同名检测器", "there is a detector of this name")
    pack = target_pack(space, bundle)
    return Redirect(f"/policies/detectors/{pack}/{name}?sort={sort if sort in SORTS else PATTERN}")


def _found(visit: ConsoleRequest, bundle: Bundle) -> OwnDetector | None:
    wanted = visit.path["pack"], visit.path["detector"]
    return next((d for d in detectors_of(bundle) if (d.pack, d.name) == wanted), None)


async def page(visit: ConsoleRequest) -> Answer:
    space = await space_of(visit)
    bundle = await blocking(space.bundle)
    found = _found(visit, bundle)
    if found is None and visit.path["pack"] != target_pack(space, bundle):
        raise ConsoleError(404, "没有这个检测器", "there is no such detector")
    return Shown("policy/detector.html", await blocking(_page, visit, space, found))


def _page(visit: ConsoleRequest, space: Workspace, found: OwnDetector | None) -> dict[str, Any]:
    name, pack = visit.path["detector"], visit.path["pack"]
    sort = found.sort if found else visit.query.get("sort", PATTERN)
    fields = fields_of(name, found.spec if found else None)
    return {
        "name": name,
        "pack": pack,
        "sort": sort if sort in SORTS else PATTERN,
        "new": found is None,
        "kind": f"{sort}.{name}",
        "used": list(found.used) if found else [],
        "changed": pack_path(pack) in space.files,
        "fields": fields,
        "tried": _tried(fields, f"pattern.{name}") if sort == PATTERN else [],
        "fit": _fit(found),
        "problems": _problems(visit, space, pack, name) if found else [],
    }


def _tried(fields: dict[str, str], kind: str) -> list[dict[str, Any]]:
    """The examples as the pattern reads them."""
    try:
        pattern = compile_pattern(fields["regex"], edges=bool(fields["edges"]))
    except PatternError:
        return []
    rows = []
    for expect in ("match", "no_match"):
        for text in filter(None, fields[expect].split("\n")):
            marks = [Highlight(s.start, s.end, kind, "", "") for s in pattern.find(text)]
            good = bool(marks) is (expect == "match")
            rows.append({"expect": expect, "passed": good, "pieces": coloured(text, marks)})
    return rows


def _fit(found: OwnDetector | None) -> dict[str, int] | None:
    """How well a category tells its own examples apart, each judged by the others."""
    if found is None or found.spec.category is None or not found.spec.category.examples:
        return None
    fit = leave_one_out(category_of(found.name, found.spec))
    return {
        "found": fit.found, "examples": fit.examples,
        "false": fit.false, "counter_examples": fit.counter_examples,
    }  # fmt: skip


def _problems(
    visit: ConsoleRequest, space: Workspace, pack: str, name: str
) -> list[dict[str, Any]]:
    """What is wrong at the lines of this detector."""
    path, start = pack_path(pack), 1
    for key, part in pieces(path, space.text(path)).items():
        end = start + part.count("\n")
        if key == f"detectors/{name}":
            rows = policies.problem_rows(space.check().problems, visit.language)
            return [r for r in rows if r["file"] == path and start <= r["line"] < end]
        start = end
    return []


async def save(visit: ConsoleRequest) -> Answer:
    space, form = await space_of(visit), dict(visit.form)
    pack, name = visit.path["pack"], visit.path["detector"]
    bundle = await blocking(space.bundle)
    if _found(visit, bundle) is None and pack != target_pack(space, bundle):
        raise ConsoleError(404, "没有这个检测器", "there is no such detector")
    if not form.get("regex", "").strip():
        form["regex"] = pattern_like(form.get("like", "").split("\n"))
    await _save(visit, space, pack, {**form, "name": name})
    return Redirect(f"/policies/detectors/{pack}/{name}", done="saved")


async def _save(visit: ConsoleRequest, space: Workspace, pack: str, form: dict[str, str]) -> None:
    text = space.text(pack_path(pack))
    try:
        new = await blocking(with_detector, text or await text_to_extend(visit, space, pack), form)
    except EditError as error:
        raise refused(error) from None
    await keep_file(visit, space, pack_path(pack), new)


async def remove(visit: ConsoleRequest) -> Answer:
    """Gone from the pack, unless a rule still looks for it."""
    space = await space_of(visit)
    found = _found(visit, await blocking(space.bundle))
    if found is None:
        raise ConsoleError(404, "没有这个检测器", "there is no such detector")
    if found.used:
        raise ConsoleError(409, "还有规则在使用它", "a rule still looks for it")
    text = await blocking(without, space.text(pack_path(found.pack)), "detectors", found.name)
    await keep_file(visit, space, pack_path(found.pack), text)
    return Redirect("/policies/detectors", done="removed")


async def take_table(visit: ConsoleRequest) -> Answer:
    """Detectors of a table: those that exist are changed where they are."""
    rows = table_rows(visit.form.get("csv", ""), COLUMNS)
    for row in rows:
        space = await space_of(visit)  # each row goes on from the one before it
        bundle = await blocking(space.bundle)
        known = {each.name: each.pack for each in detectors_of(bundle)}
        pack = known.get(row.get("name", "").strip(), target_pack(space, bundle))
        await _save(visit, space, pack, {**row, "edges": _on(row.get("edges", "on"))})
    return Redirect("/policies/detectors", done="saved", data={"taken": len(rows)})


def _on(cell: str) -> str:
    return "" if cell.strip().lower() in ("", "no", "off", "false", "0", "否") else "on"


async def export(visit: ConsoleRequest) -> Answer:
    bundle = await blocking((await space_of(visit)).bundle)
    fields = [fields_of(each.name, each.spec) for each in detectors_of(bundle)]
    rows = ([row[name] for name in COLUMNS] for row in fields)
    headers = {"content-disposition": 'attachment; filename="detectors.csv"'}
    return Response(table(COLUMNS, rows), media_type=CSV, headers=headers)
