"""Word lists: their words, where they are used, as a table in and out. Changes go into the draft
and are approved like rules."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from threegate.console.content.files import (
    NAME,
    ListView,
    lines_of,
    lists_of,
    unread,
    with_list,
    words_file,
)
from threegate.console.content.own_detectors import without
from threegate.console.drafts import Workspace
from threegate.console.errors import refusal
from threegate.console.forms.new_rule import own_pack
from threegate.console.views.conflict import unseen
from threegate.console.views.content.parts import (
    change_pack,
    check_unused,
    csv_file,
    found_in,
    read_table,
)
from threegate.console.views.new_rule import target_pack
from threegate.console.views.policies import keep_file, packs_of, space_of
from threegate.console.web import Answer, ConsoleRequest, Redirect, Shown, blocking
from threegate.policy.language.load import pack_path
from threegate.policy.language.wordlist import imported
from threegate.policy.schema import Match
from threegate.types import Bilingual

COLUMNS = ("text",)
WHY_DOUBTFUL = ("repeated", "short", "common", "long")


async def listing(visit: ConsoleRequest) -> Answer:
    space, bundle = await packs_of(visit)
    packs = {pack.pack: pack.title.get(visit.language) for pack in bundle.packs}
    rows = [_row(each, space) | {"pack_title": packs[each.pack]} for each in lists_of(bundle)]
    return Shown("policy/lists.html", {"lists": rows})


def _row(found: ListView, space: Workspace) -> dict[str, Any]:
    row = asdict(found) | {"count": len(found.words)}
    row["title"] = row["title"] or {"zh": "", "en": ""}
    del row["words"]
    changed = (found.file or pack_path(found.pack)) in space.files
    return row | {"changed": changed}


async def _known(visit: ConsoleRequest, space: Workspace) -> ListView:
    """The list in the address. Raises ConsoleError."""
    every, wanted = lists_of(await blocking(space.bundle)), visit.path
    return found_in(every, wanted["pack"], wanted["list"], "no-list")


async def page(visit: ConsoleRequest) -> Answer:
    space = await space_of(visit)
    return Shown("policy/list.html", await blocking(_page, await _known(visit, space), space))


def _page(found: ListView, space: Workspace, **extra: Any) -> dict[str, Any]:
    row = _row(found, space) | {"words": "\n".join(found.words)}
    matches = [m.value for m in Match]
    return {
        "seen": _state(found, space),
        "list": row,
        "matches": matches,
        "report": None,
        "doubts": _doubts(found),
        **extra,
    }


def _doubts(found: ListView) -> dict[str, list[str]]:
    """Words that an import would leave out, by the reason."""
    came = imported({"text": word} for word in found.words)
    return {why: [found.words[n - 1] for n in getattr(came, why)] for why in WHY_DOUBTFUL}


async def create(visit: ConsoleRequest) -> Answer:
    """Creates a list in the pack of the user's own rules, with its words in a separate file."""
    space, name = await space_of(visit), visit.form.get("name", "").strip()
    words = await blocking(lines_of, visit.form.get("words", ""))
    bundle = await blocking(space.bundle)
    pack = target_pack(space, bundle)
    if not NAME.fullmatch(name):
        raise refusal("name")
    if not words:
        raise refusal("no-word")
    if any(each.name == name for each in lists_of(bundle)):
        raise refusal("list-exists")
    match = visit.form.get("match", "word")
    found = ListView(name, pack, f"lists/{name}.txt", match, words, title=_title(visit))
    await _save(visit, space, found)
    return Redirect(f"/policies/list/{pack}/{name}", done="saved", data={"pack": pack})


def _title(visit: ConsoleRequest, now: Bilingual | None = None) -> Bilingual | None:
    """As given in the form, or as it is; one language alone serves for both."""
    if "title_zh" not in visit.form:
        return now
    zh, en = (visit.form.get(f"title_{language}", "").strip() for language in ("zh", "en"))
    return Bilingual(zh or en, en or zh) if zh or en else None


async def save(visit: ConsoleRequest) -> Answer:
    space = await space_of(visit)
    found = await _known(visit, space)
    words = await blocking(lines_of, visit.form.get("words", ""))
    match = visit.form.get("match", found.match)
    mine = replace(found, match=match, words=words, title=_title(visit, found.title))
    if conflict := await unseen(
        visit, space, await _files(visit, space, mine), _state(found, space)
    ):
        return conflict
    await _save(visit, space, mine)
    return Redirect(f"/policies/list/{found.pack}/{found.name}", done="saved")


def _state(found: ListView, space: Workspace) -> str:
    words = [(found.file, "")] if found.file else []
    return space.state((pack_path(found.pack), f"lists/{found.name}"), *words)


async def _files(visit: ConsoleRequest, space: Workspace, found: ListView) -> dict[str, str]:
    """The files of the draft with this list. Raises ConsoleError."""
    if found.match not in list(Match):
        raise refusal("no-matching")
    path = pack_path(found.pack)
    pack = space.text(path) or own_pack()
    files = {path: await blocking(with_list, pack, found)}
    if found.file:
        files[found.file] = words_file(space.text(found.file), found.words, visit.me.name)
    return files


async def _save(visit: ConsoleRequest, space: Workspace, found: ListView) -> None:
    files = await _files(visit, space, found)
    await change_pack(visit, space, found.pack, lambda _: files[pack_path(found.pack)])
    if found.file:
        await keep_file(visit, space, found.file, files[found.file])


async def remove(visit: ConsoleRequest) -> Answer:
    """Deletes it from the pack unless a rule still looks for it; its file is no longer part of the
    policy."""
    space = await space_of(visit)
    found = await _known(visit, space)
    check_unused(found.used)
    await change_pack(visit, space, found.pack, lambda text: without(text, "lists", found.name))
    if found.file:
        await blocking(visit.parts.drafts.discard, visit.me.name, found.file)
    return Redirect("/policies/lists", done="removed")


async def take_table(visit: ConsoleRequest) -> Answer:
    """Imports words from a table, adding to or replacing the list; doubtful ones are reported by
    row."""
    space = await space_of(visit)
    found = await _known(visit, space)
    rows = read_table(visit, COLUMNS)
    came = await blocking(imported, rows.values())
    named = [{"row": number, "word": row.get("text", "")} for number, row in rows.items()]
    kept = () if visit.form.get("replace") else found.words
    words = tuple(dict.fromkeys((*kept, *came.words)))
    await _save(visit, space, replace(found, words=words))
    doubtful = {why: [named[at - 1] for at in getattr(came, why)] for why in WHY_DOUBTFUL}
    known = len(set(came.words).intersection(kept))
    unknown = unread(visit.form.get("csv", ""), COLUMNS)
    report = {**doubtful, "unread": unknown, "taken": len(came.words) - known, "known": known}
    space = await space_of(visit)
    known_now = await _known(visit, space)
    page = await blocking(_page, known_now, space)
    return Shown("policy/list.html", page | {"report": report})


async def export(visit: ConsoleRequest) -> Answer:
    space = await space_of(visit)
    found = await _known(visit, space)
    return csv_file(found.name, COLUMNS, ([word] for word in found.words), visit.language)
