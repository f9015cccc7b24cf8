"""An auditor asks of a rule who approved it, and when."""

from __future__ import annotations

from pathlib import Path

from tests.console.conftest import opened_site, policies
from tests.console.views.test_lifecycle import RULE, act, submitted
from tests.e2e.support.running import proxy


def test_a_rule_names_the_versions_that_changed_it(tmp_path: Path) -> None:
    root = policies(tmp_path / "policies")
    with proxy(tmp_path / "var", root, packs=("cn-privacy",)) as running:
        site = opened_site(running)
        editor = site.who("editor", name="ed", group="privacy")
        approver, auditor = site.who("approver", name="al", group="legal"), site.who("viewer")
        assert auditor.get(RULE + ".json").json()["decided"] == []
        digest = submitted(editor)
        assert auditor.get(RULE + ".json").json()["decided"] == []  # not yet in force
        assert act(approver, digest, "approve", note="for HR") == 200
        assert act(approver, digest, "activate") == 200
        (version,) = auditor.get(RULE + ".json").json()["decided"]
        assert (version["digest"], version["authors"]) == (digest, ["ed"])
        assert version["approvals"] == [{"name": "al", "group": "legal"}]
        assert version["reasons"] == {"al": "for HR"}
        assert f"/policies/version/{digest}" in auditor.get(RULE).text
        other = auditor.get("/policies/rule/cn.pii.contact.json").json()
        assert other["decided"] == []
