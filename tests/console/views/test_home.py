from __future__ import annotations

from tests.console.conftest import Site


def test_what_is_in_force_is_named(site: Site) -> None:
    page = site.who("viewer").get("/home.json").json()
    assert page["packs"] == ["base", "cn-privacy"]
    assert page["serving"] == site.running.deps.policies.pin().digest
    assert page["notices"] == {"emergency": None, "left": []}


def test_only_reviewers_see_traffic(site: Site) -> None:
    assert site.who("viewer").get("/home.json").json()["week"] is None
    assert site.who("reviewer").get("/home.json").json()["week"]["requests"] >= 4
