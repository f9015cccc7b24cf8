"""Accounts: roles and one-time invitations, no default password; or accounts created by single
sign-on, without a password. While there is no account, one link creates the first, with every role;
its token is derived from the installation's secret, so every worker and replica shows the same one.
Every later account is invited by an administrator and sets its own password. Roles are read for
every request, so a removed role takes effect at once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from threegate.audit.log.record import PROXY
from threegate.console.auth.passwords import MIN_PASSWORD, fits, hash_of
from threegate.console.database import ACCOUNT, GUEST, INVITE, changing_accounts
from threegate.i18n.catalog import texts
from threegate.normalize.fold import plain_text
from threegate.policy.lifecycle.people import Person, Role

_ANY_ACCOUNT = select(ACCOUNT.c.name).limit(1)
NAME = re.compile(r"[\w.@-]{1,64}")
_NO_HAN = re.compile(r"[^\u3400-\u9fff]+")
ERRORS = texts("console", "accounts")
INVITE_LIFE = timedelta(hours=48)


class AccountError(Exception):
    """`code` says what is wrong; one of `ERRORS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code, self.text = code, ERRORS[code].filled({"least": MIN_PASSWORD})


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    roles: frozenset[Role]
    group: str
    epoch: int
    closed: bool

    @property
    def person(self) -> Person:
        return Person(self.name, self.roles, self.group)


@dataclass(frozen=True, slots=True)
class Invite:
    name: str
    roles: frozenset[Role]
    group: str


@dataclass(frozen=True, slots=True)
class SsoIdentity:
    """The person reported by single sign-on. `subject` is the provider's permanent id for the
    person."""

    subject: str
    name: str
    roles: frozenset[Role]
    group: str


def roles_from(text: str) -> frozenset[Role]:
    """Roles of a comma-separated list; unknown words are left out."""
    known = {role.value: role for role in Role}
    return frozenset(known[word] for word in text.split(",") if word in known)


def _listed(roles: frozenset[Role]) -> str:
    return ",".join(role.value for role in Role if role in roles)


@dataclass(frozen=True, slots=True)
class Accounts:
    """Methods block; async callers use a thread."""

    engine: Engine
    secret: bytes = field(repr=False)

    def find(self, name: str) -> Account | None:
        with self.engine.begin() as connection:
            row = connection.execute(select(ACCOUNT).where(ACCOUNT.c.name == name)).one_or_none()
        return _account(row) if row is not None else None

    def all(self) -> tuple[Account, ...]:
        with self.engine.begin() as connection:
            rows = connection.execute(select(ACCOUNT).order_by(ACCOUNT.c.name)).all()
        return tuple(_account(row) for row in rows)

    def empty(self) -> bool:
        with self.engine.begin() as connection:
            return connection.execute(_ANY_ACCOUNT).first() is None

    def log_in(self, name: str, password: str) -> Account | None:
        """The account, if the password is correct and the account is not closed."""
        with self.engine.begin() as connection:
            query = select(ACCOUNT.c.password).where(ACCOUNT.c.name == name)
            stored = connection.execute(query).scalar()
        account = self.find(name) if fits(stored or "", password) else None
        return None if account is None or account.closed else account

    def changed_by(self, guest: SsoIdentity) -> str:
        """The name of the account that `welcome` makes, or whose roles or group it changes; empty
        if none."""
        with self.engine.begin() as connection:
            name = _known_guest(connection, guest)
        account = self.find(name)
        if account is None:
            return guest.name if guest.roles and NAME.fullmatch(guest.name) else ""
        same = (account.roles, account.group) == (guest.roles, guest.group)
        return "" if same else account.name

    def welcome(self, guest: SsoIdentity) -> Account:
        """The account of a single sign-on user, created at the first visit, with the user's current
        roles: none, if the provider has taken them away. A name that somebody else already has here
        is never reassigned. Raises AccountError."""
        with changing_accounts(self.engine) as connection:
            name = _known_guest(connection, guest) or _new_guest(connection, guest)
            _set(connection, name, {"roles": _listed(guest.roles), "team": guest.group})
        account = self.find(name)
        assert account is not None
        if account.closed:
            raise AccountError("closed")
        return account

    def invite(self, name: str, roles: frozenset[Role], group: str, now: datetime) -> str:
        """The token of a one-time link. Raises AccountError for a name that is taken or invalid."""
        if name and not NAME.fullmatch(name):
            raise AccountError("name")
        token = secrets.token_urlsafe(32)
        row = {
            "token_sha256": _sha256(token),
            "name": name,
            "roles": _listed(roles),
            "team": group,
            "expires": (now + INVITE_LIFE).isoformat(),
        }
        with changing_accounts(self.engine) as connection:
            if _is_guest(connection, name) or _has_twin(connection, name):
                raise AccountError("taken")
            connection.execute(delete(INVITE).where(INVITE.c.name == name))
            connection.execute(insert(INVITE).values(row))
        return token

    def invited(self, token: str, now: datetime) -> Invite | None:
        """The invitation of a currently valid token, or None; the first token, while there is no
        account, invites an administrator with every role. Blocks."""
        if (first := self.setup_token()) and hmac.compare_digest(first.encode(), token.encode()):
            return Invite("", frozenset(Role), "")
        with self.engine.begin() as connection:
            query = select(INVITE).where(INVITE.c.token_sha256 == _sha256(token))
            row = connection.execute(query).one_or_none()
        if row is None or row.expires < now.isoformat():
            return None
        return Invite(row.name, roles_from(row.roles), row.team)

    def pending(self, now: datetime) -> list[str]:
        """Names with an unused link that is still valid."""
        query = select(INVITE.c.name).where(INVITE.c.expires >= now.isoformat())
        with self.engine.begin() as connection:
            return list(connection.execute(query.order_by(INVITE.c.name)).scalars())

    def setup_token(self) -> str:
        """The token of the first account's link; empty once an account exists."""
        made = hmac.new(self.secret, b"console set-up", hashlib.sha256).hexdigest()
        return made if self.empty() else ""

    def accept(self, token: str, name: str, password: str, now: datetime) -> Account:
        """The new account, or the existing one with its new password; the link is then used up.
        Raises AccountError."""
        invite = self.invited(token, now)
        if invite is None:
            raise AccountError("invite")
        name = invite.name or name
        if not NAME.fullmatch(name):
            raise AccountError("name")
        if len(password) < MIN_PASSWORD:
            raise AccountError("password")
        hashed = hash_of(password)
        with changing_accounts(self.engine) as connection:
            used = delete(INVITE).where(INVITE.c.token_sha256 == _sha256(token))
            if not connection.execute(used).rowcount and connection.execute(_ANY_ACCOUNT).first():
                raise AccountError("invite")
            _store(connection, name, hashed, invite)
        account = self.find(name)
        assert account is not None
        return account

    def change(self, name: str, roles: frozenset[Role], group: str, *, closed: bool) -> None:
        """Changes roles with immediate effect; closing ends every session. Raises AccountError if
        no administrator would be left."""
        values: dict[str, Any] = {"roles": _listed(roles), "team": group, "closed": int(closed)}
        if closed:
            values["epoch"] = ACCOUNT.c.epoch + 1
        others = select(ACCOUNT.c.roles).where(ACCOUNT.c.name != name, ACCOUNT.c.closed == 0)
        with changing_accounts(self.engine) as connection:
            left = [roles_from(text) for text in connection.execute(others).scalars()]
            if not any(Role.ADMIN in each for each in (*left, frozenset() if closed else roles)):
                raise AccountError("last-admin")
            _set(connection, name, values)

    def end_sessions(self, name: str) -> None:
        bump = update(ACCOUNT).where(ACCOUNT.c.name == name)
        with self.engine.begin() as connection:
            connection.execute(bump.values(epoch=ACCOUNT.c.epoch + 1))


def _set(connection: Connection, name: str, values: Mapping[str, Any]) -> None:
    """Sets new values of an account. Links issued by a former administrator become invalid, because
    each would be a way back in, as a new or an existing person."""
    query = select(ACCOUNT.c.roles).where(ACCOUNT.c.name == name)
    was = roles_from(str(connection.execute(query).scalar() or ""))
    connection.execute(update(ACCOUNT).where(ACCOUNT.c.name == name).values(values))
    stays = Role.ADMIN in roles_from(values["roles"]) and not values.get("closed")
    if Role.ADMIN in was and not stays:
        connection.execute(delete(INVITE))


def _is_guest(connection: Connection, name: str) -> bool:
    query = select(GUEST.c.name).where(GUEST.c.name == name)
    return connection.execute(query).scalar() is not None


def _has_twin(connection: Connection, name: str) -> bool:
    """Whether people could confuse a new name with another account's, or with the name under which
    the log has what the proxy does by itself."""
    names = connection.execute(select(ACCOUNT.c.name)).scalars().all()
    return name not in names and _looks(name) in map(_looks, (*names, PROXY))


def _looks(name: str) -> str:
    """A name as people see it. Traditional and simplified characters stay distinct: 李伟 and 李偉
    may be two people and are not confused."""
    return _NO_HAN.sub(lambda part: plain_text(part[0]), name).casefold()


def _known_guest(connection: Connection, guest: SsoIdentity) -> str:
    query = select(GUEST.c.name).where(GUEST.c.subject == guest.subject)
    return str(connection.execute(query).scalar() or "")


def _new_guest(connection: Connection, guest: SsoIdentity) -> str:
    """Raises AccountError."""
    if not guest.roles:
        raise AccountError("no-role")
    if not NAME.fullmatch(guest.name):
        raise AccountError("name")
    invited = select(INVITE.c.name).where(INVITE.c.expires >= now().isoformat())
    promised = map(_looks, connection.execute(invited).scalars())
    if _looks(guest.name) in promised or _has_twin(connection, guest.name):
        raise AccountError("taken")
    row = {"name": guest.name, "password": "", "roles": "", "team": "", "epoch": 0, "closed": 0}
    try:
        connection.execute(insert(ACCOUNT).values(row))
        connection.execute(insert(GUEST).values(subject=guest.subject, name=guest.name))
    except IntegrityError:
        raise AccountError("taken") from None
    return guest.name


def _store(connection: Any, name: str, hashed: str, invite: Invite) -> None:
    """An existing account keeps its roles; the link only sets its password. Raises AccountError."""
    known = connection.execute(select(ACCOUNT.c.name).where(ACCOUNT.c.name == name)).scalar()
    of_another = _is_guest(connection, name) or _has_twin(connection, name)
    if (known and not invite.name) or of_another:
        raise AccountError("taken")
    if known:
        new = {"password": hashed, "epoch": ACCOUNT.c.epoch + 1}
        connection.execute(update(ACCOUNT).where(ACCOUNT.c.name == name).values(new))
        return
    row = {"name": name, "password": hashed, "roles": _listed(invite.roles), "team": invite.group}
    try:
        connection.execute(insert(ACCOUNT).values(row | {"epoch": 0, "closed": 0}))
    except IntegrityError:
        raise AccountError("taken") from None


def _account(row: Any) -> Account:
    return Account(row.name, roles_from(row.roles), row.team, row.epoch, bool(row.closed))


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def now() -> datetime:
    return datetime.now(UTC)


def stamp() -> str:
    """The current time as stored and shown: ISO 8601 to the second."""
    return now().isoformat(timespec="seconds")
