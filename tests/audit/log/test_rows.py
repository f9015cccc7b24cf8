from __future__ import annotations

import orjson
from threegate.audit import ContentLevel, Record, Stage
from threegate.audit.log.chain import SHA256
from threegate.audit.log.keys import MasterKey
from threegate.audit.log.rows import (
    COLUMN_NAMES,
    PendingRecord,
    bind,
    columns,
    hits,
    make_record,
)
from threegate.types import Action, Decision, Layer, Verdict

from tests.audit.conftest import content, decision, record

KEY = MasterKey(bytes(32)).new_data_key("retail", "2026-11-25")


def made(record: Record, level: ContentLevel, pseudonym: str = "") -> PendingRecord:
    return make_record(
        record,
        content(),
        ts_us=1,
        mono_us=1,
        level=level,
        key=KEY,
        pseudonym=pseudonym,
        hasher=SHA256,
    )


def test_columns_and_hits_are_functions_of_the_event() -> None:
    item = made(record(), ContentLevel.REDACTED)
    payload = orjson.loads(item.event)
    assert columns(payload) == item.columns
    assert hits(payload) == item.hits
    assert dict(zip(COLUMN_NAMES, item.columns, strict=True)) == {
        "request_id": "r1",
        "stage": "received",
        "action": 7,
        "layer": "input",
        "tenant": "retail",
        "key_id": "k1",
        "model": "deepseek-r1",
        "policy": "sha256:abc",
        "language": "zh",
        "conversation": "",
        "retention": "standard",
    }
    assert item.hits == (
        ("pii.cn.id_card", "pii.cn.id_card", "input", 7, False),
        ("out.hazard", "failed.timeout", "input", 1, True),
    )


def test_the_same_hit_twice_is_one_row() -> None:
    assert len(made(record(decisions=(decision(), decision())), ContentLevel.NONE).hits) == 2


def test_the_layer_is_the_one_that_acted() -> None:
    passed = Decision("d0", "r", Layer.CONSTRAINT, Verdict(), "p")
    item = made(record(decisions=(passed, decision())), ContentLevel.NONE)
    assert item.columns[2:4] == (int(Action.BLOCK), "input")
    allowed = made(record(decisions=(passed,)), ContentLevel.NONE)
    assert allowed.columns[2:4] == (int(Action.ALLOW), "")


def test_nothing_beside_the_log_without_content_or_subject() -> None:
    item = made(Record(stage=Stage.RECEIVED), ContentLevel.NONE)
    assert (item.salt, item.subject, item.key, item.blob) == (None, None, None, b"")
    assert b"bind" not in item.event


def test_the_bond_needs_salt_and_subject() -> None:
    item = made(record(), ContentLevel.METADATA, "pseudonym")
    assert item.salt is not None
    commitment = orjson.loads(item.event)["bind"]
    assert commitment == bind(item.salt, "pseudonym", SHA256)
    assert commitment not in {
        bind(item.salt, "other", SHA256),
        bind(bytes(16), "pseudonym", SHA256),
    }
    assert b"pseudonym" not in item.event
