from __future__ import annotations

import re

from tests.console.conftest import PASSWORD, Site, accesses


def test_an_invitation_by_link(site: Site) -> None:
    admin = site.who("admin")
    html = admin.post(
        "/people", data={"name": "newcomer", "role_viewer": "1", "group": "legal"}
    ).text
    found = re.search(r"/setup/([\w-]+)", html)
    assert found
    assert "<strong>newcomer</strong>" in html  # whose link it is
    assert admin.get("/people.json").json()["pending"] == ["newcomer"]
    form = {"password": PASSWORD, "again": PASSWORD}
    assert site.visitor().post(f"/setup/{found.group(1)}", data=form).status_code == 303
    account = site.accounts.find("newcomer")
    assert account is not None
    assert admin.get("/people.json").json()["pending"] == []
    assert (account.group, [r.value for r in account.roles]) == ("legal", ["viewer"])


def test_an_invitation_leads_where_the_browser_came_from(site: Site) -> None:
    answer = site.who("admin").post(
        "/people", data={"name": "behind-tls"}, headers={"origin": "https://guard.example"}
    )
    assert "https://guard.example/console/setup/" in answer.text


def test_roles_are_changed_and_recorded(site: Site) -> None:
    site.who("viewer", name="promoted")
    admin = site.who("admin")
    admin.headers["accept-language"] = "zh"
    answer = admin.post("/people/promoted", data={"role_editor": "1"}, follow_redirects=True)
    assert ">已保存。<" in answer.text  # not into a draft: it counts at once
    account = site.accounts.find("promoted")
    assert account is not None
    assert [r.value for r in account.roles] == ["editor"]
    assert admin.post("/people/nobody-here", data={}).status_code == 404


def test_odd_names(site: Site) -> None:
    admin = site.who("admin")
    for name in ("", "a b", "<b>"):
        assert admin.post("/people.json", data={"name": name}).status_code == 400


def test_who_uses_a_one_time_link_is_in_the_log(fresh_site: Site) -> None:
    token, form = fresh_site.accounts.setup_token(), {"name": "anna", "password": PASSWORD}
    assert fresh_site.visitor().post("/setup/guessed", data=form).status_code == 400
    assert accesses(fresh_site) == []
    assert fresh_site.visitor().post(f"/setup/{token}", data=form).status_code == 303
    done, asked = accesses(fresh_site)
    assert (asked["verb"], asked["what"], asked["actor"]) == ("attempt", "sign-up", "anna")
    assert (done["verb"], done["object"]) == ("sign-up", "anna")
    assert "admin" in str(done["roles"])
