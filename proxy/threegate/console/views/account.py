"""Log in, by password or at a provider, log out, the one-time link, the language."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from starlette.responses import RedirectResponse

from threegate.console.auth.accounts import NAME, Account, AccountError, SsoIdentity, now
from threegate.console.auth.oidc import OidcError, Provider, Started
from threegate.console.auth.passwords import TooManyHashesError
from threegate.console.auth.sessions import (
    BROWSER_COOKIE,
    COOKIE,
    MAX_FAILURES,
    MAX_OF_ADDRESS,
    SESSION,
    SSO_COOKIE,
    SSO_S,
    SSO_SESSION,
)
from threegate.console.errors import ConsoleError, refusal
from threegate.console.web import (
    LANGUAGE_COOKIE,
    Answer,
    ConsoleRequest,
    Redirect,
    Shown,
    blocking,
    sso_path,
)

SSO_VALUES = 4
"""State, nonce, verifier and the page that was requested."""
log = logging.getLogger(__name__)


async def login_page(visit: ConsoleRequest) -> Answer:
    empty = await blocking(visit.parts.accounts.empty)
    return Shown("account/login.html", _login(visit, empty=empty))


def _login(visit: ConsoleRequest, error: str = "", *, empty: bool = False) -> dict[str, object]:
    wanted = visit.form.get("next") or visit.query.get("next", "")
    sso = visit.parts.sso is not None
    return {"error": error, "empty": empty, "sso": sso, "next": own_page(wanted)}


def own_page(wanted: str) -> str:
    """The address if it is a page of the console, else the front page. A browser reads a backslash
    as a slash, so both forms of another site's address are refused."""
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    safe = ours and not urlsplit(wanted).netloc and not set(wanted) & set("\\\r\n\t")
    return wanted if safe else "/"


async def session(visit: ConsoleRequest) -> Answer:
    """Whether the visitor still has a session, checked before a form is sent."""
    return Shown(
        "account/welcome.html", {"name": visit.person.name if visit.person else "", "next": "/"}
    )


async def login(visit: ConsoleRequest) -> Answer:
    """Attempts count per name and address, so an attacker elsewhere cannot lock a person out. In a
    browser in which the account has been used they count for that browser only, because everybody
    behind one reverse proxy shares an address. All such browsers of an account together are limited
    too."""
    name, throttle = visit.form.get("name", "")[:64], visit.parts.throttle
    counted = _counted(visit, name)
    if not all(throttle.attempt(key, most) for key, most in counted.items()):
        raise refusal("tries")
    account = await _hashed(visit, tuple(counted), visit.parts.accounts.log_in, name)
    if account is None:
        error = visit.text_in("账号或密码不对", "wrong name or password")
        return Shown("account/login.html", _login(visit, error), 401)
    *shared, own = counted
    throttle.forget(own)
    for key in shared:
        throttle.take_back(key)
    return _welcome(visit, account)


def _counted(visit: ConsoleRequest, name: str) -> dict[str, int]:
    """The keys under which an attempt counts, and the limit of each; the last key belongs to one
    account."""
    cookie = visit.request.cookies.get(BROWSER_COOKIE, "")
    if browser := visit.parts.signer.read_browser(name, cookie):
        return {f"browsers:{name}": MAX_OF_ADDRESS, f"browser:{browser}": MAX_FAILURES}
    address = _address(visit)
    return {f"address:{address}": MAX_OF_ADDRESS, f"name:{name}:{address}": MAX_FAILURES}


def _address(visit: ConsoleRequest) -> str:
    return subscriber(visit.request.client.host if visit.request.client else "")


