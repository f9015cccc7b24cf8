"""Header, record, trace, history, store and `explain` name a policy by the same digest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import text
from threegate.audit.export.otel import otel_spans
from threegate.audit.log.database import writer_engine
from threegate.cli.explain import titles_for
from threegate.policy.facade import check
from threegate.policy.kinds import KINDS
from threegate.policy.lifecycle.store import DirTree, now_utc
from threegate.policy.lifecycle.versions import Versions
from threegate.policy.model import CompiledPolicy

from tests.e2e.support.running import ROOT, Running, proxy

PACKS = {"one": ("base",), "two": ("base", "sampling-safe")}


def ask(running: Running) -> httpx.Response:
    body = {"model": "deepseek-r1", "messages": [{"role": "user", "content": "hi"}]}
    return httpx.post(f"{running.url}/v1/chat/completions", json=body, timeout=60)


def last_entry(running: Running) -> Any:
    """The last record of a call, as it lies in the log."""
    query = text("select entry from audit_record where request_id <> '' order by seq desc limit 1")
    with writer_engine(f"sqlite:///{running.var}/audit.sqlite3").connect() as connection:
        return orjson.loads(connection.execute(query).scalar_one())


@pytest.mark.parametrize("packs", PACKS.values(), ids=PACKS)
def test_every_place_names_the_version(tmp_path: Path, packs: tuple[str, ...]) -> None:
    with proxy(tmp_path, packs=packs) as running:
        policies = running.deps.policies.pin()
        reply = ask(running)
        entry = last_entry(running)
        assert reply.headers["x-threegate-policy"].rpartition("@")[2] == policies.digest[:12]
        event = entry["event"]
        assert event["policy"]["digest"] == policies.digest
        own = {
            d["policy"] for d in event["decisions"] if "policy" in d
        }  # another than the record's
        assert own == set()
        assert policies.digest in orjson.dumps(otel_spans(entry)).decode()
        assert titles_for(event, running.deps.settings)
        checked = check(DirTree(ROOT / "policies"), packs, known=KINDS)
        versions = Versions.open(writer_engine(f"sqlite:///{tmp_path}/versions.sqlite3"))
        assert versions.save(checked, packs, now_utc()) == policies.digest


def test_records_from_before_are_still_explained(tmp_path: Path) -> None:
    """They name the policy that was compiled for one binding."""
    with proxy(tmp_path) as running:
        (binding,) = running.deps.policies.pin().bindings
        old = {"policy": {"digest": binding.policy.digest}}
        assert titles_for(old, running.deps.settings)
        assert titles_for({"policy": {"digest": "0" * 64}}, running.deps.settings) is None


def test_a_policy_that_was_compiled_alone_has_its_own_digest() -> None:
    assert CompiledPolicy("d" * 64, "p").version_digest == "d" * 64
    policies = check(DirTree(ROOT / "policies"), ["base"]).policies
    assert {b.policy.version_digest for b in policies.bindings} == {policies.digest}
