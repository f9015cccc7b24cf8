"""Policies as one signed file, for people who keep them in git: the proxy loads exactly what a
pipeline checked, and nothing else. A signed file is JSON: the packs, every file that they read, and
a signed note (Ed25519, the format of the audit log's checkpoints) that names the policy's digest
and the SHA-256 of packs and files.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from threegate.audit.log.note import NoteError, Signer, Verifier, sign, verify
from threegate.errors import PolicyError
from threegate.policy.errors import broken, failure
from threegate.policy.facade import Checked, check
from threegate.policy.kinds import KINDS
from threegate.policy.language.load import DictTree
from threegate.policy.lifecycle.store import LoadedSource, Origin, today_utc
from threegate.settings import Settings
from threegate.settings.errors import wrong

TITLE = "threegate policy bundle"
MAX_SEALED_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class SignedBundle:
    """`signers` are the names of the trusted keys that signed it."""

    digest: str
    packs: tuple[str, ...]
    files: Mapping[str, bytes] = field(repr=False)
    sealed_at: str
    signers: tuple[str, ...]


def seal(checked: Checked, packs: Sequence[str], now: str, signers: Sequence[Signer]) -> bytes:
    """Raises PolicyError for a policy with errors."""
    if checked.policies is None:
        raise broken(checked.problems)
    files = {path: base64.b64encode(content).decode() for path, content in checked.files.items()}
    body = {"packs": list(packs), "files": files}
    text = f"{TITLE}\n{checked.policies.digest}\n{_sha256(body)}\n{now}\n"
    return _canonical({"note": sign(text, signers), **body})


def unseal(data: bytes, trusted: Sequence[Verifier], name: str = "bundle") -> SignedBundle:
    """Raises PolicyError with a problem, unless one of `trusted` signed exactly this."""
    try:
        return _unsealed(data, trusted)
    except NoteError:
        raise failure("bundle-untrusted", name=name) from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise failure("bundle-unreadable", name=name) from None


def _unsealed(data: bytes, trusted: Sequence[Verifier]) -> SignedBundle:
    given = orjson.loads(data if len(data) <= MAX_SEALED_BYTES else b"")
    body = {"packs": given["packs"], "files": given["files"]}
    text, signers = verify(given["note"], trusted)
    title, digest, content, sealed_at, _ = text.split("\n")
    if title != TITLE:
        raise NoteError("other")
    if content != _sha256(body):
        raise NoteError("files")
    files = {path: base64.b64decode(text, validate=True) for path, text in body["files"].items()}
    return SignedBundle(
        digest, tuple(body["packs"]), files, sealed_at, tuple(s.name for s in signers)
    )


def _sha256(body: Mapping[str, object]) -> str:
    return hashlib.sha256(_canonical(body)).hexdigest()


def _canonical(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class SealedSource:
    """A signed file as the source of a `PolicyStore`."""

    path: Path
    trusted: tuple[Verifier, ...]
    today: Callable[[], str]
    known: frozenset[str]

    def check(self) -> LoadedSource:
        seen = self.fingerprint()
        try:
            sealed = self.open()
        except PolicyError as error:
            return LoadedSource(Checked((), error.problems), (), seen, Origin.BUNDLE)
        tree = DictTree(sealed.files)
        checked = check(tree, sealed.packs, today=self.today(), known=self.known)
        return LoadedSource(checked, sealed.packs, seen, Origin.BUNDLE)

    def open(self) -> SignedBundle:
        """Raises PolicyError."""
        try:
            with self.path.open("rb") as file:
                data = file.read(MAX_SEALED_BYTES + 1)
        except OSError:
            data = b""
        return unseal(data, self.trusted, self.path.name)

    def fingerprint(self) -> object:
        try:
            stat = os.stat(self.path)
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino


def sealed_source(settings: Settings) -> SealedSource | None:
    """The bundle named in the settings. Raises SettingsError if anybody could have signed it."""
    if not settings.bundle:
        return None
    if not settings.bundle_keys:
        raise wrong("bundle-keys")
    keys = trusted_keys(settings.bundle_keys)
    return SealedSource(Path(settings.bundle), keys, today_utc, KINDS)


def trusted_keys(vkeys: Sequence[str]) -> tuple[Verifier, ...]:
    """Raises PolicyError for an invalid key."""
    try:
        return tuple(Verifier.parse(v) for v in vkeys)
    except NoteError:
        raise failure("bundle-key") from None