def subscriber(address: str) -> str:
    """The part of a client's address under which log-ins count. One subscriber has a whole IPv6
    /64."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return address
    network = IPv6Address(known.packed[:8] + bytes(8))
    return str(known.ipv4_mapped or network)


async def _hashed(
    visit: ConsoleRequest,
    keys: tuple[str, ...],
    log_in: Callable[[str, str], Account | None],
    name: str,
) -> Account | None:
    """The account with this password. An attempt refused because of others' log-ins does not count
    as a guess."""
    password = visit.form.get("password", "")
    try:
        return await visit.parts.hashes.run(keys[0], log_in, name, password)
    except TooManyHashesError:
        for key in keys:
            visit.parts.throttle.take_back(key)
        raise _busy() from None


def _busy() -> ConsoleError:
    return refusal("busy")


def _welcome(visit: ConsoleRequest, account: Account) -> Redirect:
    signer = visit.parts.signer
    cookies = {
        COOKIE: signer.sign(SESSION, account.name, account.epoch),
        BROWSER_COOKIE: signer.sign_browser(account.name),
    }
    to = own_page(visit.form.get("next", ""))
    return Redirect(to.rstrip("/"), data={"name": account.name}, cookies=cookies)


async def sso(visit: ConsoleRequest) -> Answer:
    """Redirects to the provider. The reply must match what this browser keeps meanwhile."""
    try:
        started = await _provider(visit).start()
    except OidcError as error:
        return _no_entry(visit, error)
    kept = visit.parts.signer.sign("sso", started.state, started.nonce, started.verifier,
                                   own_page(visit.query.get("next", "")))  # fmt: skip
    response = RedirectResponse(started.url, 303)
    # Lax: the provider's page sends the browser back here, and Strict cookies are not sent then.
    response.set_cookie(
        SSO_COOKIE, kept, SSO_S, path=sso_path(visit.request), httponly=True, samesite="lax",
        secure=_provider(visit).redirect.startswith("https:"),
    )  # fmt: skip
    return response


async def sso_back(visit: ConsoleRequest) -> Answer:
    """Turns the provider's answer into a session. It shows a page instead of redirecting, so that
    the next request comes from our own page and carries the strict cookie."""
    kept = visit.request.cookies.get(SSO_COOKIE, "")
    values = visit.parts.signer.read("sso", kept, SSO_S)
    if values is None or len(values) != SSO_VALUES:
        return _too_old(visit)
    *parts, wanted = (str(v) for v in values)
    started = Started(*parts)
    if not hmac.compare_digest(visit.query.get("state", "").encode(), started.state.encode()):
        return _too_old(visit)
    try:
        guest = await _provider(visit).finish(visit.query.get("code", ""), started)
        account = await _welcomed(visit, guest)
    except (OidcError, AccountError) as error:
        return _no_entry(visit, error)
    cookie = visit.parts.signer.sign(SSO_SESSION, account.name, account.epoch)
    data = {"name": account.name, "next": wanted}
    tls = _provider(visit).redirect.startswith("https:")
    cookies = {COOKIE: cookie, SSO_COOKIE: ""}  # the answer is used up, whatever the provider says
    return Shown("account/welcome.html", data, cookies=cookies, tls=tls)


async def _welcomed(visit: ConsoleRequest, guest: SsoIdentity) -> Account:
    """A new account and changed roles are recorded, also that there are none any more. Raises
    AccountError."""
    accounts = visit.parts.accounts
    changed = await blocking(accounts.changed_by, guest)
    if changed:
        await visit.note_of(changed, "attempt", what="sso-account", object=changed)
    account = await blocking(accounts.welcome, guest)
    if changed:
        await _note_roles(visit, "sso-account", account)
    if not account.roles:
        raise AccountError("no-role")
    return account


async def _note_roles(visit: ConsoleRequest, verb: str, account: Account) -> None:
    name, roles = account.name, sorted(account.roles)
    await visit.note_of(name, verb, object=name, roles=roles, group=account.group)


def _provider(visit: ConsoleRequest) -> Provider:
    if visit.parts.sso is None:
        raise refusal("no-sso")
    return visit.parts.sso


def _no_entry(visit: ConsoleRequest, error: OidcError | AccountError) -> Shown:
    """Shows the log-in page again. The reason goes only to the server's log, so that an attacker
    learns nothing; the first few of a quarter of an hour, since anybody can fail here."""
    if visit.parts.throttle.attempt("single sign-on"):
        log.warning("single sign-on: %s", error)
    text = visit.text_in(
        "单点登录没有成功，请重试，或联系管理员",
        "single sign-on did not work; try again or ask an administrator",
    )
    return Shown("account/login.html", _login(visit, text), 403)


def _too_old(visit: ConsoleRequest) -> Shown:
    text = visit.text_in("登录已过期，请重新开始", "this log-in has expired; start again")
    return Shown("account/login.html", _login(visit, text), 400)


async def setup_page(visit: ConsoleRequest) -> Answer:
    invite = await blocking(visit.parts.accounts.invited, visit.path["token"], now())
    if invite is None:
        raise ConsoleError(404, AccountError("invite").text)
    roles = sorted(r.value for r in invite.roles)
    return Shown("account/setup.html", {"name": invite.name, "invited_roles": roles, "error": ""})


async def setup(visit: ConsoleRequest) -> Answer:
    form, token = visit.form, visit.path["token"]
    try:
        if form.get("password", "") != form.get("again", form.get("password", "")):
            raise AccountError("again")
        await _note_setup(visit, token)
        account = await visit.parts.hashes.run(
            f"address:{_address(visit)}",
            visit.parts.accounts.accept,
            token,
            form.get("name", ""),
            form.get("password", ""),
            now(),
        )
    except TooManyHashesError:
        raise _busy() from None
    except AccountError as error:
        data = {"name": "", "invited_roles": [], "error": error.text.get(visit.language)}
        return Shown("account/setup.html", data, 400)
    await _note_roles(visit, "sign-up", account)
    return _welcome(visit, account)


async def _note_setup(visit: ConsoleRequest, token: str) -> None:
    """Nobody without a link writes to the log. Raises AccountError."""
    invite = await blocking(visit.parts.accounts.invited, token, now())
    if invite is None:
        raise AccountError("invite")
    name = invite.name or visit.form.get("name", "")
    if not NAME.fullmatch(name):
        raise AccountError("name")
    await visit.note_of(name, "attempt", what="sign-up", object=name)


async def logout(visit: ConsoleRequest) -> Answer:
    """Ends every session of the account."""
    await blocking(visit.parts.accounts.end_sessions, visit.me.name)
    return Redirect("/login", cookies={COOKIE: ""})


async def language(visit: ConsoleRequest) -> Answer:
    """Returns only to a page of the console."""
    to = visit.path["to"]
    if to not in ("zh", "en"):
        raise refusal("no-language")
    return Redirect(own_page(visit.query.get("back", "/")), cookies={LANGUAGE_COOKIE: to})
