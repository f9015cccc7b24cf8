"""A whole proxy with its console on a real socket: own policies, one account per role, some
traffic."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher
from threegate.audit.log.conditions import Query
from threegate.audit.log.record import Stage
from threegate.console.auth import passwords
from threegate.console.auth.accounts import Accounts, now
from threegate.console.auth.sessions import COOKIE, Signer
from threegate.console.bootstrap import engine_of
from threegate.policy.lifecycle.people import Role

from tests.e2e.support.running import ROOT, Running, proxy

PASSWORD = "a long enough passphrase"
passwords._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Cheap: each test has people of its own. `auth/test_passwords.py` has the shipped cost."""
XSS = "<script>alert('canary-7f3')</script> 请问这段代码是什么意思？"
FORMULA = '=HYPERLINK("http://evil","x")'
PROMPTS = (
    "我的护照号码是E12345678，签证需要什么材料？",
    "写一首关于秋天的诗",
    "My e-mail is a.b@example.com, please write a summary",
    XSS,
)
PACKS = ("base", "cn-privacy")


def policies(root: Path, level: str = "redacted") -> Path:
    """The shipped packs, with texts kept so that reviewers have something to read, each call twice."""
    shutil.copytree(ROOT / "policies", root)
    base = root / "packs" / "base.yaml"
    text = base.read_text("utf-8")
    assert "audit: {level: metadata}" in text
    audit = f"audit: {{level: {level}, review_passed: 100, review_twice: 100}}"
    base.write_text(text.replace("audit: {level: metadata}", audit), "utf-8")
    return root


@dataclass
class Site:
    """`who(roles)` gives a client logged in as somebody with exactly these roles."""

    running: Running
    accounts: Accounts
    signer: Signer

    @property
    def url(self) -> str:
        return self.running.url + "/console"

    def who(self, *roles: str, name: str = "", group: str = "") -> httpx.Client:
        name = name or "-".join(("user", *roles))
        if self.accounts.find(name) is None:
            wanted = frozenset(Role(r) for r in roles)
            token = self.accounts.invite(name, wanted, group, now())
            self.accounts.accept(token, name, PASSWORD, now())
        account = self.accounts.find(name)
        assert account is not None
        client = self.visitor()
        cookie = self.signer.sign("session", account.name, account.epoch)
        client.cookies.set(COOKIE, cookie, domain="127.0.0.1", path="/console")
        return client

    def visitor(self) -> httpx.Client:
        """Somebody without a session, with the headers of a browser on our own pages."""
        headers = {"sec-fetch-site": "same-origin", "accept-language": "en", "accept": "text/html"}
        headers["connection"] = "close"
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)

    def ask(self, prompt: str, **headers: str) -> httpx.Response:
        body = {"model": "deepseek-r1", "messages": [{"role": "user", "content": prompt}]}
        return httpx.post(
            self.running.url + "/v1/chat/completions", json=body, headers=headers, timeout=60
        )

    def reload(self) -> None:
        self.running.deps.policies.reload()  # type: ignore[attr-defined]


def opened_site(running: Running) -> Site:
    settings, secret = running.deps.settings, running.deps.secret
    return Site(running, Accounts(engine_of(settings), secret), Signer(secret))


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("console")
    with proxy(root / "var", policies(root / "policies"), packs=PACKS) as running:
        made = opened_site(running)
        made.who(*(r.value for r in Role), name="root")
        for prompt in PROMPTS:
            assert made.ask(prompt).status_code == 200
        yield made


@pytest.fixture
def fresh_site(tmp_path: Path) -> Iterator[Site]:
    """A site of one's own, for tests that change what is in force."""
    with proxy(tmp_path / "var", policies(tmp_path / "policies"), packs=PACKS) as running:
        yield opened_site(running)


@pytest.fixture
def newest(site: Site) -> Callable[[str], str]:
    """The newest request id that a search finds."""

    def find(query: str = "") -> str:
        rows = site.who("reviewer").get(f"/audit.json?{query}").json()["rows"]
        return str(rows[0]["request"])

    return find


def accesses(site: Site) -> list[dict[str, object]]:
    """What the log says people did, newest first."""
    work = site.running.deps.audit.search(Query(stage=(Stage.ACCESS,)))  # type: ignore[attr-defined]
    return [dict(e.event["detail"]) for e in site.running.run(work).entries]
