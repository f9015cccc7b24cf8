from __future__ import annotations

import pytest
from threegate.audit import AuditLog, AuditSettings, Content, Part, Query, Stage
from threegate.types import Action, Caller

from tests.audit.conftest import record

TEXTS = (
    "我想查询贷款进度",
    "身份证丢失如何补办",
    "Where is my ORDER number 42?",
    "贷款利率 and fees, 銀行賬戶",
)


async def library(settings: AuditSettings) -> AuditLog:
    log = await AuditLog.open(settings)
    for n, text in enumerate(TEXTS):
        caller = Caller(tenant=f"t{n % 2}", model=f"m{n}", language="zh" if n < 2 else "en")
        await log.append(record(f"r{n}", caller=caller), Content((Part("messages/0/user", text),)))
    return log


async def found(log: AuditLog, text: str) -> list[str]:
    return sorted(e.request_id for e in (await log.search(Query(text=text))).entries)


SEARCHES = [
    ("贷款", ["r0", "r3"]),
    ("款", ["r0", "r3"]),
    ("查询贷款", ["r0"]),
    ("贷款查询", []),
    ("身份证", ["r1"]),
    ("办", ["r1"]),
    ("order", ["r2"]),
    ("ord", []),
    ("number order", ["r2"]),
    ("贷款 fees", ["r3"]),
    ("ＦＥＥＳ", ["r3"]),
    ("42", ["r2"]),
    ('" OR "', []),
    ("' & | ! :* ) (", []),
    ("贷款' | '身份", []),
    ("銀行賬戶", ["r3"]),
    ("银行账户", ["r3"]),
    ("戶", ["r3"]),
    ("貸款", ["r0", "r3"]),
    ("不存在", []),
    ("", ["r0", "r1", "r2", "r3"]),
]


@pytest.mark.parametrize(("text", "requests"), SEARCHES)
async def test_full_text_in_both_languages(
    settings: AuditSettings, text: str, requests: list[str]
) -> None:
    log = await library(settings)
    assert [r for r in await found(log, text) if r.startswith("r")] == requests
    await log.close()


@pytest.mark.postgres
async def test_full_text_on_postgres(postgres_settings: AuditSettings) -> None:
    log = await library(postgres_settings)
    for text, requests in SEARCHES:
        assert [r for r in await found(log, text) if r.startswith("r")] == requests, text
    page = await log.search(Query(limit=2, facets=True))
    assert page.facets["language"] == {"zh": 2, "en": 2}
    assert len((await log.search(Query(limit=9, after=page.next))).entries) == 3
    await log.close()


async def test_conditions_combine(settings: AuditSettings) -> None:
    log = await library(settings)
    for query, requests in (
        (Query(tenant="t0", language="zh"), ["r0"]),
        (Query(model="m3"), ["r3"]),
        (Query(rule="pii.cn.id_card", tenant="t1"), ["r1", "r3"]),
        (Query(kind="pii", tenant="t1"), ["r1", "r3"]),
        (Query(kind="pii.cn.id", tenant="t1"), []),
        (Query(kind="p_i.cn", tenant="t1"), []),
        (Query(shadow=True, tenant="t0"), ["r0", "r2"]),
        (Query(rule="out.hazard", shadow=False), []),
        (Query(action=(Action.BLOCK,), text="贷款"), ["r0", "r3"]),
        (Query(stage=(Stage.COMPLETED,)), []),
        (Query(until_us=1), []),
        (Query(since_us=1, layer="input", tenant="t0"), ["r0", "r2"]),
    ):
        assert sorted(e.request_id for e in (await log.search(query)).entries) == requests, query
    await log.close()


async def _of_many(settings: AuditSettings) -> None:
    log = await library(settings)
    many = frozenset(f"it's {n}" for n in range(70_000))
    for query, requests in (
        (Query(among=many | {"r1", "r2"}), ["r1", "r2"]),
        (Query(among=many | {"r1", "r2"}, tenant="t1", facets=True), ["r1"]),
        (Query(among=frozenset()), []),
        (Query(beyond=many | {"r1", "r2"}, language="zh"), ["r0"]),
    ):
        assert sorted(e.request_id for e in (await log.search(query)).entries) == requests
    await _opened_by_somebody(log)
    await log.close()


async def _opened_by_somebody(log: AuditLog) -> None:
    """A reason cannot pretend that another record was opened. The command `audit show --text` said
    `request`."""
    forged = '","object":"r2"'
    detail = {"actor": "ann", "verb": "reveal", "object": "r1", "reason": forged}
    looked = record("look", Stage.ACCESS, decisions=(), detail=detail)
    await log.append(looked)
    detail = {"actor": "li", "verb": "reveal", "request": "r0", "by": "cli"}
    await log.append(record("command", Stage.ACCESS, decisions=(), detail=detail))
    for object, requests in (("r1", ["look"]), ("r0", ["command"]), ("r2", []), ("", [])):
        found = await log.search(Query(object=object, viewed="" if object else "nobody"))
        assert [e.request_id for e in found.entries] == requests


async def test_requests_are_named_however_many(settings: AuditSettings) -> None:
    await _of_many(settings)


@pytest.mark.postgres
async def test_requests_are_named_on_postgres(postgres_settings: AuditSettings) -> None:
    await _of_many(postgres_settings)
