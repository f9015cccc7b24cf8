"""Who gets which packs, as a form: all bindings in one list. Its buttons change the list on the
page only; before it is saved, the page says who would get what, and who would lose what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import count
from typing import Any

from threegate.console.drafts import PACKS, DraftFile, Workspace, fingerprint, packs_text
from threegate.console.errors import ERRORS, refusal
from threegate.console.forms.bindings_fields import (
    BindingRow,
    by_file,
    changed_rows,
    given_rows,
    with_bindings,
    written_rows,
)
from threegate.console.forms.new_rule import callers_pack
from threegate.console.forms.rule_form import looked_at
from threegate.console.presenters.bindings import calls_of
from threegate.console.views.conflict import SEEN, unseen
from threegate.console.views.new_rule import serving_packs
from threegate.console.views.policies import (
    api_keys,
    keep_file,
    losses_since,
    space_of,
    tenants,
    who_gets_what,
)
from threegate.console.web import Answer, ConsoleRequest, Redirect, Shown, blocking
from threegate.policy.language.load import load_bundle, pack_path

PAGE = "/policies/bindings"
CALLERS_PACK = "callers"
ACTING = ("rules", "extends", "lists", "detectors", "recognizers", "knowledge")


@dataclass(frozen=True, slots=True)
class _Change:
    """`files`: the draft with the bindings of the form; an empty text is a file that goes."""

    rows: list[BindingRow]
    files: Mapping[str, str]


async def page(visit: ConsoleRequest) -> Answer:
    space = await space_of(visit)
    rows = await blocking(_written, space)
    return await _shown(visit, space, _Change(rows, {}))


async def change(visit: ConsoleRequest) -> Answer:
    """Shows the list as the buttons change it, or saves it."""
    space, do = await space_of(visit), visit.form.get("do", "")
    rows = changed_rows(given_rows(visit.form, _files(space)), do)
    whole = [row for row in rows if not row.faults]
    made = _Change(rows, await blocking(_with, space, whole))
    if do != "save" or len(whole) < len(rows):
        return await _shown(visit, space, made, 422 if do == "save" else 200)
    if conflict := await unseen(visit, space, made.files, _state(space), PAGE):
        return conflict
    shown = await _shown(visit, space, made)
    if shown.data["warned"] and visit.form.get("read") != shown.data["read"]:
        return shown
    for path, text in made.files.items():
        await keep_file(visit, space, path, text)
    return Redirect(PAGE, done="saved")


def _files(space: Workspace) -> list[str]:
    """The enabled packs with bindings, in the order in which these are tried."""
    packs = load_bundle(space.tree, space.packs).packs
    return [p.pack for p in packs if p.bindings and p.pack in space.packs]


def _written(space: Workspace) -> list[BindingRow]:
    texts = ((name, space.text(pack_path(name))) for name in _files(space))
    return [row for name, text in texts for row in written_rows(name, text)]


def _with(space: Workspace, rows: list[BindingRow]) -> dict[str, str]:
    """The files that say so. Raises ConsoleError if no pack would be left."""
    names, made = _files(space), {}
    if not names and not rows:
        return {}
    homes = names or [_new_home(space)]
    packs = list(space.packs) if names else [*space.packs, *homes]
    for name, mine in by_file(rows, homes).items():
        text = space.text(pack_path(name)) or callers_pack(name)
        made[pack_path(name)] = with_bindings(name, text, mine)
        if not mine and _only_binds(text):
            packs.remove(name)
            made[pack_path(name)] = text
    if not packs:
        raise refusal("last-pack")
    if packs != list(space.packs):
        made[PACKS] = packs_text(packs)
    return made


def _new_home(space: Workspace) -> str:
    """A pack that does nothing but bind: where one with rules bound others, calls that no binding
    takes would not get it any more."""
    names = (f"{CALLERS_PACK}_{n}" if n > 1 else CALLERS_PACK for n in count(1))
    return next(n for n in names if not (text := space.text(pack_path(n))) or _only_binds(text))


def _only_binds(text: str) -> bool:
    return not any(looked_at(text).get(key) for key in ACTING)


def _state(space: Workspace) -> str:
    places = ((pack_path(name), "bindings") for name in _files(space))
    return fingerprint([space.state(*places), packs_text(space.packs)])


async def _shown(
    visit: ConsoleRequest, space: Workspace, made: _Change, status: int = 200
) -> Shown:
    drafted = {path: DraftFile(text, space.in_force(path)) for path, text in made.files.items()}
    after = replace(space, files={**space.files, **drafted})
    bound = await visit.checked(partial(who_gets_what, after, visit.language))
    sides = [await visit.checked(each.check) for each in (space.in_use(), after)]
    lost = await blocking(losses_since, visit, *sides)
    packs = await blocking(_choices, space, visit.language)
    titles = {pack["name"]: pack["title"] for pack in packs}
    rows = [_row(row, titles, visit.language) for row in made.rows]
    data = {
        "rows": rows,
        "packs": packs,
        "callers": {
            "tenants": [(t, "") for t in await tenants(visit)],
            "keys": api_keys(visit),
            "models": [(m, "") for m in _models(visit)],
        },
        "bindings": bound,
        "losses": lost,
        "warned": bool(lost or bound["idle"] or bound["refused"]),
        "read": fingerprint([str(lost), str(bound["idle"]), str(bound["refused"])]),
        "unsaved": any(space.text(path) != text for path, text in made.files.items()),
        "faulty": any(row["faults"] for row in rows),
        "asked": status != 200 or visit.form.get("do") == "save",
        SEEN: visit.form.get(SEEN) or await blocking(_state, space),
    }
    return Shown("policy/bindings.html", data, status)


def _row(row: BindingRow, titles: Mapping[str, str], language: str) -> dict[str, Any]:
    faults = {field: ERRORS[code].get(language) for field, code in row.faults.items()}
    calls = "" if "who" in faults else calls_of(row.selector).get(language)
    was = f"{row.file}:{row.number}" if row.file else ""
    packs = _listed(titles, filter(None, (row.pack, *row.also)), language)
    shown = {"calls": calls, "title": packs, "was": was}
    return asdict(row) | shown | {"faults": faults}


def _choices(space: Workspace, language: str) -> list[dict[str, str]]:
    """The packs that a call can get, each with those that it builds on."""
    every = load_bundle(space.tree, dict.fromkeys((*space.packs, *space.ground.shelf)))
    titles = {pack.pack: pack.title.get(language) for pack in every.packs}
    return [
        {"name": p.pack, "title": titles[p.pack], "under": _listed(titles, p.extends, language)}
        for p in serving_packs(every)
    ]


def _listed(titles: Mapping[str, str], names: Iterable[str], language: str) -> str:
    return ("、" if language == "zh" else ", ").join(titles.get(name, name) for name in names)


def _models(visit: ConsoleRequest) -> list[str]:
    return sorted({model for each in visit.parts.upstreams for model in each.settings.models})
