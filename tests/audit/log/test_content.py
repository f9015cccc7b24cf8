from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.audit import Content, ContentLevel, Part
from threegate.audit.log.chain import SHA256
from threegate.audit.log.content import RandomBytes, part_hash, query_phrases, seal, terms, unseal
from threegate.audit.log.keys import MasterKey
from threegate.errors import AuditError

from tests.audit.conftest import REDACTED, SECRET, TEXT, content

MASTER = MasterKey(bytes(32))
KEY = MASTER.new_data_key("retail", "2026-11-25")
FRESH = RandomBytes("id1", bytes(16), bytes(12))


@pytest.mark.parametrize(
    ("level", "kept"),
    [
        (ContentLevel.REDACTED, [{"part": "messages/0/user", "redacted": REDACTED}]),
        (ContentLevel.FULL, [{"part": "messages/0/user", "redacted": REDACTED, "text": TEXT}]),
    ],
)
def test_text_comes_back_as_its_level_says(level: ContentLevel, kept: list[dict[str, str]]) -> None:
    sealed = seal(content(), level, KEY, FRESH, SHA256)
    assert unseal(sealed.blob, "id1", KEY) == kept
    assert SECRET.encode() not in sealed.blob
    assert SECRET not in sealed.terms
    assert sealed.entries[-1]["blob"] == SHA256.digest(sealed.blob).hex()


def test_metadata_keeps_hashes_only() -> None:
    sealed = seal(content(), ContentLevel.METADATA, KEY, FRESH, SHA256)
    assert (sealed.blob, sealed.terms) == (b"", "")
    (entry,) = sealed.entries
    assert entry["hash"] == part_hash("messages/0/user", TEXT, KEY.salt(FRESH.salt), SHA256)
    assert entry["chars"] == len(TEXT)


def test_a_hash_cannot_be_tested_without_nonce_and_key() -> None:
    entry = seal(content(), ContentLevel.METADATA, KEY, FRESH, SHA256).entries[0]
    other_key = MASTER.new_data_key("retail", "2026-11-25")
    for salt in (b"", FRESH.salt, KEY.salt(b"x" * 16), other_key.salt(FRESH.salt)):
        assert part_hash("messages/0/user", TEXT, salt, SHA256) != entry["hash"]


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_no_changed_blob_opens(at: int, bit: int) -> None:
    blob = seal(content(), ContentLevel.FULL, KEY, FRESH, SHA256).blob
    at %= len(blob)
    changed = blob[:at] + bytes([blob[at] ^ (1 << bit)]) + blob[at + 1 :]
    with pytest.raises(AuditError):
        unseal(changed, "id1", KEY)


def test_a_blob_belongs_to_its_record() -> None:
    blob = seal(content(), ContentLevel.FULL, KEY, FRESH, SHA256).blob
    with pytest.raises(AuditError):
        unseal(blob, "id2", KEY)


def test_lone_surrogates_do_not_stop_the_log() -> None:
    odd = Content((Part("p", "a\ud800b"),), ContentLevel.FULL)
    blob = seal(odd, ContentLevel.FULL, KEY, FRESH, SHA256).blob
    assert unseal(blob, "id1", KEY)[0]["text"] == "a?b"


def test_each_record_draws_its_own_random_bytes() -> None:
    drawn = [RandomBytes.draw() for _ in range(100)]
    assert len({d.event_id for d in drawn} | {d.salt.hex() for d in drawn}) == 200
    assert {(len(d.event_id), len(d.salt), len(d.nonce)) for d in drawn} == {(24, 16, 12)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("我的身份证", "我的 的身 身份 份证 证"),
        ("My Order-42, late!", "my order 42 late"),
        ("ＡＢＣ１２", "abc12"),
        ("查询VIP客户x", "查询 询 vip 客户 户 x"),
        ("", ""),
    ],
)
def test_words_of_the_index(text: str, words: str) -> None:
    assert terms(text) == words


@given(st.text("的我身份证贷款abc 1-", max_size=20), st.data())
def test_every_part_of_a_chinese_text_is_found(text: str, data: st.DataObject) -> None:
    """A phrase query for any stretch of a text matches the words of the text, in order."""
    start = data.draw(st.integers(0, len(text)))
    stretch = text[start : data.draw(st.integers(start, len(text)))]
    words = terms(text).split()
    for phrase in query_phrases(stretch):
        wide = phrase[0] >= "\u3040"
        found = any(
            all(
                w == p or (wide and len(p) == 1 and w.startswith(p))
                for w, p in zip(words[i:], phrase, strict=False)
            )
            for i in range(len(words) - len(phrase) + 1)
        )
        assert found or not wide
