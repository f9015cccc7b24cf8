"""One visit to a page: the visitor, language and input; and the answers that a view can give. A
view returns plain data (`Shown`), rendered as HTML or JSON as requested; or redirects (`Redirect`);
or reports progress until it has a result (`LongTask`). So every page has its JSON twin and nothing
is computed in a template.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import orjson
from anyio.to_thread import run_sync
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from threegate.audit.log.record import Record, Stage
from threegate.console.deps import ConsoleDeps
from threegate.console.errors import refusal
from threegate.console.local_time import ZONE_COOKIE, LocalTime, zone_of
from threegate.gateway import asgi
from threegate.gateway.asgi import wanted_language
from threegate.policy.lifecycle.people import Person, Role
from threegate.policy.model import PolicySet
from threegate.types import Caller

MAX_FORM_BYTES = 4 << 20
LANGUAGE_COOKIE = "threegate_language"
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: template and JSON-able data."""

    template: str
    data: Mapping[str, Any]
    status: int = 200
    cookies: Mapping[str, str] = field(default_factory=dict)
    tls: bool = False  # the browser connected by TLS, which a read request does not show


@dataclass(frozen=True, slots=True)
class Redirect:
    """Redirects to another page of the console (`to` begins with a slash), with a note of what was
    done."""

    to: str
    done: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)  # empty value: delete it

    @property
    def path(self) -> str:
        joint = "&" if "?" in self.to else "?"
        return f"{self.to}{joint}{urlencode({'done': self.done})}" if self.done else self.to


@dataclass(frozen=True, slots=True)
class Step:
    """How far a task has progressed. `total` 0: not known yet."""

    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class LongTask:
    """A long task: steps, and a page at the end. It stops when the visitor leaves."""

    title: str
    work: AsyncIterator[Step | Shown]


Answer = Shown | Redirect | LongTask | Response


MIN_REASON, MAX_REASON = 8, 200
_HAN = re.compile("[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class ConsoleRequest:
    """`form` and `query` hold single values; of repeated ones the last."""

    request: Request
    parts: ConsoleDeps
    language: str
    person: Person | None
    form: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query_params

    @property
    def path(self) -> Mapping[str, str]:
        return self.request.path_params

    @property
    def clock(self) -> LocalTime:
        return clock_of(self.request)

    @property
    def serving(self) -> PolicySet:
        """The policies in force at this moment."""
        return self.parts.policies.pin()

    @property
    def me(self) -> Person:
        """The visitor of a page that needs a role."""
        assert self.person is not None
        return self.person

    def text_in(self, zh: str, en: str) -> str:
        return zh if self.language == "zh" else en

    def may(self, *roles: Role) -> bool:
        return self.person is not None and bool(self.person.roles & frozenset(roles))

    async def checked(self, work: Callable[[], Result]) -> Result:
        """Runs a policy check or another long task in a thread when it is its turn."""
        return await run_sync(work, limiter=self.parts.checks)

    async def note(self, verb: str, **detail: Any) -> None:
        """Records this person's access or action in the audit log. Raises AuditError; without a
        record there is no access."""
        await self.note_of(self.me.name, verb, **detail)

    async def note_of(self, actor: str, verb: str, **detail: Any) -> None:
        """The same for somebody who is about to log in."""
        detail = {"actor": actor, "verb": verb, **detail}
        await self.parts.audit.append(Record(stage=Stage.ACCESS, caller=_STAFF, detail=detail))


def reason_of(visit: ConsoleRequest, otherwise: str = "") -> str:
    """The reason given in the form. Raises ConsoleError."""
    reason = visit.form.get("reason", "").strip()[:MAX_REASON] or otherwise
    if len(reason) + len(_HAN.findall(reason)) < MIN_REASON:  # one says as much as two letters
        raise refusal("no-reason", least=MIN_REASON, least_han=MIN_REASON // 2)
    return reason


_STAFF = Caller(tenant="", key_id="console", language="")
Handler = Callable[[ConsoleRequest], Awaitable[Answer]]


async def blocking(work: Callable[..., Result], *args: Any) -> Result:
    """Runs blocking work (SQL, files, argon2) in a thread."""
    return await run_in_threadpool(work, *args)


def clock_of(request: Request) -> LocalTime:
    """Times in the visitor's zone; UTC if the browser has not named it."""
    return LocalTime(zone_of(request.cookies.get(ZONE_COOKIE, "")))


def language_of(request: Request) -> str:
    """The visitor's setting, else the browser's preference between zh and en."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in ("zh", "en"):
        return chosen
    return wanted_language(request.headers.get("accept-language", "")) or "zh"


async def form_of(request: Request) -> dict[str, str]:
    """Fields of a URL-encoded or JSON body. Raises ConsoleError."""
    try:
        async with asyncio.timeout(asgi.BODY_S):
            body = await _body(request)
    except TimeoutError:
        raise refusal("slow-form") from None
    if request.headers.get("content-type", "").startswith("application/json"):
        return _json_form(body)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=500)
    except ValueError:
        raise refusal("form") from None
    return _storable({name: value.replace("\r\n", "\n") for name, value in pairs})


async def _body(request: Request) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_FORM_BYTES:
            raise refusal("too-large")
    return b"".join(chunks)


def _json_form(body: bytes) -> dict[str, str]:
    try:
        values = orjson.loads(body)
    except orjson.JSONDecodeError:
        values = None
    if not isinstance(values, dict):
        raise refusal("json")
    return _storable({str(k): v if isinstance(v, str) else str(v) for k, v in values.items()})


NUL = "\0"
"""PostgreSQL keeps no text with it, and fails whatever was to be stored with it."""
_FILES = ("csv", "content")


def _storable(form: dict[str, str]) -> dict[str, str]:
    """Files keep it: it tells those who read them that they are no texts."""
    return {
        name.replace(NUL, "\ufffd"): value if name in _FILES else value.replace(NUL, "\ufffd")
        for name, value in form.items()
    }


def has_nul(request: Request) -> bool:
    """Whether the address names something that cannot exist."""
    return NUL in request.scope["path"] or b"%00" in request.scope["query_string"]


def sso_path(request: Request) -> str:
    """The pages that get the cookie of a log-in at the provider."""
    return f"{request.scope.get('root_path', '')}/login"


def wants_json(request: Request) -> bool:
    if request.url.path.endswith(".json"):
        return True
    accept = request.headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept
