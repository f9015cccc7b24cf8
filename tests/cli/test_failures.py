"""Failures of the surroundings become messages in both languages; bugs keep their traceback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pg8000.exceptions import DatabaseError
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from threegate.cli.failures import message
from threegate.cli.main import main

AWAY = "postgresql://guard:canary@127.0.0.1:1/log"


def postgres_error(state: str, words: str) -> DBAPIError:
    return ProgrammingError("SELECT :x", {"x": "canary"}, DatabaseError({"C": state, "M": words}))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_database_that_is_away_is_named_without_its_password(
    capsys: pytest.CaptureFixture[str], language: str
) -> None:
    assert main(["policy", "history", "--database", AWAY, "--lang", language]) == 2
    printed = capsys.readouterr().err
    assert "127.0.0.1 and port 1" in printed
    assert "canary" not in printed
    assert "Traceback" not in printed


def test_a_servers_message_is_shown_where_it_holds_no_value() -> None:
    shown = message(postgres_error("28P01", 'password authentication failed for user "g"'), "en")
    assert shown == (
        'the database cannot be used: password authentication failed for user "g" (28P01)'
    )
    rights = message(postgres_error("42501", "permission denied for schema public"), "en")
    assert rights is not None
    assert "permission denied for schema public (42501)" in rights
    hidden = message(postgres_error("22P02", "invalid input syntax: canary"), "en")
    assert hidden == "the database cannot be used: 22P02"


@pytest.mark.postgres
def test_a_database_that_a_server_does_not_have_is_named_with_the_server(
    capsys: pytest.CaptureFixture[str],
) -> None:
    server = os.environ.get("THREEGATE_TEST_POSTGRES")
    if not server:
        pytest.skip("THREEGATE_TEST_POSTGRES is not set")
    url = make_url(server).set(password="canary", database="absent")
    assert main(["policy", "history", "--database", url.render_as_string(False)]) == 2
    printed = capsys.readouterr().err
    assert f'"absent" does not exist (3D000) at host {url.host} and port {url.port}' in printed
    assert "canary" not in printed


def test_a_statement_of_sqlite_is_not_shown(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'none' / 'x'}")
    with pytest.raises(DBAPIError) as caught, engine.connect() as connection:
        connection.execute(text("SELECT 'canary'"))
    assert message(caught.value, "en") == (
        "the database cannot be used: unable to open database file"
    )


def test_a_file_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(OSError) as caught:  # noqa: PT011
        (tmp_path / "none").read_text()
    assert message(caught.value, "en") == f"{tmp_path / 'none'}: no such file or directory"
    assert message(caught.value, "zh") == f"{tmp_path / 'none'}：没有这个文件或目录"


def test_a_bug_keeps_its_traceback() -> None:
    assert message(ValueError("x"), "en") is None
    assert message(OSError("no path"), "en") is None


@pytest.mark.parametrize("module", ["redis.asyncio", "pg8000.dbapi", "grpc", "pyarrow"])
def test_a_missing_extra_is_named(module: str) -> None:
    missing = ModuleNotFoundError(f"No module named {module!r}", name=module)
    assert "pip install 'threegate[" in str(message(missing, "en"))
    assert "pip install 'threegate[" in str(message(missing, "zh"))
    assert message(ModuleNotFoundError("x", name="ours"), "en") is None
