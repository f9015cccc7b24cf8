"""The policy's own detectors: patterns, categories by examples and recognizers, each on its page,
and as a table in and out. Changes go into the draft and are approved like rules."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from threegate.console.content.files import NAME
from threegate.console.content.own_detectors import (
    CATEGORY,
    COLUMNS,
    PATTERN,
    OwnDetector,
    detectors_of,
    fields_of,
    with_detector,
    without,
)
from threegate.console.drafts import Workspace
from threegate.console.errors import refusal
from threegate.console.forms.new_rule import own_pack
from threegate.console.forms.number_format import pattern_of, schemes
from threegate.console.forms.pattern_like import pattern_for
from threegate.console.pack_merge import pieces
from threegate.console.presenters import policies
from threegate.console.presenters.highlights import Highlight
from threegate.console.presenters.highlights import pieces as coloured
from threegate.console.presenters.labels import name
from threegate.console.views.conflict import unseen
from threegate.console.views.content.parts import (
    Row,
    change_pack,
    check_unused,
    csv_file,
    take_rows,
)
from threegate.console.views.new_rule import target_pack
from threegate.console.views.policies import packs_of, space_of
from threegate.console.web import Answer, ConsoleRequest, Redirect, Shown, blocking
from threegate.detectors.custom.categories import leave_one_out
from threegate.policy.compile import category_of
from threegate.policy.language.load import Bundle, pack_path
from threegate.policy.language.patterns import PatternError
from threegate.policy.language.vocabulary import LEVEL
from threegate.types import Level

SORTS = (PATTERN, CATEGORY)


async def create(visit: ConsoleRequest) -> Answer:
    """Redirects to the empty page of a new detector."""
    space, name = await space_of(visit), visit.form.get("name", "").strip()
    if not NAME.fullmatch(name):
        raise refusal("name")
    bundle = await blocking(space.bundle)
    sort = visit.form.get("sort", PATTERN)
    if any(each.name == name for each in detectors_of(bundle)):
        raise refusal("detector-exists")
    pack = target_pack(space, bundle)
    return Redirect(f"/policies/detectors/{pack}/{name}?sort={sort if sort in SORTS else PATTERN}")


def _found(visit: ConsoleRequest, bundle: Bundle) -> OwnDetector | None:
    wanted = visit.path["pack"], visit.path["detector"]
    return next((d for d in detectors_of(bundle) if (d.pack, d.name) == wanted), None)


async def page(visit: ConsoleRequest) -> Answer:
    space, found = await _here(visit)
    return Shown("policy/detector.html", await blocking(_page, visit, space, found))


async def _here(visit: ConsoleRequest) -> tuple[Workspace, OwnDetector | None]:
    """The draft, and the detector in the address; None if it is new. Raises ConsoleError."""
    space, bundle = await packs_of(visit)
    found = _found(visit, bundle)
    if found is None and visit.path["pack"] != target_pack(space, bundle):
        raise refusal("no-detector")
    return space, found


async def try_it(visit: ConsoleRequest) -> Answer:
    """The page with the current input; nothing is saved."""
    space, found = await _here(visit)
    shown = await visit.checked(partial(_page, visit, space, found, _given(visit)))
    return Shown("policy/detector.html", shown)


def _given(visit: ConsoleRequest) -> dict[str, str]:
    """The form, with a pattern that fits the examples typed for it."""
    regex = pattern_for(visit.form.get("regex", ""), visit.form.get("like", ""))
    return {**visit.form, "name": visit.path["detector"], "regex": regex}


def _page(
    visit: ConsoleRequest,
    space: Workspace,
    found: OwnDetector | None,
    given: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    name, pack = visit.path["detector"], visit.path["pack"]
    sort = found.sort if found else visit.query.get("sort", PATTERN)
    fields = fields_of(name, found.spec if found else None)
    if given is not None:
        fields = {key: given.get(key, "") for key in fields}
    return {
        "name": name,
        "pack": pack,
        "seen": visit.form.get("seen") or _state(space, pack, name),
        "sort": sort if sort in SORTS else PATTERN,
        "new": found is None,
        "kind": f"{sort}.{name}",
        "used": list(found.used) if found else [],
        "changed": pack_path(pack) in space.files,
        "fields": fields,
        "schemes": schemes(visit.language),
        "tried": _tried(fields, f"pattern.{name}") if sort == PATTERN else [],
        "fit": _fit(found),
        "problems": _problems(visit, space, pack, name) if found else [],
    }


def _tried(fields: dict[str, str], kind: str) -> list[dict[str, Any]]:
    """The examples with the pattern's matches."""
    try:
        pattern = pattern_of(fields)
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
    """How well a category separates its own examples, each judged by the others."""
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
    space, _ = await _here(visit)
    pack, name = visit.path["pack"], visit.path["detector"]
    path, form = pack_path(pack), _given(visit)
    text = await blocking(with_detector, space.text(path) or own_pack(), form)
    if conflict := await unseen(visit, space, {path: text}, _state(space, pack, name)):
        return conflict
    await _save(visit, space, pack, form)
    return Redirect(f"/policies/detectors/{pack}/{name}", done="saved")


