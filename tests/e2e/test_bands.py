"""A rule over its band stops itself on every worker, says so everywhere, and comes back when told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from threegate.audit.log.conditions import Query
from threegate.audit.log.record import Stage

from tests.console.conftest import Site, opened_site
from tests.e2e.support.running import proxy
from tests.e2e.test_policy import PACKS, finish, post
from tests.waiting import eventually

CALLS = 20


@contextmanager
def two_workers(folder: Path) -> Iterator[tuple[Site, Site]]:
    """Two proxies on one database. `in.block` may act on half of the calls."""
    root = folder / "policies"
    shutil.copytree(PACKS, root)
    pack = root / "packs" / "rich.yaml"
    band = f"    band: {{max: 50, calls: {CALLS}}}\n"
    detect = "    detect: {any: [pattern.stop]}\n"
    pack.write_text(pack.read_text("utf-8").replace(detect, detect + band), "utf-8")
    given = {"packs": ("rich",), "reload_s": 0.1}
    with (
        proxy(folder / "var", root, **given) as first,
        proxy(folder / "var", root, **given) as second,
    ):
        yield opened_site(first), opened_site(second)


def asked(site: Site, text: str = "STOP-1") -> httpx.Response:
    return post(site.running, text)


def stopped(site: Site) -> bool:
    return bool(asked(site, "hello").headers.get("x-threegate-notice") == "rule-stopped")


def events(site: Site, query: Query) -> list[Any]:
    audit: Any = site.running.deps.audit
    return [e.event for e in site.running.run(audit.search(query)).entries]


def over_its_band(sites: tuple[Site, Site]) -> None:
    for n in range(CALLS):
        assert finish(asked(sites[n % 2])) == "content_filter"
    assert all(eventually(lambda s=s: stopped(s)) for s in sites)


def test_it_stops_everywhere_says_so_and_acts_again(tmp_path: Path) -> None:
    with two_workers(tmp_path) as sites:
        first, second = sites
        over_its_band(sites)
        for site in sites:
            reply = asked(site)
            assert finish(reply) == "stop"
            record = reply.headers["x-threegate-request-id"]
            (event,) = events(site, Query(request_id=record, stage=(Stage.COMPLETED,)))
            assert event["degraded"] == ["band:in.block"]
            metrics = httpx.get(f"{site.running.url}/metrics").text
            assert 'threegate_rule_out_of_band{rule="in.block",side="above"} 1.0' in metrics
            viewer = site.who("viewer")
            for path in ("/", "/policies", "/policies/history"):
                assert "was stopped automatically" in viewer.get(path).text
        verbs = [e["detail"]["verb"] for e in events(first, Query(stage=(Stage.POLICY,)))]
        assert verbs.count("stopped") == 1

        page = "/policies/rule/in.block"
        assert f"{page}/resume" not in second.who("viewer").get(page).text
        approver = second.who("approver", name="al")
        assert f"{page}/resume" in approver.get(page).text
        answer = approver.post(f"{page}/resume.json", data={"note": "a campaign of ours"})
        assert answer.status_code == 200, answer.text
        assert approver.post(f"{page}/resume.json").status_code == 409
        for site in sites:
            assert eventually(lambda s=site: not stopped(s))
            assert finish(asked(site)) == "content_filter"
        # A look that began before may still say the old for a moment, as `stopped` may.
        metrics = f"{second.running.url}/metrics"
        assert eventually(lambda: 'side="above"} 0.0' in httpx.get(metrics).text)


def test_it_acts_again_with_the_next_version(tmp_path: Path) -> None:
    with two_workers(tmp_path) as sites:
        over_its_band(sites)
        pack = tmp_path / "policies" / "packs" / "rich.yaml"
        pack.write_text(pack.read_text("utf-8").replace("max: 50", "max: 60"), "utf-8")
        for site in sites:
            assert eventually(lambda s=site: not stopped(s))
            assert finish(asked(site)) == "content_filter"
