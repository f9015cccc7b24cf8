"""The whole log-in at a provider on a real socket, as a browser goes through it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from threegate.console.auth import oidc
from threegate.console.auth.accounts import AccountError, now
from threegate.console.auth.oidc import OidcError, guest_of
from threegate.console.auth.sessions import MAX_FAILURES
from threegate.policy.lifecycle.people import Role
from threegate.settings import OidcSettings

from tests.console.conftest import Site, accesses, opened_site
from tests.console.provider import CLIENT, SECRET, FakeCompany, company, rsa_key
from tests.e2e.support.running import proxy
from tests.serving import serve

ROLES = {"policy-editors": "editor, viewer", "policy-approvers": "approver"}
ANN = {
    "sub": "u-1",
    "preferred_username": "ann",
    "groups": ["policy-editors"],
    "department": "privacy",
}


URL = "http://127.0.0.1:1/console"


def settings(issuer: str, url: str = URL) -> OidcSettings:
    return OidcSettings(issuer, CLIENT, url, ROLES, "OIDC_SECRET")


@contextmanager
def sites(tmp_path: Path, url: str = URL, **claims: Any) -> Iterator[tuple[Site, FakeCompany]]:
    with company(**claims) as made:
        given: dict[str, Any] = {
            "oidc": settings(made.issuer, url),
            "environment": {"OIDC_SECRET": SECRET},
        }
        with proxy(tmp_path / "var", **given) as running:
            yield opened_site(running), made


def went(site: Site, client: httpx.Client) -> httpx.Response:
    """From the log-in page to the provider and back; the callback's answer."""
    away = client.get("/login/sso")
    assert away.status_code == 303, away.text
    back = httpx.get(away.headers["location"])
    assert back.headers["location"].startswith("http://127.0.0.1:1/console/login/sso/callback?")
    return client.get("/login/sso/callback?" + back.headers["location"].partition("?")[2])


def test_behind_tls_the_session_is_secure(tmp_path: Path) -> None:
    with sites(tmp_path, "https://guard.test/console", **ANN) as (site, _):
        away = site.visitor().get("/login/sso")
        back = httpx.get(away.headers["location"]).headers["location"]
        kept = {"cookie": away.headers["set-cookie"].partition(";")[0]}
        answer = site.visitor().get("/login/sso/callback?" + back.partition("?")[2], headers=kept)
        assert answer.status_code == 200
        assert "Secure" in answer.headers["set-cookie"]


def me(client: httpx.Client) -> int:
    return client.get("/policies.json").status_code


def test_a_log_in_with_roles_of_the_group(tmp_path: Path) -> None:
    with sites(tmp_path, **ANN) as (site, made):
        visitor = site.visitor()
        assert "/console/login/sso" in visitor.get("/login").text
        answer = went(site, visitor)
        assert answer.status_code == 200
        assert 'http-equiv="refresh"' in answer.text
        assert "samesite=strict" in answer.headers["set-cookie"].lower()
        assert me(visitor) == 200
        assert 'href="/console/login/sso" target="_blank"' in visitor.get("/policies").text
        account = site.accounts.find("ann")
        assert account is not None
        assert account.roles == {Role.EDITOR, Role.VIEWER}
        assert account.group == "privacy"
        assert site.accounts.log_in("ann", "") is None  # no password, no log-in by one

        made.claims["groups"] = ["policy-approvers", "others"]
        assert went(site, site.visitor()).status_code == 200
        account = site.accounts.find("ann")
        assert account is not None
        assert account.roles == {Role.APPROVER}
        assert went(site, site.visitor()).status_code == 200  # nothing changes: no record
        recorded = [(each["verb"], each.get("roles")) for each in accesses(site)]
        new, first = ["approver"], ["editor", "viewer"]
        asked = ("attempt", None)
        assert recorded == [("sso-account", new), asked, ("sso-account", first), asked]

        made.kid, made.key = "k2", rsa_key()  # the provider changes its key
        refused = went(site, site.visitor())  # asked again once a minute at most
        assert refused.status_code == 403
        assert "single sign-on did not work" in refused.text
        assert "/console/login/sso" in refused.text  # to try again
        assert "another role" not in refused.text


def test_who_does_not_get_in(tmp_path: Path) -> None:
    with sites(tmp_path, **ANN) as (site, made):
        site.who("admin", name="li")
        for claims, spoil in (
            ({"groups": ["others"]}, {}),
            ({"groups": None}, {}),
            ({"preferred_username": "li"}, {}),  # somebody else's name here
            ({"preferred_username": "a b"}, {}),
            ({}, {"nonce": "another"}),
            ({}, {"aud": "another"}),
            ({}, {"exp": 1}),
        ):
            made.claims, made.spoil = ANN | claims, spoil
            visitor = site.visitor()
            assert went(site, visitor).status_code == 403, (claims, spoil)
            assert me(visitor) == 401
        assert site.accounts.find("ann") is None


