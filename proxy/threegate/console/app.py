"""The console as one ASGI app: sessions, roles, pages and their JSON twins.

Errors have one shape, `{"ok": false, "error", "status"}`, or the same on a page; answers are
`{"ok": true, ...}`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from threegate.audit.log.database import now_us
from threegate.console.auth.security import Guarded, seen_from
from threegate.console.auth.sessions import (
    BROWSER_COOKIE,
    COOKIE,
    SESSION,
    SESSION_S,
    SSO_COOKIE,
    SSO_SESSION,
    YEAR_S,
)
from threegate.console.deps import ConsoleDeps
from threegate.console.error_page import (
    LATER,
    REFUSALS,
    error_fields,
    needs,
    status_and_text,
    typed,
)
from threegate.console.errors import ERRORS, refusal
from threegate.console.guide import section
from threegate.console.navigation import navigation, page_of_form
from threegate.console.presenters import labels, policies
from threegate.console.presenters.highlights import visible
from threegate.console.presenters.records import policies_of, titles
from threegate.console.progress_page import finished, watched
from threegate.console.routes import PAGES, Page
from threegate.console.web import (
    LANGUAGE_COOKIE,
    MIN_REASON,
    ConsoleRequest,
    LongTask,
    Redirect,
    Shown,
    blocking,
    clock_of,
    form_of,
    has_nul,
    language_of,
    sso_path,
    wants_json,
)
from threegate.policy.language.vocabulary import use_kind_titles
from threegate.policy.lifecycle.people import Person, Role

HERE = Path(__file__).parent


def create_console(parts: ConsoleDeps) -> ASGIApp:
    console = Console(parts, templates())
    routes: list[BaseRoute] = [*console_routes(console)]
    routes.append(Mount("/static", StaticFiles(directory=HERE / "static")))
    missing = dict.fromkeys((404, 405), console.missing)
    return Guarded(Starlette(routes=routes, exception_handlers=missing))


def console_routes(console: Console) -> Iterator[Route]:
    """Every page and its JSON twin; everything else is a static file."""
    for page in PAGES:
        endpoint = console.endpoint(page)
        yield from (Route(path, endpoint, methods=[page.method]) for path in _paths(page))


def _paths(page: Page) -> list[str]:
    """The page and its twin; the twin first, since a parameter would swallow its ending."""
    if not page.path:
        return ["/home.json", "/"]
    return [page.path + ".json", page.path]


@cache
def templates() -> Environment:
    """One for the process: each template is compiled once, at its first use."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible
    environment.globals.update(family=labels.family, roles=[r.value for r in Role])
    return environment


