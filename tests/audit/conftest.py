from __future__ import annotations

import asyncio
import dataclasses
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from threegate.audit import AuditLog, AuditSettings, Content, Part, Query, Record, Stage
from threegate.audit.verify.findings import VerifyReport
from threegate.audit.verify.sources import connect
from threegate.audit.verify.verifier import own_keys, published_files, verify_database
from threegate.cli.main import main
from threegate.types import (
    Action,
    Caller,
    Channel,
    Decision,
    Failed,
    Finding,
    Layer,
    Level,
    Reason,
    Ruling,
    Span,
    TextLocation,
    Usage,
    Verdict,
)

SECRET = "110105194912310021"
TEXT = f"我的身份证号是{SECRET}，请帮我查询贷款进度。My order is late."
REDACTED = TEXT.replace(SECRET, "<身份证>")


@pytest.fixture
def settings(tmp_path: Path) -> AuditSettings:
    """The log in a fresh SQLite file."""
    return AuditSettings(url=f"sqlite:///{tmp_path}/audit.db", directory=tmp_path)


def decision(action: Action = Action.BLOCK) -> Decision:
    locus = TextLocation(Layer.INPUT, Channel.USER, message=0)
    finding = Finding("cn_id", "pii.cn.id_card", Span(7, 25), 0.98765, Level.HIGH, locus)
    failed = Failed("guard", Reason.TIMEOUT, locus)
    ruled = (
        Ruling("pii.cn.id_card", action, finding),
        Ruling("out.hazard", Action.FLAG, failed, shadow=True),
    )
    return Decision("d1", "r1", Layer.INPUT, Verdict(action, ruled), "sha256:abc", {"pii": 1.25})


def record(request_id: str = "r1", stage: Stage = Stage.RECEIVED, **members: object) -> Record:
    base = {
        "caller": Caller(tenant="retail", key_id="k1", model="deepseek-r1", language="zh"),
        "decisions": (decision(),),
        "usage": Usage(input=3, output=5),
        "policy": "sha256:abc",
    }
    return Record(stage=stage, request_id=request_id, **(base | members))  # type: ignore[arg-type]


def content() -> Content:
    return Content((Part("messages/0/user", TEXT, REDACTED),))


async def filled(settings: AuditSettings, count: int = 3) -> AuditLog:
    """An open log with `count` requests, each received and completed."""
    log = await AuditLog.open(settings)
    for n in range(count):
        await log.append(record(f"r{n}", subject=f"user-{n}"), content())
        await log.append(record(f"r{n}", Stage.COMPLETED, subject=f"user-{n}"), content())
    return log


def check(settings: AuditSettings) -> VerifyReport:
    """What an auditor finds who has the log's public key and published checkpoints."""
    database = connect(settings.url)
    try:
        notes = [p.read_text() for p in published_files(settings)]
        return verify_database(database, own_keys(settings), notes)
    finally:
        database.close()


@pytest.fixture
def postgres_settings(settings: AuditSettings) -> Iterator[AuditSettings]:
    """The log in an empty database of the server THREEGATE_TEST_POSTGRES (a URL of a superuser), or a skip."""
    url = os.environ.get("THREEGATE_TEST_POSTGRES")
    if not url:
        pytest.skip("THREEGATE_TEST_POSTGRES is not set")
    with another_database(url) as made:
        yield dataclasses.replace(settings, url=made)


@contextmanager
def another_database(url: str) -> Iterator[str]:
    """The URL of a new, empty database of the same server, which goes at the end."""
    name = f"audit_{secrets.token_hex(6)}"
    admin = create_engine(
        make_url(url).set(drivername="postgresql+pg8000"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(url).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


class Outage:
    """A database that refuses every commit while it lasts, without touching what is stored."""

    def __init__(self, settings: AuditSettings, *tables: str) -> None:
        self._tables = tables or ("audit_record", "audit_intent")
        self._holder = sqlite3.connect(
            settings.url.removeprefix("sqlite:///"), isolation_level=None
        )

    def __enter__(self) -> None:
        for table in self._tables:
            self._holder.execute(
                f"CREATE TRIGGER outage_{table} BEFORE INSERT ON {table}"
                " BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END"
            )

    def __exit__(self, *_: object) -> None:
        for table in self._tables:
            self._holder.execute(f"DROP TRIGGER outage_{table}")
        self._holder.close()


@pytest.fixture
async def closed_log(settings: AuditSettings) -> AuditSettings:
    """A closed log of three requests."""
    await (await filled(settings)).close()
    return settings


async def audit(settings: AuditSettings, *args: str) -> int:
    where = ("--database", settings.url, "--directory", str(settings.directory))
    return await asyncio.to_thread(run, "audit", args[0], *where, *args[1:])


def run(*args: str) -> int:
    """The exit code of `threegate …`, in English."""
    return main([*args, "--lang", "en"])


Captured = pytest.CaptureFixture[str]


async def accesses(settings: AuditSettings) -> list[dict[str, str]]:
    reader = await AuditLog.open(settings)
    page = await reader.search(Query(stage=(Stage.ACCESS,)))
    await reader.close()
    return [dict(e.event["detail"]) for e in page.entries]
