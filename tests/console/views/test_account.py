from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from threegate.console.auth.sessions import BROWSER_COOKIE, MAX_FAILURES, MAX_OF_ADDRESS
from threegate.console.views.account import subscriber

from tests.console.conftest import PASSWORD, Site


def test_the_first_start_has_a_link_and_it_works_once(fresh_site: Site) -> None:
    token = fresh_site.accounts.setup_token()
    form = {"name": "anna", "password": PASSWORD, "again": PASSWORD}
    visitor = fresh_site.visitor()
    assert visitor.get(f"/setup/{token}").status_code == 200
    answer = visitor.post(f"/setup/{token}", data=form)
    assert answer.status_code == 303
    assert visitor.get("/").status_code == 200
    assert fresh_site.visitor().post(f"/setup/{token}", data=form).status_code == 400


def test_differing_passwords_make_no_account(fresh_site: Site) -> None:
    token = fresh_site.accounts.setup_token()
    form = {"name": "anna", "password": PASSWORD, "again": PASSWORD + "x"}
    assert fresh_site.visitor().post(f"/setup/{token}", data=form).status_code == 400
    assert fresh_site.accounts.empty()


def test_log_in_and_log_out_everywhere(site: Site) -> None:
    site.who("viewer", name="leaver")
    first, second = site.visitor(), site.visitor()
    for client in (first, second):
        client.post("/login", data={"name": "leaver", "password": PASSWORD})
        assert client.get("/").status_code == 200
    first.post("/logout")
    assert second.get("/").status_code == 303


def test_guessing_is_stopped(site: Site) -> None:
    site.who("viewer", name="guessed")
    visitor = site.visitor()
    for _ in range(MAX_FAILURES):
        answer = visitor.post("/login", data={"name": "guessed", "password": "wrong"})
        assert answer.status_code == 401
    right = {"name": "guessed", "password": PASSWORD}
    assert visitor.post("/login", data=right).status_code == 429


def test_those_behind_one_address_do_not_lock_each_other_out(fresh_site: Site) -> None:
    """A reverse proxy has one address. Where an account has been used, its tries are its own."""
    for name in ("regular", "other"):
        fresh_site.who("viewer", name=name)
    right, wrong = ({"name": "regular", "password": word} for word in (PASSWORD, "wrong"))
    browser, stranger = fresh_site.visitor(), fresh_site.visitor()
    assert browser.post("/login", data=right).status_code == 303
    for _ in range(MAX_OF_ADDRESS):
        assert stranger.post("/login", data=wrong).status_code in (401, 429)
    assert stranger.post("/login", data=right).status_code == 429
    assert browser.post("/login", data={**right, "name": "other"}).status_code == 429
    assert browser.post("/login", data=right).status_code == 303
    for _ in range(MAX_FAILURES):
        assert browser.post("/login", data=wrong).status_code == 401
    assert browser.post("/login", data=right).status_code == 429


def test_known_browsers_of_one_account_have_tries_together(fresh_site: Site) -> None:
    """Whoever once knew the password can have made any number of these cookies with it."""
    fresh_site.who("viewer", name="left")
    form = {"name": "left", "password": "wrong"}
    statuses = []
    for _ in range(MAX_OF_ADDRESS + 1):
        browser = fresh_site.visitor()
        cookie = fresh_site.signer.sign_browser("left")
        browser.cookies.set(BROWSER_COOKIE, cookie, domain="127.0.0.1", path="/console")
        statuses.append(browser.post("/login", data=form).status_code)
    assert statuses == [401] * MAX_OF_ADDRESS + [429]


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),  # as a listener on :: sees it
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_addresses_that_one_subscriber_has_count_as_one(address: str, counted: str) -> None:
    """Each of the 2^64 of an IPv6 network had five tries of its own."""
    assert subscriber(address) == counted


def test_guesses_at_once_are_counted_before_any_is_looked_at(site: Site) -> None:
    """All eight were hashed and answered 401; each hash takes 64 MiB."""
    site.who("viewer", name="rushed")
    form = {"name": "rushed", "password": "wrong"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: site.visitor().post("/login", data=form), range(8)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses.count(401) <= MAX_FAILURES
    assert set(statuses) == {401, 429}


def test_a_lowered_role_counts_at_once(site: Site) -> None:
    client = site.who("reviewer", name="lowered")
    assert client.get("/audit").status_code == 200
    site.accounts.change("lowered", frozenset(), "", closed=False)
    assert client.get("/audit").status_code == 403
    site.accounts.change("lowered", frozenset(), "", closed=True)
    assert client.get("/").status_code == 303


def test_languages(site: Site) -> None:
    client = site.who("viewer")
    assert 'lang="en"' in client.get("/").text
    answer = client.get("/language/zh?back=/policies")
    assert answer.headers["location"] == "/console/policies"
    assert 'lang="zh-CN"' in client.get("/").text
    client.headers["accept-language"] = "zh-CN,zh;q=0.9"
    assert "策略" in client.get("/policies").text


def test_the_way_back_stays_with_us(site: Site) -> None:
    for evil in ("//evil.example", "https://evil.example", "/\\evil.example"):
        answer = site.visitor().get("/language/en", params={"back": evil})
        assert answer.headers["location"] == "/console/"


def test_a_deep_link_survives_the_log_in(site: Site) -> None:
    site.who("viewer", name="linked")
    visitor = site.visitor()
    answer = visitor.get("/policies?q=身份证&mode=enforce")
    assert answer.status_code == 303
    page = visitor.get(answer.headers["location"].removeprefix("/console"))
    assert 'name="next" value="/policies?q=' in page.text
    form = {"name": "linked", "password": PASSWORD, "next": "/policies?q=x&mode=enforce"}
    answer = visitor.post("/login", data=form)
    assert answer.headers["location"] == "/console/policies?q=x&mode=enforce"


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb"]
)
def test_no_link_leads_away(site: Site, wanted: str) -> None:
    site.who("viewer", name="lured")
    form = {"name": "lured", "password": PASSWORD, "next": wanted}
    assert site.visitor().post("/login", data=form).headers["location"] == "/console"


def test_a_page_asks_whether_the_session_lasts(site: Site) -> None:
    client = site.who("viewer", name="lasting")
    assert client.get("/session.json").json()["name"] == "lasting"
    site.accounts.end_sessions("lasting")
    assert client.get("/session.json").json()["name"] == ""
