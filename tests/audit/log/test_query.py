from __future__ import annotations

import dataclasses

import pytest
from threegate.audit import AuditLog, AuditSettings, Query
from threegate.audit.log import conditions
from threegate.types import Action, Verdict

from tests.audit.conftest import SECRET, content, decision, filled, record
from tests.audit.log.test_conditions import library


async def test_pages_cover_everything_once(settings: AuditSettings) -> None:
    log = await filled(settings, 5)
    seen: list[tuple[str, int]] = []
    query = Query(limit=3)
    while True:
        page = await log.search(query)
        seen += [(e.writer, e.seq) for e in page.entries]
        await log.append(record("later"))  # what comes meanwhile does not shift the pages
        if not page.next:
            break
        query = Query(limit=3, after=page.next)
    assert len(seen) == len(set(seen)) == 11
    with pytest.raises(ValueError, match="no cursor"):
        await log.search(Query(after="nonsense"))
    await log.close()


async def newest_of_a_rule(settings: AuditSettings) -> None:
    """Records that one rule judged twice, more of them than a page, come once each and in order."""
    log = await AuditLog.open(settings)
    first = decision()
    (ruled, failed) = first.verdict.ruled
    finding = dataclasses.replace(ruled.finding, kind="pii.cn.passport")
    both = (ruled, dataclasses.replace(ruled, finding=finding), failed)
    twice = dataclasses.replace(first, verdict=Verdict(Action.BLOCK, both))
    for n in range(5):
        await log.append(record(f"twice{n}", decisions=(twice,)))
        await log.append(record(f"none{n}", decisions=()))
    for limit in (1, 2):  # from the newest hits alone, and from all of them
        query, seen = Query(rule="pii.cn.id_card", limit=limit), list[str]()
        while True:
            page = await log.search(query)
            seen += [e.request_id for e in page.entries]
            if not page.next:
                break
            query = dataclasses.replace(query, after=page.next)
        assert seen == [f"twice{n}" for n in (4, 3, 2, 1, 0)]
        oldest = await log.search(Query(rule="pii.cn.id_card", request_id="twice0", limit=limit))
        assert [e.request_id for e in oldest.entries] == ["twice0"]
    third = (await log.get("twice2"))[0].ts_us
    for condition, requests in (
        ({"kind": "pii.cn.passport"}, ["twice4", "twice3"]),
        ({"until_us": third}, ["twice1", "twice0"]),
        ({"since_us": third, "until_us": third + 1}, ["twice2"]),
        ({"shadow": True}, []),
        ({"text": "贷款"}, []),
    ):
        page = await log.search(Query(rule="pii.cn.id_card", limit=2, facets=True, **condition))
        assert [e.request_id for e in page.entries] == requests
        assert sum(page.facets["stage"].values()) >= len(requests)
    counts = (await log.search(Query(rule="pii.cn.id_card", facets=True))).facets
    assert (counts["stage"], counts["rule"]["pii.cn.id_card"]) == ({"received": 5}, 5)
    await log.close()


async def test_newest_records_of_a_rule(settings: AuditSettings) -> None:
    await newest_of_a_rule(settings)


@pytest.mark.postgres
async def test_newest_records_of_a_rule_on_postgres(postgres_settings: AuditSettings) -> None:
    await newest_of_a_rule(postgres_settings)


async def test_facets_count_what_matches(settings: AuditSettings) -> None:
    log = await library(settings)
    facets = (await log.search(Query(text="贷款", facets=True))).facets
    assert facets["language"] == {"zh": 1, "en": 1}
    assert facets["action"] == {"block": 2}
    assert facets["rule"] == {"pii.cn.id_card": 2, "out.hazard": 2}
    assert facets["kind"] == {"pii.cn.id_card": 2, "failed.timeout": 2}
    assert (await log.search(Query(rule="none", facets=True))).facets["model"] == {}
    await log.close()


async def test_content_is_read_back_masked(settings: AuditSettings) -> None:
    log = await AuditLog.open(settings)
    await log.append(record(), content())
    (part,) = await log.content((await log.get("r1"))[0])
    assert part["part"] == "messages/0/user"
    assert SECRET not in str(part)
    await log.close()


async def test_many_sets_of_hits_are_looked_up_by_the_database(
    settings: AuditSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conditions, "MAX_LISTED", 0)
    await newest_of_a_rule(settings)
