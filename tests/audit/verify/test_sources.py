from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from threegate.audit import AuditSettings
from threegate.audit.verify import sources
from threegate.audit.verify.sources import connect
from threegate.errors import AuditError

from tests.audit.conftest import check, filled


async def test_a_database_is_read_as_it_is(
    settings: AuditSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "PAGE", 3)  # several pages
    await (await filled(settings, 5)).close()
    database = connect(settings.url)
    (writer,) = database.writers()
    rows = list(database.rows(writer))
    assert [r.seq for r in rows] == list(range(12))
    assert all(r.entry and r.leaf for r in rows)
    assert [c[0] for c in database.contents(writer)] == list(range(1, 11))
    assert list(database.hits(writer)) == []  # of versions before
    assert {len(database.hit_set(r.hits)) for r in rows if r.hits} == {2}
    assert [(w, s) for w, s, _ in database.checkpoints()] == [(writer, 12)]
    assert list(database.tombstones()) == []
    database.close()
    assert check(settings).ok


async def test_reading_changes_nothing(settings: AuditSettings) -> None:
    await (await filled(settings, 1)).close()
    database = connect(settings.url)
    with pytest.raises(AuditError, match="readonly"):
        database.fetch("DELETE FROM audit_record", ())
    database.close()


def test_what_is_no_log_is_said(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="no audit database"):
        connect(str(tmp_path / "none.db"))
    (tmp_path / "text.db").write_text("not a database, but long enough to be looked at" * 100)
    with pytest.raises(AuditError, match="cannot be read"):
        connect(f"sqlite:///{tmp_path / 'text.db'}").writers()
    with pytest.raises(AuditError, match="cannot be reached"):
        connect("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(AuditError, match="port 1: Connection refused"):
        connect("postgresql://127.0.0.1:1/none")


def test_a_verifier_connects_with_the_tls_of_its_address() -> None:
    with pytest.raises(AuditError, match="sslmode must be one of"):
        connect("postgresql://nobody@127.0.0.1:1/none?sslmode=always")
    with pytest.raises(AuditError, match="sslrootcert /nowhere"):
        connect("postgresql://u@127.0.0.1:1/x?sslmode=verify-full&sslrootcert=/nowhere")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "POSTGRESQL", "mysql", "sqlite"])
def test_no_password_of_an_address_is_named(scheme: str) -> None:
    with pytest.raises(AuditError) as caught:
        connect(f"{scheme}://auditor:canary-password@127.0.0.1:1/log")
    assert "canary" not in str(caught.value) + repr(caught.value)
    reached = "Connection refused" if scheme.startswith("postgres") else "expected sqlite"
    assert reached in str(caught.value)


@pytest.mark.parametrize("wrong", ["first@mid:canary@127.0.0.1", "canary@127.0.0.1:12x"])
def test_an_address_that_cannot_be_parsed_is_not_quoted(wrong: str) -> None:
    with pytest.raises(AuditError, match="expected sqlite") as caught:
        connect(f"postgresql://auditor:{wrong}/log")
    assert "canary" not in str(caught.value)


@pytest.mark.postgres
async def test_postgres_is_read_the_same(postgres_settings: AuditSettings) -> None:
    await (await filled(postgres_settings, 2)).close()
    report = check(postgres_settings)
    assert report.ok, report.problems
    assert [c.integrated for c in report.chains] == [6]


@pytest.mark.postgres
async def test_a_log_is_verified_at_its_address_as_libpq_writes_it(
    postgres_settings: AuditSettings,
) -> None:
    await (await filled(postgres_settings, 2)).close()
    url = postgres_settings.url.replace("postgresql://", "postgres://")
    report = check(replace(postgres_settings, url=url))
    assert report.ok, report.problems