def _state(space: Workspace, pack: str, name: str) -> str:
    return space.state((pack_path(pack), f"detectors/{name}"))


async def _save(visit: ConsoleRequest, space: Workspace, pack: str, form: dict[str, str]) -> None:
    await change_pack(visit, space, pack, lambda text: with_detector(text, form))


async def remove(visit: ConsoleRequest) -> Answer:
    """Deletes it from the pack unless a rule still looks for it."""
    space = await space_of(visit)
    found = _found(visit, await blocking(space.bundle))
    if found is None:
        raise refusal("no-detector")
    check_unused(found.used)
    gone = found.name
    await change_pack(visit, space, found.pack, lambda text: without(text, "detectors", gone))
    return Redirect("/policies/detectors", done="removed")


async def take_table(visit: ConsoleRequest) -> Answer:
    """Imports detectors from a table; existing ones are changed in place."""

    async def take(row: Row) -> None:
        space, bundle = await packs_of(visit)  # each row continues from the one before
        known = {each.name: each.pack for each in detectors_of(bundle)}
        pack = known.get(row.get("name", "").strip(), target_pack(space, bundle))
        await _save(visit, space, pack, _coded(row))

    taken = await take_rows(visit, COLUMNS, take)
    return Redirect("/policies/detectors", done="saved", data={"taken": taken})


LEVELS = {word: x.name.lower() for x, t in LEVEL.items() for word in (t.zh, t.en)}
SCHEMES = {title.lower(): id for lang in ("zh", "en") for id, title in schemes(lang).items()}


def _coded(row: Row) -> Row:
    """A row with codes for the words of either language."""
    level, digits = (row.get(key, "").strip().lower() for key in ("level", "check_digits"))
    coded = {"level": LEVELS.get(level, level), "check_digits": SCHEMES.get(digits, digits)}
    return row | coded | {"edges": _on(row.get("edges", "on"))}


def _worded(row: Row, language: str) -> Row:
    level = LEVEL[Level[row["level"].upper()]].get(language)
    digits = schemes(language).get(row["check_digits"], "")
    edges = name("yes", "yes" if row["edges"] else "no", language)
    return row | {"level": level, "check_digits": digits, "edges": edges}


def _on(cell: str) -> str:
    return "" if cell.strip().lower() in ("", "no", "off", "false", "0", "否") else "on"


async def export(visit: ConsoleRequest) -> Answer:
    _, bundle = await packs_of(visit)
    every = (fields_of(each.name, each.spec) for each in detectors_of(bundle))
    fields = [_worded(row, visit.language) for row in every]
    rows = ([row[name] for name in COLUMNS] for row in fields)
    return csv_file("detectors", COLUMNS, rows, visit.language)
