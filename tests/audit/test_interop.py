"""Checkpoints and inclusion proofs as an independent implementation reads them: sigstore-python (PyPI `sigstore`).

Not a dependency; the tests are skipped where it is not installed.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from threegate.audit.log.chain import SHA256, Tree
from threegate.audit.log.note import Checkpoint, Signer, sign

merkle = pytest.importorskip("sigstore._internal.merkle")
checkpoint = pytest.importorskip("sigstore._internal.rekor.checkpoint")
errors = pytest.importorskip("sigstore.errors")

ENTRIES = [b'{"event":{"id":"%d"}}' % n for n in range(100)]
TREE = Tree([SHA256.leaf(e) for e in ENTRIES])
SIGNER = Signer.from_seed("threegate.test/audit/w", bytes(range(32)))


class Keyring:
    """What sigstore asks of its keyring, with our one key."""

    def verify(self, *, key_id: bytes, signature: bytes, data: bytes) -> None:
        try:
            Ed25519PublicKey.from_public_bytes(SIGNER.verifier.key).verify(signature, data)
        except InvalidSignature as error:
            raise errors.VerificationError("signature") from error


def inclusion(index: int, size: int, entry: bytes) -> SimpleNamespace:
    proof = SimpleNamespace(
        log_index=index,
        tree_size=size,
        hashes=TREE.inclusion(index, size),
        root_hash=TREE.root(size),
    )
    return SimpleNamespace(_inner=SimpleNamespace(inclusion_proof=proof, canonicalized_body=entry))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 64, 99, 100])
def test_sigstore_accepts_our_inclusion_proofs(size: int) -> None:
    for index in range(size):
        merkle.verify_merkle_inclusion(inclusion(index, size, ENTRIES[index]))
        with pytest.raises(errors.VerificationError):
            merkle.verify_merkle_inclusion(inclusion(index, size, b"forged"))


def test_sigstore_reads_and_verifies_our_checkpoint() -> None:
    text = Checkpoint(SIGNER.name, TREE.size, TREE.root()).text()
    signed = checkpoint.SignedCheckpoint.from_text(sign(text, [SIGNER]))
    assert signed.checkpoint.origin == SIGNER.name
    assert signed.checkpoint.log_size == TREE.size
    assert signed.checkpoint.log_hash == TREE.root().hex()
    signed.signed_note.verify(Keyring(), SIGNER.verifier.key_id)
    forged = sign(text, [SIGNER]).replace(f"\n{TREE.size}\n", f"\n{TREE.size + 1}\n")
    with pytest.raises(errors.VerificationError):
        checkpoint.SignedNote.from_text(forged).verify(Keyring(), SIGNER.verifier.key_id)
