"""Keys: how they are loaded, and the data keys that make erasure possible.

One master key wraps one random data key per (tenant, UTC day, writer). Deleting the wrapped keys of
a tenant and day makes every text of that day unreadable, in backups as well, while the log's proofs
stay valid. A new master key wraps all new data keys; older ones only open what they wrapped, until
that is rewrapped (`retention.rewrap`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import shlex
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from threegate.audit.errors import trouble
from threegate.durable_files import write_once
from threegate.errors import AuditError
from threegate.i18n.system import reason
from threegate.types import Bilingual

KEY_BYTES = 32
NONCE_BYTES = 12
KMS_SECONDS = 30


def load_key(spec: str, default: Path, environment: Mapping[str, str], *, setting: str) -> bytes:
    """The 32-byte key that `spec` refers to (see `AuditSettings`); empty means the file `default`,
    created if it is missing. Raises AuditError, which names `setting`."""
    try:
        return _load(spec, default, environment)
    except AuditError as error:
        raise trouble("key", setting=setting, why=error.text) from None


def _load(spec: str, default: Path, environment: Mapping[str, str]) -> bytes:
    kind, _, where = spec.partition(":")
    match kind:
        case "":
            return _decode(_read_or_create(default), str(default))
        case "file":
            return _decode(_read(Path(where)), where)
        case "env":
            if where not in environment:
                raise trouble("key-variable", name=where)
            return _decode(environment[where].encode(), where)
        case "cmd":
            return _decode(_command(where), "command output")
        case _:
            raise trouble("key-form")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise trouble("key-file", path=path, why=reason(error)) from None


def _read_or_create(path: Path) -> bytes:
    """Several workers may start at once: the one that links its file first wins, and all read the
    same key."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_once(path, secrets.token_hex(KEY_BYTES).encode() + b"\n")
    return _read(path)


def _command(command: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own key command, no shell
            shlex.split(command), capture_output=True, timeout=KMS_SECONDS, check=True
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise trouble("key-command", why=_why(error)) from None
    return done.stdout


def _why(error: Exception) -> Bilingual:
    """Leaves out the command, whose arguments may be secret, and its output."""
    match error:
        case subprocess.CalledProcessError(returncode=status):
            return Bilingual(f"退出状态 {status}", f"exit status {status}")
        case subprocess.TimeoutExpired():
            return Bilingual(f"{KMS_SECONDS} 秒内没有结束", f"no answer in {KMS_SECONDS} s")
        case OSError():
            return reason(error)
        case _:  # from shlex
            return Bilingual("引号没有闭合", "an open quotation mark")


def _decode(raw: bytes, where: str) -> bytes:
    if len(raw) == KEY_BYTES:
        return raw
    text = raw.strip()
    for decode in (binascii.unhexlify, lambda t: base64.b64decode(t, validate=True)):
        try:
            key = decode(text)
        except (binascii.Error, ValueError):
            continue
        if len(key) == KEY_BYTES:
            return key
    raise trouble("key-bytes", where=where)


@dataclass(frozen=True, slots=True)
class DataKey:
    """A data key in plain form and as stored. `id` is random; `day` is `YYYY-MM-DD` in UTC."""

    id: str
    tenant: str
    day: str
    key: bytes = field(repr=False)
    wrapped: bytes = field(repr=False)
    cipher: AESGCM = field(init=False, repr=False, compare=False)  # of texts

    def __post_init__(self) -> None:
        object.__setattr__(self, "cipher", AESGCM(_keyed(self.key, b"content")))

    def salt(self, nonce: bytes) -> bytes:
        """The salt of one record's content hashes; it is lost with the nonce (erasure) or the key
        (shredding)."""
        return _keyed(self.key, b"salt" + nonce)


@dataclass(frozen=True, slots=True)
class MasterKey:
    """`key` wraps; `old` keys open what they wrapped, newest first. `subject_key` is the key of
    pseudonyms, which a new master key must not change, because chains commit to them and legal
    holds name them. It defaults to `key`."""

    key: bytes = field(repr=False)
    old: tuple[bytes, ...] = field(default=(), repr=False)
    subject_key: bytes = field(default=b"", repr=False)

    @property
    def id(self) -> str:
        return key_id_of(self.key)

    @property
    def subject_key_id(self) -> str:
        return key_id_of(self.subject_key or self.key)

    def new_data_key(self, tenant: str, day: str) -> DataKey:
        key_id, key = secrets.token_hex(8), secrets.token_bytes(KEY_BYTES)
        return self._wrap(key_id, tenant, day, key)

    def _wrap(self, key_id: str, tenant: str, day: str, key: bytes) -> DataKey:
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = _wrapping(self.key).encrypt(nonce, key, _bound(key_id, tenant, day))
        return DataKey(key_id, tenant, day, key, nonce + sealed)

    def unwrap(self, key_id: str, tenant: str, day: str, wrapped: bytes) -> DataKey:
        """The data key of a tenant and day (`YYYY-MM-DD`). Raises AuditError if it was wrapped by
        another master key or for another tenant or day."""
        return self._opened(key_id, tenant, day, wrapped)[0]

    def wrapped_by(self, key_id: str, tenant: str, day: str, wrapped: bytes) -> str:
        """The id of the master key that opens a data key. Raises AuditError if none does."""
        return key_id_of(self._opened(key_id, tenant, day, wrapped)[1])

    def rewrapped(self, key_id: str, tenant: str, day: str, wrapped: bytes) -> bytes | None:
        """A data key rewrapped under the newest master key; None if it already is. Raises
        AuditError if no key opens it."""
        data, by = self._opened(key_id, tenant, day, wrapped)
        return None if by == self.key else self._wrap(key_id, tenant, day, data.key).wrapped

    def _opened(self, key_id: str, tenant: str, day: str, wrapped: bytes) -> tuple[DataKey, bytes]:
        nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        for master in (self.key, *self.old):
            with suppress(InvalidTag):
                key = _wrapping(master).decrypt(nonce, sealed, _bound(key_id, tenant, day))
                return DataKey(key_id, tenant, day, key, wrapped), master
        raise trouble("data-key", key=key_id)

    def pseudonym(self, tenant: str, subject: str) -> str:
        """The pseudonym by which a subject is found again; keyed, so that it cannot be guessed from
        the database."""
        if not subject:
            return ""
        message = f"subject\0{tenant}\0{subject}".encode(errors="replace")
        return _keyed(self.subject_key or self.key, message)[:16].hex()


def key_id_of(master: bytes) -> str:
    """The id of a master key, which may be shown and recorded."""
    return _keyed(master, b"id")[:4].hex()


def _wrapping(master: bytes) -> AESGCM:
    return AESGCM(_keyed(master, b"wrap"))


def _keyed(key: bytes, message: bytes) -> bytes:
    """Keyed BLAKE2b (RFC 7693), used as a MAC without HMAC's 50 µs of OpenSSL set-up per call."""
    return hashlib.blake2b(message, key=key, digest_size=KEY_BYTES).digest()


def _bound(key_id: str, tenant: str, day: str) -> bytes:
    return f"threegate data key\0{key_id}\0{tenant}\0{day}".encode()
