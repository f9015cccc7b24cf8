"""Curated replies: both languages of each, who uses them, as a table in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from threegate.console.content.files import answer_users, paths_of
from threegate.console.drafts import Workspace
from threegate.console.errors import refusal
from threegate.console.presenters.form_choices import answer_names
from threegate.console.views.conflict import unseen
from threegate.console.views.content.parts import Row, csv_file, take_rows
from threegate.console.views.guided import drafted_answers
from threegate.console.views.policies import keep_file, space_of
from threegate.console.web import Answer, ConsoleRequest, Redirect, Shown, blocking

COLUMNS = ("name", "zh", "en")


async def listing(visit: ConsoleRequest) -> Answer:
    return Shown("policy/answers.html", {"answers": await _rows(await space_of(visit))})


async def _rows(space: Workspace) -> list[dict[str, Any]]:
    bundle = await blocking(space.bundle)
    names = sorted(answer_names(bundle) | set(drafted_answers(space)))
    return [_row(space, name) | {"used": list(answer_users(bundle, name))} for name in names]


def _row(space: Workspace, name: str) -> dict[str, Any]:
    paths = paths_of(name)
    zh, en = (space.text(path) for path in paths)
    return {"name": name, "zh": zh, "en": en, "changed": any(p in space.files for p in paths)}


async def page(visit: ConsoleRequest) -> Answer:
    """A reply, or the empty page for a new one."""
    space, name = await space_of(visit), visit.path["answer"]
    used = answer_users(await blocking(space.bundle), name)
    more = {"used": list(used), "seen": _state(space, name)}
    return Shown("policy/answer.html", _row(space, name) | more)


async def create(visit: ConsoleRequest) -> Answer:
    name = visit.form.get("name", "").strip()
    paths_of(name)  # raises ConsoleError
    return Redirect(f"/policies/answer/{name}")


async def save(visit: ConsoleRequest) -> Answer:
    """Requires both languages, because users of the other language would get no answer."""
    space, name = await space_of(visit), visit.path["answer"]
    files = _files(name, visit.form)
    if conflict := await unseen(visit, space, files, _state(space, name)):
        return conflict
    await _save(visit, space, files)
    return Redirect(f"/policies/answer/{name}", done="saved")


def _state(space: Workspace, name: str) -> str:
    return space.state(*((path, "") for path in paths_of(name)))


def _files(name: str, given: Mapping[str, str]) -> dict[str, str]:
    """Raises ConsoleError."""
    texts = [given.get(language, "").strip() for language in ("zh", "en")]
    if not all(texts):
        raise refusal("both-languages")
    return {path: text + "\n" for path, text in zip(paths_of(name), texts, strict=True)}


async def _save(visit: ConsoleRequest, space: Workspace, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        await keep_file(visit, space, path, text)


async def take_table(visit: ConsoleRequest) -> Answer:
    space = await space_of(visit)

    async def take(row: Row) -> None:
        await _save(visit, space, _files(row.get("name", ""), row))

    taken = await take_rows(visit, COLUMNS, take)
    return Redirect("/policies/answers", done="saved", data={"taken": taken})


async def export(visit: ConsoleRequest) -> Answer:
    rows = await _rows(await space_of(visit))
    return csv_file(
        "answers", COLUMNS, ([row[name] for name in COLUMNS] for row in rows), visit.language
    )
