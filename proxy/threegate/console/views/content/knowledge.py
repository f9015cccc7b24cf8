"""Knowledge: the documents that the fact check compares answers with. Changes go into the draft and
are approved like rules."""

from __future__ import annotations

from typing import Any

from threegate.console.content.knowledge import (
    Base,
    Document,
    bases_of,
    checks_of,
    document_path,
    with_files,
)
from threegate.console.drafts import Workspace
from threegate.console.errors import refusal
from threegate.console.presenters.fact_checks import fact_check
from threegate.console.views.conflict import unseen
from threegate.console.views.content.parts import Row, change_pack, csv_file, found_in, take_rows
from threegate.console.views.new_rule import target_pack
from threegate.console.views.policies import keep_file, packs_of, space_of
from threegate.console.web import Answer, ConsoleRequest, Redirect, Shown, blocking
from threegate.policy.language.load import pack_path

COLUMNS = ("base", "document", "content")


async def listing(visit: ConsoleRequest) -> Answer:
    space, bundle = await packs_of(visit)
    checks = [fact_check(rule, visit.language) for rule in checks_of(bundle.packs)]
    bases = [_row(base, space) for base in bases_of(bundle)]
    return Shown("policy/knowledge.html", {"bases": bases, "checks": checks})


def _row(base: Base, space: Workspace) -> dict[str, Any]:
    documents = [_document(each, space) for each in base.documents]
    return {
        "name": base.name,
        "pack": base.pack,
        "documents": documents,
        "characters": sum(d["characters"] for d in documents),
        "used": list(base.used),
        "changed": pack_path(base.pack) in space.files or any(d["changed"] for d in documents),
    }


def _document(found: Document, space: Workspace) -> dict[str, Any]:
    return {
        "name": found.name,
        "title": found.title,
        "characters": len(found.text),
        "changed": found.path in space.files,
    }


async def _known(visit: ConsoleRequest, space: Workspace) -> Base:
    """The base in the address. Raises ConsoleError."""
    every, wanted = bases_of(await blocking(space.bundle)), visit.path
    return found_in(every, wanted["pack"], wanted["base"], "no-base")


async def page(visit: ConsoleRequest) -> Answer:
    space = await space_of(visit)
    return Shown("policy/base.html", {"base": _row(await _known(visit, space), space)})


def _in(base: Base, name: str) -> Document:
    found = next((each for each in base.documents if each.name == name), None)
    if found is None:
        raise refusal("no-document")
    return found


async def document(visit: ConsoleRequest) -> Answer:
    space = await space_of(visit)
    base = await _known(visit, space)
    found = _in(base, visit.path["document"])
    shown = _document(found, space) | {"text": found.text}
    seen = space.state((found.path, ""))
    data = {"base": _row(base, space), "document": shown, "seen": seen}
    return Shown("policy/document.html", data)


async def create(visit: ConsoleRequest) -> Answer:
    """Creates a base in the pack of the user's own rules, with its first document."""
    space, name = await space_of(visit), visit.form.get("name", "").strip()
    bundle = await blocking(space.bundle)
    if any(base.name == name for base in bases_of(bundle)):
        raise refusal("base-exists")
    base = Base(name, target_pack(space, bundle))
    await _add(visit, space, base, visit.form.get("document", ""), visit.form.get("text", ""))
    return Redirect(f"/policies/knowledge/{base.pack}/{name}", done="saved")


async def add(visit: ConsoleRequest) -> Answer:
    space = await space_of(visit)
    base, form = await _known(visit, space), visit.form
    await _add(visit, space, base, form.get("document", ""), form.get("text", ""))
    return Redirect(f"/policies/knowledge/{base.pack}/{base.name}", done="saved")


async def _add(visit: ConsoleRequest, space: Workspace, base: Base, name: str, text: str) -> None:
    """Saves a document, replacing one of this base with the same name. Raises ConsoleError."""
    path = document_path(name)
    mine = [each.path for each in base.documents]
    if path not in mine and space.text(path):
        raise refusal("document-exists")
    text = _checked(text)
    await _define(visit, space, base, [*mine, path])
    await keep_file(visit, space, path, text)


def _checked(text: str) -> str:
    """Raises ConsoleError."""
    if not text.strip():
        raise refusal("no-text")
    if not {"\0", "\ufffd"}.isdisjoint(text):  # of Word, PDF or a picture; forms hold no NUL
        raise refusal("not-a-text")
    return text.strip() + "\n"


async def _define(visit: ConsoleRequest, space: Workspace, base: Base, files: list[str]) -> None:
    await change_pack(visit, space, base.pack, lambda text: with_files(text, base.name, files))


async def save(visit: ConsoleRequest) -> Answer:
    space = await space_of(visit)
    base = await _known(visit, space)
    found = _in(base, visit.path["document"])
    text, state = _checked(visit.form.get("text", "")), space.state((found.path, ""))
    if conflict := await unseen(visit, space, {found.path: text}, state):
        return conflict
    await keep_file(visit, space, found.path, text)
    return Redirect(f"/policies/knowledge/{base.pack}/{base.name}/{found.name}", done="saved")


async def remove(visit: ConsoleRequest) -> Answer:
    """Removes the document from its base; its file is no longer part of the policy."""
    space = await space_of(visit)
    base = await _known(visit, space)
    found = _in(base, visit.path["document"])
    rest = [each.path for each in base.documents if each is not found]
    await _define(visit, space, base, rest)
    if not rest:
        return Redirect("/policies/knowledge", done="removed")
    return Redirect(f"/policies/knowledge/{base.pack}/{base.name}", done="removed")


async def take_table(visit: ConsoleRequest) -> Answer:
    """Imports documents from a table, each into its base; missing bases are created."""

    async def take(row: Row) -> None:
        space, bundle = await packs_of(visit)  # each row continues from the one before
        name = row.get("base", "").strip()
        new = Base(name, target_pack(space, bundle))
        base = next((each for each in bases_of(bundle) if each.name == name), new)
        await _add(visit, space, base, row.get("document", ""), _text_of(row))

    taken = await take_rows(visit, COLUMNS, take)
    return Redirect("/policies/knowledge", done="saved", data={"taken": taken})


def _text_of(row: Row) -> str:
    """A column `text` is one of words elsewhere."""
    return row.get("content") or row.get("text", "")


async def export(visit: ConsoleRequest) -> Answer:
    _, bundle = await packs_of(visit)
    rows = [(base.name, d.name, d.text) for base in bases_of(bundle) for d in base.documents]
    return csv_file("knowledge", COLUMNS, rows, visit.language)
