"""Checkpoints as signed notes, pure: C2SP tlog-checkpoint, signed-note (Ed25519) and
tlog-cosignature/v1.

A note is a text that ends in a newline, an empty line, and one line per signature: `— <name>
base64(key id (4) || signature)`. The key id is the first four bytes of SHA-256(name || LF || type
|| key). Signatures by unknown keys are ignored; one by a known key that does not verify makes the
note invalid.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from threegate.i18n.audit import NOTES

ED25519 = 1
COSIGNATURE_V1 = 4
MARK = "— "
MAX_NOTE_BYTES = 64 * 1024  # ten signatures and a page of text are below 4 KiB


class NoteError(ValueError):
    """The note is malformed, unsigned or has an invalid signature; the text says which."""

    def __init__(self, code: str, /, **details: str) -> None:
        self.text = NOTES[code].filled(details)
        super().__init__(self.text.en)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The first three lines of a checkpoint: which log, how many entries, which root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        lines = text.split("\n")
        if len(lines) < 4 or not lines[0] or not lines[1].isascii() or not lines[1].isdigit():
            raise NoteError("checkpoint")
        if lines[1] != str(int(lines[1])):
            raise NoteError("zeros")
        return cls(lines[0], int(lines[1]), _unbase64(lines[2], "root"))


@dataclass(frozen=True, slots=True)
class Verifier:
    """A name and an Ed25519 public key (32 raw bytes), written `name+keyid+base64(type||key)` (a
    *vkey*)."""

    name: str
    key: bytes
    kind: int = ED25519

    @property
    def key_id(self) -> bytes:
        named = f"{self.name}\n".encode() + bytes([self.kind]) + self.key
        return hashlib.sha256(named).digest()[:4]

    def vkey(self) -> str:
        packed = base64.b64encode(bytes([self.kind]) + self.key).decode()
        return f"{self.name}+{self.key_id.hex()}+{packed}"

    @classmethod
    def parse(cls, vkey: str) -> Verifier:
        name, _, rest = vkey.strip().partition("+")
        key_id, _, packed = rest.partition("+")
        raw = _unbase64(packed, "key")
        if len(raw) != 33 or raw[0] not in (ED25519, COSIGNATURE_V1):
            raise NoteError("key")
        verifier = cls(name, raw[1:], raw[0])
        if not name or verifier.key_id.hex() != key_id:
            raise NoteError("key-id")
        return verifier

    def named(self, name: str) -> Verifier:
        """The same key under another log's name."""
        return Verifier(name, self.key, self.kind)

    def accepts(self, text: str, signature: bytes) -> bool:
        message = text.encode()
        if self.kind == COSIGNATURE_V1:
            stamp, signature = signature[:8], signature[8:]
            message = _cosigned(text, int.from_bytes(stamp))
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """An Ed25519 private key under a name; never shown in a repr."""

    name: str
    key: Ed25519PrivateKey = field(repr=False)
    kind: int = ED25519

    @classmethod
    def from_seed(cls, name: str, seed: bytes, kind: int = ED25519) -> Signer:
        return cls(name, Ed25519PrivateKey.from_private_bytes(seed), kind)

    def named(self, name: str) -> Signer:
        return Signer(name, self.key, self.kind)

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, self.key.public_key().public_bytes_raw(), self.kind)

    def line(self, text: str, seconds: int = 0) -> str:
        """One signature line. `seconds` since 1970 is the time that a cosignature (by a witness)
        vouches for."""
        if self.kind == COSIGNATURE_V1:
            signature = seconds.to_bytes(8) + self.key.sign(_cosigned(text, seconds))
        else:
            signature = self.key.sign(text.encode())
        packed = base64.b64encode(self.verifier.key_id + signature).decode()
        return f"{MARK}{self.name} {packed}\n"


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _unbase64(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError(f"base64-{what}") from None


@dataclass(frozen=True, slots=True)
class Note:
    """A parsed note: `signatures` are (name, key id, signature)."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    @classmethod
    def parse(cls, note: str) -> Note:
        if len(note) > MAX_NOTE_BYTES or any(ord(c) < 32 and c != "\n" for c in note):
            raise NoteError("long")
        at = note.rfind("\n\n")
        if at < 0 or not note.endswith("\n"):
            raise NoteError("no-block")
        lines = note[at + 2 :].split("\n")[:-1]
        if not lines:
            raise NoteError("no-block")
        return cls(note[: at + 1], tuple(_signature(line) for line in lines))


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, _, packed = line.removeprefix(MARK).partition(" ")
    raw = _unbase64(packed, "signature")
    if not line.startswith(MARK) or not name or len(raw) < 5:
        raise NoteError("line")
    return name, raw[:4], raw[4:]


def sign(text: str, signers: Sequence[Signer], seconds: int = 0) -> str:
    if not text.endswith("\n"):
        raise NoteError("newline")
    return text + "\n" + "".join(signer.line(text, seconds) for signer in signers)


def verify(note: str, verifiers: Iterable[Verifier]) -> tuple[str, tuple[Verifier, ...]]:
    """The signed text and which of `verifiers` signed it (at least one). Raises `NoteError`
    otherwise."""
    parsed, known = Note.parse(note), {(v.name, v.key_id): v for v in verifiers}
    good: dict[Verifier, None] = {}
    for name, key_id, signature in parsed.signatures:
        verifier = known.get((name, key_id))
        if verifier is None:
            continue
        if not verifier.accepts(parsed.text, signature):
            raise NoteError("wrong", name=name)
        good[verifier] = None
    if not good:
        raise NoteError("untrusted")
    return parsed.text, tuple(good)
