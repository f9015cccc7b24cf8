"""Log in, log out, the one-time link, the language."""

from __future__ import annotations

from urllib.parse import urlsplit

from threegate.console.accounts import MIN_PASSWORD, Account, AccountError, now
from threegate.console.sessions import COOKIE, MAX_OF_ADDRESS
from threegate.console.web import LANGUAGE_COOKIE, Answer, Moved, Refusal, Shown, Visit, blocking
from threegate.types import Bilingual

ERRORS = {
    "name": Bilingual("账号名只能用字母、数字和 . _ @ -", "use letters, digits and . _ @ -"),
    "password": Bilingual(f"密码至少 {MIN_PASSWORD} 位", f"at least {MIN_PASSWORD} characters"),
    "invite": Bilingual("链接已失效", "this link is used up or too old"),
    "taken": Bilingual("账号名已被使用", "this name is taken"),
    "last-admin": Bilingual("必须保留一名管理员", "one administrator has to stay"),
    "again": Bilingual("两次输入的密码不同", "the passwords differ"),
}


async def login_page(visit: Visit) -> Answer:
    empty = await blocking(visit.parts.accounts.empty)
    return Shown("login.html", {"error": "", "empty": empty})


async def login(visit: Visit) -> Answer:
    """Nobody can lock somebody else out from elsewhere: names count per address."""
    name, throttle = visit.form.get("name", "")[:64], visit.parts.throttle
    address = visit.request.client.host if visit.request.client else ""
    keys = (f"name:{name}:{address}", f"address:{address}")
    if throttle.closed(keys[0]) or throttle.closed(keys[1], MAX_OF_ADDRESS):
        raise Refusal(429, "尝试次数过多，请 15 分钟后再试", "too many tries; wait 15 minutes")
    account = await blocking(visit.parts.accounts.log_in, name, visit.form.get("password", ""))
    if account is None:
        for key in keys:
            throttle.failed(key)
        error = visit.says("账号或密码不对", "wrong name or password")
        return Shown("login.html", {"error": error, "empty": False}, 401)
    throttle.succeeded(keys[0])
    return _welcome(visit, account)


def _welcome(visit: Visit, account: Account) -> Moved:
    cookie = visit.parts.signer.sign("session", account.name, account.epoch)
    return Moved("", data={"name": account.name}, cookies={COOKIE: cookie})


async def setup_page(visit: Visit) -> Answer:
    invite = await blocking(visit.parts.accounts.invited, visit.path["token"], now())
    if invite is None:
        raise Refusal(404, ERRORS["invite"].zh, ERRORS["invite"].en)
    roles = sorted(r.value for r in invite.roles)
    return Shown("setup.html", {"name": invite.name, "invited_roles": roles, "error": ""})


async def setup(visit: Visit) -> Answer:
    form, token = visit.form, visit.path["token"]
    try:
        if form.get("password", "") != form.get("again", form.get("password", "")):
            raise AccountError("again")
        account = await blocking(
            visit.parts.accounts.accept,
            token,
            form.get("name", ""),
            form.get("password", ""),
            now(),
        )
    except AccountError as error:
        data = {"name": "", "invited_roles": [], "error": ERRORS[error.code].get(visit.language)}
        return Shown("setup.html", data, 400)
    return _welcome(visit, account)


async def logout(visit: Visit) -> Answer:
    """Ends every session of the account."""
    await blocking(visit.parts.accounts.end_sessions, visit.me.name)
    return Moved("/login", cookies={COOKIE: ""})


async def language(visit: Visit) -> Answer:
    """Only back to a page of ours."""
    to = visit.path["to"]
    if to not in ("zh", "en"):
        raise Refusal(404, "没有这种语言", "no such language")
    back = visit.query.get("back", "/")
    ours = back.startswith("/") and not back.startswith(("//", "/\\")) and not urlsplit(back).netloc
    return Moved(back if ours else "/", cookies={LANGUAGE_COOKIE: to})
