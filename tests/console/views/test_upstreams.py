from __future__ import annotations

from tests.console.conftest import Site


def test_an_editor_sees_which_models_rules_can_name(site: Site) -> None:
    """Whether a model API is there, and for which models, was known to operators only."""
    editor = site.who("editor", name="models")
    (shown,) = editor.get("/policies/upstreams.json").json()["upstreams"]
    assert (shown["name"], shown["models"], shown["up"]) == ("default", [], True)
    assert shown["place"] == site.running.direct.partition("//")[2]
    page = editor.get("/policies/upstreams").text
    assert "available" in page
    assert "None is connected" in page
    assert site.who("reviewer").get("/policies/upstreams").status_code == 403
