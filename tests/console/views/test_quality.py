from __future__ import annotations

from collections.abc import Callable

from tests.console.conftest import Site

Newest = Callable[[str], str]


def test_labels_make_the_precision_of_a_rule(site: Site, newest: Newest) -> None:
    request = newest("kind=pii.cn.passport")
    for name, said in (("ann", "correct"), ("ben", "correct")):
        form = {"rule": "cn.pii.documents", "label": said}
        answer = site.who("reviewer", name=name).post(f"/audit/record/{request}/label", data=form)
        assert answer.status_code == 303
    rows = site.who("reviewer").get("/audit/quality.json").json()["rows"]
    mine = next(r for r in rows if r["rule"] == "cn.pii.documents")
    assert (mine["precision"], mine["correct"]) == (1.0, 1)
