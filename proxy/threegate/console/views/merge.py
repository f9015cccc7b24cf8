"""Merges into a draft, rule by rule: a version returned to its author, or changes by others that
came into force meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from threegate.console.drafts import PACKS, DraftFile, Returned, Workspace, packs_text
from threegate.console.errors import refusal
from threegate.console.pack_merge import MINE, THEIRS, Conflict, Merged, merge
from threegate.console.presenters.changes import compared
from threegate.console.views.drafts import base_of
from threegate.console.views.policies import space_of
from threegate.console.web import Answer, ConsoleRequest, Redirect, Shown, blocking
from threegate.i18n.catalog import listed
from threegate.policy.lifecycle.commands import Submit
from threegate.policy.lifecycle.store import now_utc


async def merge_page(visit: ConsoleRequest) -> Answer:
    """Both sides of every piece that two people changed."""
    space = await space_of(visit)
    files = await blocking(_files, space)
    names = {c["name"] or file["path"] for file in files for c in file["conflicts"]}
    return Shown(
        "policy/merge.html", {"files": files, "cards": await _in_words(visit, space, names)}
    )


async def _in_words(visit: ConsoleRequest, space: Workspace, names: set[str]) -> dict[str, Any]:
    """Of these rules, word lists, detectors and files, by name, what is in force and what the draft
    says."""
    if not names:
        return {}
    force, draft = await base_of(visit), await visit.checked(space.check)
    found = compared(force, draft, visit.language)
    cards = {_piece(card["id"]): card for card in (*found["parts"], *found["rules"])}
    return {name: card for name, card in cards.items() if name in names}


PARTS = {"list": "lists", "pattern": "detectors", "category": "detectors"}


def _piece(id: str) -> str:
    """The piece of a pack that a card is about: a word list or detector by its name there."""
    kind, _, name = id.partition(".")
    return f"{PARTS[kind]}/{name}" if kind in PARTS else id


def _files(space: Workspace) -> list[dict[str, Any]]:
    return [_file(path, _merged(space, path)) for path in space.moved()]


def _file(path: str, made: Merged) -> dict[str, Any]:
    conflicts = [asdict(c) | _sides(c) for c in made.conflicts]
    return {"path": path, "conflicts": conflicts, "taken": list(made.taken)}


def _sides(found: Conflict) -> dict[str, Any]:
    """Each side's lines, marked where the other side lacks them."""
    mine, theirs = found.mine.splitlines(), found.theirs.splitlines()
    return {
        "name": found.key.removeprefix("rules/"),
        "mine_lines": _marked(mine, frozenset(theirs)),
        "their_lines": _marked(theirs, frozenset(mine)),
    }


def _marked(lines: list[str], others: frozenset[str]) -> list[tuple[str, bool]]:
    return [(line, line not in others) for line in lines]


def _merged(space: Workspace, path: str, choices: dict[str, str] | None = None) -> Merged:
    file = space.files[path]
    return merge(path, file.base or "", file.text, space.in_force(path), choices)


async def merge_draft(visit: ConsoleRequest) -> Answer:
    """Merges what came into force into the draft; `choice/PATH/KEY` settles a conflict. Raises
    ConsoleError while one is open."""
    space = await space_of(visit)
    for path in space.moved():
        made = await blocking(_merged, space, path, _choices(visit, path))
        if made.conflicts:
            raise refusal("conflict")
        await _rebase(visit, path, made.text, space.in_force(path))
    return Redirect("/policies/draft", done="merged")


async def _rebase(visit: ConsoleRequest, path: str, text: str, base: str) -> None:
    save = partial(visit.parts.drafts.save, rebase=True)
    await blocking(save, visit.me.name, path, text, base)


def _choices(visit: ConsoleRequest, path: str) -> dict[str, str]:
    head = f"choice/{path}/"
    given = {n.removeprefix(head): v for n, v in visit.form.items() if n.startswith(head)}
    return {key: side for key, side in given.items() if side in (MINE, THEIRS)}


async def give_back(visit: ConsoleRequest, digest: str, verb: str, note: str) -> None:
    """Returns the files of a version to its submitter's draft, unless that draft already changes
    one of them; then the version waits until its author resumes it."""
    author = await _submitter(visit, digest)
    if not author:
        return
    files = await _changed_files(visit, digest)
    busy = await blocking(visit.parts.drafts.files, author)
    free = not set(files) & set(busy)
    if free:
        await _restore(visit, author, files)
    came = Returned(digest, verb, visit.me.name, note, now_utc(), free)
    await blocking(visit.parts.drafts.send_back, author, came)


async def _submitter(visit: ConsoleRequest, digest: str) -> str:
    events = await blocking(visit.parts.versions.events)
    by = [e.by for e in events if isinstance(e.command, Submit) and e.command.digest == digest]
    return by[-1] if by else ""


async def _changed_files(visit: ConsoleRequest, digest: str) -> dict[str, tuple[str, str]]:
    """Text and base of each file that a version changed."""
    versions = visit.parts.versions
    base = (await blocking(versions.state)).versions[digest].base
    new = await blocking(versions.load, digest)
    old = await blocking(versions.load, base) if base else None
    ground = await blocking(visit.parts.ground)
    assert new is not None
    found = {}
    for path, content in new.files.items():
        before = (old.files.get(path) if old else ground.tree.read(path)) or b""
        if before != content:
            found[path] = (content.decode("utf-8", "replace"), before.decode("utf-8", "replace"))
    packs = old.packs if old else ground.packs
    if new.packs != packs:
        found[PACKS] = (packs_text(new.packs), packs_text(packs))
    return found


async def _restore(visit: ConsoleRequest, author: str, files: dict[str, tuple[str, str]]) -> None:
    for path, (text, base) in files.items():
        await blocking(visit.parts.drafts.save, author, path, text, base)


async def resume(visit: ConsoleRequest) -> Answer:
    """Resumes a returned version, or dismisses it."""
    drafts, me, digest = visit.parts.drafts, visit.me.name, visit.path["digest"]
    known = {r.digest: r for r in await blocking(drafts.returned, me)}
    if digest not in known:
        raise refusal("no-returned")
    dropped = visit.form.get("do") == "drop"
    if not dropped:
        files = await _changed_files(visit, digest)
        draft = await blocking(drafts.files, me)
        await _restore(visit, me, await blocking(_with_draft, files, draft))
    await blocking(drafts.settle, me, digest)
    return Redirect("/policies/draft", done="discarded" if dropped else "saved")


def _with_draft(
    files: dict[str, tuple[str, str]], draft: Mapping[str, DraftFile]
) -> dict[str, tuple[str, str]]:
    """The files of a version merged with the draft's changes. Raises ConsoleError if both change
    the same piece."""
    sides = {path: draft[path].text if path in draft else base for path, (_, base) in files.items()}
    made = {path: merge(path, base, sides[path], text) for path, (text, base) in files.items()}
    twice = [c.key.removeprefix("rules/") or path for path, m in made.items() for c in m.conflicts]
    if twice:
        raise refusal("draft-conflict", pieces=listed(twice))
    return {path: (made[path].text, base) for path, (_, base) in files.items()}