@dataclass(frozen=True, slots=True)
class Console:
    parts: ConsoleDeps
    environment: Environment

    def endpoint(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            language, request.state.route = language_of(request), page.path
            try:
                return await self._answer(page, request, language)
            except Exception as error:
                status, text = status_and_text(error, language, page.path)
                request.state.code = getattr(error, "code", "")
            person = getattr(request.state, "person", None)
            return self._refused(request, language, status, text, person)

        return answer

    async def missing(self, request: Request, error: Exception) -> Response:
        """Answers an unknown page or method like any other error."""
        language = language_of(request)
        text = ERRORS["no-page"].get(language)
        status = getattr(error, "status_code", 404)
        return self._refused(request, language, status, text, await self._person(request))

    async def _answer(self, page: Page, request: Request, language: str) -> Response:
        if has_nul(request):
            raise refusal("form")
        person = request.state.person = await self._person(request)
        if page.roles is not None:
            if person is None:
                return self._log_in(request, language)
            if not person.roles & page.roles:
                raise needs(page.roles)
            for policy in policies_of(self.parts.policies.pin()):
                use_kind_titles(policy.kind_titles)
        form = await form_of(request) if page.method == "POST" else {}
        request.state.form = form
        visit = ConsoleRequest(request, self.parts, language, person, form)
        match await page.handler(visit):
            case Shown() as shown:  # rendering takes up to tens of milliseconds, so not on the loop
                return await blocking(self._shown, visit, shown)
            case Redirect() as moved:
                return self._moved(visit, moved)
            case LongTask() as slow if wants_json(request):
                return self._shown(visit, await finished(slow))
            case LongTask() as slow:
                return self._watched(visit, slow, page.path)
            case response:
                return response

    async def _person(self, request: Request) -> Person | None:
        """The person of the session, with their current roles."""
        values = self._session(request.cookies.get(COOKIE, ""))
        if not values or len(values) != 2:
            return None
        account = await blocking(self.parts.accounts.find, str(values[0]))
        if account is None or account.closed or account.epoch != values[1]:
            return None
        return account.person

    def _session(self, cookie: str) -> list[str | int] | None:
        """Name and epoch, if the session lasts. One of single sign-on ends sooner: only at the next
        log-in does the provider say which roles it has taken away."""
        signer, sso = self.parts.signer, self.parts.sso
        values = signer.read(SESSION, cookie, SESSION_S)
        if values is None and sso is not None:
            values = signer.read(SSO_SESSION, cookie, sso.settings.session_minutes * 60)
        return values

    def _log_in(self, request: Request, language: str) -> Response:
        if wants_json(request) or request.method != "GET":
            return self._refused(request, language, 401, ERRORS["log-in"].get(language))
        wanted = urlencode({"next": _here(request)})
        return RedirectResponse(f"{_root(request)}/login?{wanted}", 303)

    def _shown(self, visit: ConsoleRequest, shown: Shown) -> Response:
        if wants_json(visit.request):
            response = _json(shown.status, {"ok": shown.status < 400, **shown.data})
        else:
            response = self._html(visit.request, visit.language, visit.person, shown)
        for name, value in shown.cookies.items():
            _set_cookie(visit.request, response, name, value, tls=shown.tls)
        return response

    def _watched(self, visit: ConsoleRequest, slow: LongTask, path: str) -> Response:
        def failed(error: Exception) -> Shown:
            status, text = status_and_text(error, visit.language, path)
            return Shown(
                "error.html", error_fields(status, text, visit.language) | typed({}, ""), status
            )

        page = partial(self._page, visit.request, visit.language, visit.person)
        headers = {"x-accel-buffering": "no"}  # a reverse proxy must pass on each step unbuffered
        steps = watched(slow, page, failed)
        return StreamingResponse(steps, media_type="text/html", headers=headers)

    def _html(
        self, request: Request, language: str, person: Person | None, shown: Shown
    ) -> Response:
        return HTMLResponse(self._page(request, language, person, shown), shown.status)

    def _page(self, request: Request, language: str, person: Person | None, shown: Shown) -> str:
        page = self.environment.get_template(shown.template)
        context = _context(request, language, person) | {"sso": self.parts.sso is not None}
        context |= shown.data
        named = titles(self.parts.policies.pin()) if person else {}
        context["rule_title"] = lambda id: named[id].get(language) if id in named else id
        context["notices"] = policies.notices(self.parts.notices if person else None)
        return page.render(context)

    def _moved(self, visit: ConsoleRequest, moved: Redirect) -> Response:
        if wants_json(visit.request):
            response = _json(200, {"ok": True, "next": moved.path, **moved.data})
        else:
            response = RedirectResponse(_root(visit.request) + moved.path, 303)
        for name, value in moved.cookies.items():
            _set_cookie(visit.request, response, name, value)
        return response

    def _refused(
        self, request: Request, language: str, status: int, text: str, person: Person | None = None
    ) -> Response:
        if wants_json(request):
            return _json(status, {"ok": False, "error": text, "status": status})
        form = getattr(request.state, "form", {}) if status in (*REFUSALS, *LATER) else {}
        code = getattr(request.state, "code", "")
        error = error_fields(status, text, language) | typed(form, language, code)
        if request.method == "POST" and (route := getattr(request.state, "route", "")):
            error["before"] = page_of_form(route, request.path_params, GOT)
        return self._html(request, language, person, Shown("error.html", error, status))


GOT = tuple(page.path for page in PAGES if page.method == "GET")


def _context(request: Request, language: str, person: Person | None) -> dict[str, Any]:
    root, clock = _root(request), clock_of(request)
    return {
        "when": clock.show,
        "zone": str(clock.zone),
        "zone_title": clock.title(now_us()),
        "_": lambda zh, en: zh if language == "zh" else en,
        "word": lambda book, code: labels.name(book, code, language),
        "language": language,
        "least_reason": MIN_REASON // 2,  # in Chinese, which may be written on an English page too
        "url": lambda path="": root + path,
        "here": request.url.path.removeprefix(root),
        "back": f"{request.url.path.removeprefix(root)}?{request.url.query}",
        "done": request.query_params.get("done", ""),
        "me": person,
        "nav": navigation(person, _page_of(request), language) if person else None,
        "help": section(_page_of(request), language) if person else None,
        "my_roles": {r.value for r in person.roles} if person else set(),
    }


def _page_of(request: Request) -> str:
    return request.url.path.removeprefix(_root(request)) or "/"


def _here(request: Request) -> str:
    """The page and its query, relative to the console's root."""
    path = request.url.path.removeprefix(_root(request))
    return f"{path}?{request.url.query}" if request.url.query else path


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", ""))


def _json(status: int, body: Mapping[str, Any]) -> Response:
    packed = orjson.dumps(dict(body), option=orjson.OPT_NON_STR_KEYS)  # rule ids know their line
    return Response(packed, status, media_type="application/json")


def _set_cookie(
    request: Request, response: Response, name: str, value: str, *, tls: bool = False
) -> None:
    """SameSite=Strict and HttpOnly; `Secure` if the browser connected by TLS."""
    path = _root(request) or "/"
    secure = tls or seen_from(request).startswith("https:")
    if not value:
        response.delete_cookie(name, sso_path(request) if name == SSO_COOKIE else path)
        return
    life = YEAR_S if name in (LANGUAGE_COOKIE, BROWSER_COOKIE) else SESSION_S
    response.set_cookie(
        name, value, life, path=path, secure=secure, httponly=True, samesite="strict"
    )
