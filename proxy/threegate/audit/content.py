"""Texts beside the log: salted hashes for the entry, one encrypted blob, and the words for
full-text search.

The hash of a part is `H(salt || name || 0x00 || UTF-8 text)`. The salt comes from the tenant's data
key of the day and a random nonce of the record, so neither the entry nor the database alone lets
anybody test a guess, and a reader who is given salt and text can check both against the entry.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from threegate.audit.chain import Hasher
from threegate.audit.keys import NONCE_BYTES, DataKey
from threegate.audit.record import Content, ContentLevel, Part, clean
from threegate.errors import AuditError

SALT_NONCE_BYTES = 16
MAX_INDEXED_CHARS = 16_000  # of one record; PostgreSQL keeps word positions up to 16,383


@dataclass(frozen=True, slots=True)
class Sealed:
    """`entries` go into the log, the rest beside it. `blob` is empty when no text is kept."""

    entries: list[dict[str, Any]]
    blob: bytes = field(default=b"", repr=False)
    terms: str = field(default="", repr=False)


def seal(
    content: Content, level: ContentLevel, event_id: str, key: DataKey, nonce: bytes, hasher: Hasher
) -> Sealed:
    """`content` as `level` wants it kept. The blob is bound to `event_id`."""
    if level is ContentLevel.NONE:
        return Sealed([])
    salt = key.salt(nonce)
    shown = level is not ContentLevel.METADATA
    entries = [_hashed(part, salt, hasher, shown=shown) for part in content.parts]
    if level is ContentLevel.METADATA or not entries:
        return Sealed(entries)
    blob = _encrypt([_kept(p, level) for p in content.parts], event_id, key)
    entries.append({"blob": hasher.digest(blob).hex(), "key": key.id, "level": level.value})
    text = "\n".join(p.text if p.redacted is None else p.redacted for p in content.parts)
    return Sealed(entries, blob, terms(text[:MAX_INDEXED_CHARS]))


def _utf8(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def part_hash(part_name: str, text: str, salt: bytes, hasher: Hasher) -> str:
    return hasher.digest(salt + part_name.encode() + b"\0" + _utf8(text)).hex()


def _hashed(part: Part, salt: bytes, hasher: Hasher, *, shown: bool) -> dict[str, Any]:
    name = clean(part.name)
    digest = part_hash(name, part.text, salt, hasher)
    entry = {"chars": len(part.text), "hash": digest, "part": name}
    if shown and part.redacted is not None:
        entry["redacted_hash"] = part_hash(name, part.redacted, salt, hasher)
    return entry


def _kept(part: Part, level: ContentLevel) -> dict[str, Any]:
    redacted = part.text if part.redacted is None else part.redacted
    kept = {"part": clean(part.name), "redacted": _printable(redacted)}
    if level is ContentLevel.FULL:
        kept["text"] = _printable(part.text)
    return kept


def _printable(text: str) -> str:
    """JSON has no lone surrogates; the request parser refuses them, so one here is rare and becomes
    `?`.
    """
    return text.encode(errors="replace").decode()


def _encrypt(parts: list[dict[str, Any]], event_id: str, key: DataKey) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key.content_key).encrypt(nonce, orjson.dumps(parts), event_id.encode())


def unseal(blob: bytes, event_id: str, key: DataKey) -> list[dict[str, str]]:
    """The kept parts: `part`, `redacted` and, at level full, `text`. Raises `AuditError` for a
    changed blob.
    """
    nonce, sealed = blob[:NONCE_BYTES], blob[NONCE_BYTES:]
    try:
        parts = orjson.loads(AESGCM(key.content_key).decrypt(nonce, sealed, event_id.encode()))
    except InvalidTag:
        raise AuditError("content does not open: wrong key or changed") from None
    return list(parts)


_RUNS = re.compile(
    r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af\U00020000-\U0003ffff]+"
    r"|[^\W_\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af\U00020000-\U0003ffff]+"
)
_FIRST_WIDE = "\u3040"


def terms(text: str) -> str:
    """Words for the index, space-separated: Latin words lower-cased, Chinese as overlapping pairs
    of characters.

    Pairs, not trigrams: most Chinese words have two characters, which a trigram index cannot look
    up.
    """
    words: list[str] = []
    for run in _RUNS.findall(unicodedata.normalize("NFKC", text).lower()):
        words.extend(_pairs(run) if run[0] >= _FIRST_WIDE else [run])
    return " ".join(words)


def _pairs(run: str) -> list[str]:
    """All pairs and the last character alone, so that a one-character prefix query finds every
    position.
    """
    return [run[i : i + 2] for i in range(len(run))]


def query_phrases(text: str) -> Sequence[Sequence[str]]:
    """The phrases a search for `text` must find: one per run; a Chinese run is a chain of its
    pairs.
    """
    phrases: list[list[str]] = []
    for run in _RUNS.findall(unicodedata.normalize("NFKC", text).lower()):
        wide = run[0] >= _FIRST_WIDE
        phrases.append(_pairs(run)[: max(1, len(run) - 1)] if wide else [run])
    return phrases