def test_a_stranger_does_not_fill_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with sites(tmp_path, **ANN) as (site, _):
        for _ in range(2 * MAX_FAILURES):
            visitor = site.visitor()
            state = httpx.URL(visitor.get("/login/sso").headers["location"]).params["state"]
            forged = visitor.get(f"/login/sso/callback?state={state}&code=forged")
            assert forged.status_code == 403
        lines = [line for line in caplog.messages if line.startswith("single sign-on")]
        assert len(lines) == MAX_FAILURES
        assert went(site, site.visitor()).status_code == 200


def test_an_answer_belongs_to_the_browser_that_asked(tmp_path: Path) -> None:
    with sites(tmp_path, **ANN) as (site, _):
        attacker, victim = site.visitor(), site.visitor()
        away = attacker.get("/login/sso").headers["location"]
        back = "?" + httpx.get(away).headers["location"].partition("?")[2]
        assert victim.get("/login/sso/callback" + back).status_code == 400  # none asked
        victim.get("/login/sso")
        assert victim.get("/login/sso/callback" + back).status_code == 400  # another state
        assert attacker.get("/login/sso/callback" + back).status_code == 200
        assert attacker.get("/login/sso/callback" + back).status_code == 400  # used up
        with pytest.raises(AccountError, match="taken"):  # no password beside single sign-on
            site.accounts.invite("ann", frozenset(Role), "", now())


def test_roles_come_from_the_settings_alone() -> None:
    made = settings("https://id.example")
    claims = {"sub": "u", "groups": ["policy-editors", "admin", "policy-approvers"]}
    guest = guest_of(claims, made)
    assert guest.roles == {Role.EDITOR, Role.VIEWER, Role.APPROVER}
    assert guest.name == "u"
    assert guest_of({"sub": "u", "groups": "policy-editors"}, made).roles
    for nobody in ({}, {"groups": 7}, {"groups": ["admin"]}, {"groups": {"policy-editors": 1}}):
        assert guest_of({"sub": "u"} | nobody, made).roles == frozenset()


@pytest.mark.parametrize("team", [["privacy"], None, 7, {"name": "privacy"}])
def test_a_group_that_is_no_single_text_is_none(team: object) -> None:
    """A list of one would be another group than the same one as a text."""
    claims = {"sub": "u", "groups": "policy-editors", "department": team}
    assert guest_of(claims, settings("https://id.example")).group == ""


def test_roles_that_the_provider_took_away_are_gone_at_the_next_log_in(tmp_path: Path) -> None:
    with sites(tmp_path, **ANN) as (site, made):
        ann = site.visitor()
        went(site, ann)
        assert me(ann) == 200
        made.claims |= {"groups": [], "preferred_username": "li s"}  # a name that nobody can have
        assert went(site, site.visitor()).status_code == 403
        assert me(ann) == 403  # the session that was open
        account = site.accounts.find("ann")
        assert account is not None
        assert account.roles == frozenset()
        last = accesses(site)[0]
        assert (last["verb"], last["object"], last["roles"]) == ("sso-account", "ann", [])
        assert "li s" not in {entry["actor"] for entry in accesses(site)}


def test_a_session_of_single_sign_on_ends_sooner(tmp_path: Path) -> None:
    with sites(tmp_path, **ANN) as (site, _), site.visitor() as ann:
        went(site, ann)
        late = time.time() + settings("https://id.example").session_minutes * 60 + 2
        for name, life in (("ann", 401), ("local", 200)):
            if name == "local":
                ann = site.who("viewer", name=name)
            with pytest.MonkeyPatch.context() as clock:
                clock.setattr("itsdangerous.timed.time.time", lambda: late)
                assert me(ann) == life


def test_an_answer_is_used_up_whatever_the_provider_says(tmp_path: Path) -> None:
    with sites(tmp_path, **ANN) as (site, made):
        made.forgets_codes = False
        visitor = site.visitor()
        away = visitor.get("/login/sso").headers["location"]
        back = "/login/sso/callback?" + httpx.get(away).headers["location"].partition("?")[2]
        assert visitor.get(back).status_code == 200
        assert visitor.get(back).status_code == 400


@pytest.mark.parametrize("subject", ["u\ud800", "u\0", "u" * 256])
def test_claims_that_cannot_be_kept_let_nobody_in(subject: str) -> None:
    made = OidcSettings("https://id.example", "c", "https://g.example", {"editors": "editor"})
    claims = {"sub": "u", "groups": ["editors"], "department": "Risk\ud800"}
    assert guest_of(claims, made).group == ""
    with pytest.raises(OidcError):
        guest_of({**claims, "sub": subject}, made)


async def test_a_provider_that_sends_on_and_on_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each log-in would wait behind it."""
    monkeypatch.setattr(oidc, "TIMEOUT_S", 0.5)

    async def slowly(_: Request) -> Response:
        async def drops() -> AsyncIterator[bytes]:
            for _ in range(100):
                yield b" "
                await asyncio.sleep(0.1)

        return StreamingResponse(drops())

    routes = [Route("/.well-known/openid-configuration", slowly)]
    with serve(Starlette(routes=routes)) as issuer:
        async with asyncio.timeout(8):
            with pytest.raises(OidcError, match="reached"):
                await oidc.Provider(settings(issuer)).start()
