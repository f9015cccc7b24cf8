"""Texts of a conversation, kept outside the chain: salted hashes for the entry, one encrypted blob,
and the words for full-text search.

The hash of a part is `H(salt || name || 0x00 || UTF-8 text)`. The salt comes from the tenant's data
key of the day and a random nonce of the record, so neither the entry nor the database is enough to
test a guess, and a reader who is given salt and text can check both against the entry.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag

from threegate.audit.errors import trouble
from threegate.audit.log.chain import Hasher
from threegate.audit.log.keys import NONCE_BYTES, DataKey
from threegate.audit.log.places import recorded
from threegate.audit.log.record import Content, ContentLevel, Part
from threegate.normalize.confusables import simplified
from threegate.random_pool import random_bytes
from threegate.types import frozen

EVENT_ID_BYTES = 12
SALT_NONCE_BYTES = 16
MAX_INDEXED_CHARS = 16_000  # of one record; PostgreSQL keeps word positions up to 16,383
ANSWER_PART = "choices/"  # how the names of an answer's parts begin
REQUEST = "request"  # the part name under which a request's bytes are hashed


@dataclass(frozen=True, slots=True)
class RandomBytes:
    """The random bytes of one record."""

    event_id: str
    salt: bytes = field(repr=False)
    nonce: bytes = field(repr=False)

    @classmethod
    def draw(cls, salt: bytes = b"") -> RandomBytes:
        """New random bytes, or with the salt of the record's intent."""
        event_id = random_bytes(EVENT_ID_BYTES).hex()
        return cls(event_id, salt or random_bytes(SALT_NONCE_BYTES), random_bytes(NONCE_BYTES))


@frozen
class SealedContent:
    """`entries` go into the log, the rest into tables that can be erased. `blob` is empty when no
    text is kept."""

    entries: list[dict[str, Any]]
    blob: bytes = field(default=b"", repr=False)
    terms: str = field(default="", repr=False)


def request_digest(request: bytes, key: DataKey, nonce: bytes, hasher: Hasher) -> str:
    """The salted hash of a request's bytes, as hex."""
    return hasher.digest(key.salt(nonce) + REQUEST.encode() + b"\0" + request).hex()


def seal(
    content: Content, level: ContentLevel, key: DataKey, fresh: RandomBytes, hasher: Hasher
) -> SealedContent:
    """`content` in the form that `level` keeps. The blob is bound to the record's id."""
    if level is ContentLevel.NONE:
        return SealedContent([])
    salt = key.salt(fresh.salt)
    shown = level is not ContentLevel.METADATA
    entries = [_hashed(part, salt, hasher, shown=shown) for part in content.parts]
    if level is ContentLevel.METADATA or not entries:
        return SealedContent(entries)
    blob = _encrypt([_kept(p, level) for p in content.parts], key, fresh)
    entries.append({"blob": hasher.digest(blob).hex(), "key": key.id, "level": level.value})
    redacted = ((p.name, p.text if p.redacted is None else p.redacted) for p in content.parts)
    return SealedContent(entries, blob, indexed(redacted))


def indexed(redacted: Iterable[tuple[str, str]]) -> str:
    """The search words of a record's redacted texts, given as (part name, text). If the texts are
    too long, the answer gets at least half of the space."""
    requests, answers = list[str](), list[str]()
    for name, text in redacted:
        (answers if name.startswith(ANSWER_PART) else requests).append(text)
    answer = "\n".join(answers)
    room = MAX_INDEXED_CHARS - min(len(answer), MAX_INDEXED_CHARS // 2)
    question = "\n".join(requests)[:room]
    return terms(f"{question}\n{answer[: MAX_INDEXED_CHARS - len(question)]}")


def part_hash(part_name: str, text: str, salt: bytes, hasher: Hasher) -> str:
    written = part_name.encode() + b"\0" + text.encode(errors="surrogatepass")
    return hasher.digest(salt + written).hex()


def _hashed(part: Part, salt: bytes, hasher: Hasher, *, shown: bool) -> dict[str, Any]:
    name = recorded(part.name)
    digest = part_hash(name, part.text, salt, hasher)
    entry = {"chars": len(part.text), "hash": digest, "part": name}
    if shown and part.redacted is not None:
        entry["redacted_hash"] = part_hash(name, part.redacted, salt, hasher)
    return entry


def _kept(part: Part, level: ContentLevel) -> dict[str, Any]:
    redacted = part.text if part.redacted is None else part.redacted
    kept = {"part": recorded(part.name), "redacted": _printable(redacted)}
    if level is ContentLevel.FULL:
        kept["text"] = _printable(part.text)
    return kept


def _printable(text: str) -> str:
    """JSON has no lone surrogates, and the request parser refuses them; a rare one here becomes
    `?`."""
    return text.encode(errors="replace").decode()


def _encrypt(parts: list[dict[str, Any]], key: DataKey, fresh: RandomBytes) -> bytes:
    sealed = key.cipher.encrypt(fresh.nonce, orjson.dumps(parts), fresh.event_id.encode())
    return fresh.nonce + sealed


def unseal(blob: bytes, event_id: str, key: DataKey) -> list[dict[str, str]]:
    """The kept parts: `part`, `redacted` and, at level full, `text`. Raises `AuditError` for a
    changed blob."""
    nonce, sealed = blob[:NONCE_BYTES], blob[NONCE_BYTES:]
    try:
        parts = orjson.loads(key.cipher.decrypt(nonce, sealed, event_id.encode()))
    except InvalidTag:
        raise trouble("content") from None
    return list(parts)


_WIDE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_RUNS = re.compile(rf"([{_WIDE}]+)|([^\W_{_WIDE}]+)")
_WORDS = re.compile(rf"(?=([{_WIDE}]{{1,2}}))[{_WIDE}]|([^\W_{_WIDE}]+)")
_MARKS = "，：；！？（）"  # common characters that normalisation changes; no letters


def _folded(text: str) -> str:
    """Normalised, in lower case and simplified characters. A text without characters to change is
    normalised quickly, and most Chinese texts contain only the ones above."""
    if not text.isascii():
        for mark in _MARKS:
            text = text.replace(mark, " ")
    return unicodedata.normalize("NFKC", text).lower().translate(simplified())


def terms(text: str) -> str:
    """Words for the index, space-separated: Latin words in lower case, Chinese as overlapping pairs
    of characters plus the last single one, so that a one-character prefix query finds every
    position.

    Pairs, not trigrams: most Chinese words have two characters, which a trigram index cannot look
    up."""
    return " ".join([pair or word for pair, word in _WORDS.findall(_folded(text))])


def query_phrases(text: str) -> Sequence[Sequence[str]]:
    """The phrases a search for `text` must find: one per run; a Chinese run is a chain of its
    pairs."""
    return _phrases(_folded(text))


def unsimplified_phrases(text: str) -> Sequence[Sequence[str]]:
    """The same in the original characters of `text`, as the index had them until 2026-12."""
    return _phrases(unicodedata.normalize("NFKC", text).lower())


def _phrases(text: str) -> Sequence[Sequence[str]]:
    return [_pairs(wide) or [wide or word] for wide, word in _RUNS.findall(text)]


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)]
