from __future__ import annotations

import pytest
from sqlalchemy import MetaData, Table, Text, create_engine, insert, select
from sqlalchemy.exc import IntegrityError
from threegate.sql_tables import create_tables, key, required


def test_a_key_is_unique_and_what_is_required_is_there() -> None:
    tables = MetaData()
    kept = Table("kept", tables, *key("owner", "name"), *required("text", of=Text))
    engine = create_engine("sqlite://")
    for _ in range(2):
        create_tables(engine, tables)
    row = {"owner": "a", "name": "b", "text": "c"}
    with engine.connect() as connection:
        connection.execute(insert(kept).values(row))
        for wrong in (row, {"owner": "a", "name": "c"}):
            with pytest.raises(IntegrityError):
                connection.execute(insert(kept).values(wrong))
        assert connection.execute(select(kept)).all() == [("a", "b", "c")]
