"""Accounts and their roles, for administrators."""

from __future__ import annotations

from threegate.console.auth.accounts import AccountError, now
from threegate.console.auth.security import seen_from
from threegate.console.errors import ConsoleError, refusal
from threegate.console.web import Answer, ConsoleRequest, Redirect, Shown, blocking
from threegate.policy.lifecycle.people import Role


async def listing(visit: ConsoleRequest) -> Answer:
    return await _page(visit)


async def _page(
    visit: ConsoleRequest, status: int = 200, *, link: str = "", invited: str = "", error: str = ""
) -> Shown:
    """The accounts, and people who were invited but have not signed up yet."""
    people = await _people(visit)
    names = {str(person["name"]) for person in people}
    open_ = await blocking(visit.parts.accounts.pending, now())
    data = {"people": people, "pending": [n for n in open_ if n not in names]}
    return Shown(
        "account/people.html", data | {"link": link, "invited": invited, "error": error}, status
    )


async def _people(visit: ConsoleRequest) -> list[dict[str, object]]:
    return [
        {
            "name": a.name,
            "roles": [r.value for r in Role if r in a.roles],
            "group": a.group,
            "closed": a.closed,
        }
        for a in await blocking(visit.parts.accounts.all)
    ]


def _roles(visit: ConsoleRequest) -> frozenset[Role]:
    return frozenset(r for r in Role if visit.form.get(f"role_{r.value}"))


async def invite(visit: ConsoleRequest) -> Answer:
    """The link is shown once. For an existing name it only sets a new password."""
    name, group, roles = visit.form.get("name", ""), visit.form.get("group", "")[:64], _roles(visit)
    if not name:
        raise ConsoleError(400, AccountError("name").text)
    await visit.note("attempt", what="invite", object=name)
    try:
        token = await blocking(visit.parts.accounts.invite, name, roles, group, now())
    except AccountError as error:
        return await _page(visit, 400, error=error.text.get(visit.language))
    await visit.note("invite", object=name, roles=sorted(roles), group=group)
    link = f"{seen_from(visit.request)}{visit.request.scope.get('root_path', '')}/setup/{token}"
    return await _page(visit, link=link, invited=name)


async def change(visit: ConsoleRequest) -> Answer:
    name, roles = visit.path["name"], _roles(visit)
    closed, group = bool(visit.form.get("closed")), visit.form.get("group", "")[:64]
    if await blocking(visit.parts.accounts.find, name) is None:
        raise refusal("no-account")
    await visit.note("attempt", what="account", object=name)
    try:
        await blocking(lambda: visit.parts.accounts.change(name, roles, group, closed=closed))
    except AccountError as error:
        raise ConsoleError(409, error.text) from None
    await visit.note("account", object=name, roles=sorted(roles), group=group, closed=closed)
    return Redirect("/people", done="account-saved")
