"""What the pages of word lists, knowledge and detectors have in common: a part of a pack is found
by its address, changed in the draft, and exported as a table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol, TypeVar

from starlette.responses import Response

from threegate.console.content.files import COLUMN_TITLES, table, table_rows
from threegate.console.drafts import PACKS, Workspace, packs_text
from threegate.console.errors import ERRORS, ConsoleError, refusal
from threegate.console.forms.new_rule import OWN_PACK, own_pack
from threegate.console.views.conflict import unseen
from threegate.console.views.policies import keep_file
from threegate.console.web import ConsoleRequest, Shown, blocking
from threegate.policy.language.load import pack_path

CSV = "text/csv; charset=utf-8"
Row = dict[str, str]


class Part(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def pack(self) -> str: ...


Found = TypeVar("Found", bound=Part)


def found_in(parts: Iterable[Found], pack: str, name: str, missing: str) -> Found:
    """The part of this pack and name. Raises ConsoleError `missing`."""
    found = next((each for each in parts if (each.pack, each.name) == (pack, name)), None)
    if found is None:
        raise refusal(missing)
    return found


def check_unused(used: Iterable[str]) -> None:
    """Raises ConsoleError if rules (given by id) still look for a part that is to be deleted."""
    if rules := ", ".join(used):
        raise refusal("in-use", rules=rules)


async def guarded(
    visit: ConsoleRequest,
    space: Workspace,
    pack: str,
    change: Callable[[str], str],
    state: str,
    back: str,
) -> Shown | None:
    """`change_pack`, or both sides where the draft no longer says what the form was drawn from
    (`unseen`)."""
    text = await blocking(change, space.text(pack_path(pack)) or own_pack())
    if conflict := await unseen(visit, space, {pack_path(pack): text}, state, back):
        return conflict
    await change_pack(visit, space, pack, lambda _: text)
    return None


async def change_pack(
    visit: ConsoleRequest, space: Workspace, pack: str, change: Callable[[str], str]
) -> None:
    """Changes a pack of the draft; the user's own pack is created and enabled with the first part
    that goes into it. Raises ConsoleError for an impossible change."""
    text = await blocking(change, space.text(pack_path(pack)) or own_pack())
    if pack == OWN_PACK and pack not in space.packs:
        await keep_file(visit, space, PACKS, packs_text((*space.packs, pack)))
    await keep_file(visit, space, pack_path(pack), text)


MAX_ROWS = 1000
"""Each is saved by itself, in up to a tenth of a second: hundreds of thousands fit into a form."""


async def take_rows(
    visit: ConsoleRequest, columns: tuple[str, ...], take: Callable[[Row], Awaitable[None]]
) -> int:
    """Processes each row of an uploaded table and returns their number. Raises ConsoleError that
    names the row; those above it are in the draft."""
    rows = read_table(visit, columns)
    if len(rows) > MAX_ROWS:
        raise refusal("many-rows", most=MAX_ROWS)
    for number, row in rows.items():
        try:
            await take(row)
        except ConsoleError as error:
            text = ERRORS["row"].filled({"number": number, "why": error.text})
            raise ConsoleError(error.status, text) from None
    return len(rows)


def read_table(visit: ConsoleRequest, columns: tuple[str, ...]) -> dict[int, Row]:
    """Raises ConsoleError, also for a table without rows, which would empty a list that it
    replaces."""
    if rows := table_rows(visit.form.get("csv", ""), columns):
        return rows
    raise refusal("no-rows")


def csv_file(
    name: str, columns: tuple[str, ...], rows: Iterable[Iterable[str]], language: str
) -> Response:
    """A table with headings that an import reads in either language."""
    titles = COLUMN_TITLES
    header = tuple(titles[code].get(language) if code in titles else code for code in columns)
    headers = {"content-disposition": f'attachment; filename="{name}.csv"'}
    return Response(table(header, rows), media_type=CSV, headers=headers)
