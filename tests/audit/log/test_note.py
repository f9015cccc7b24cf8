from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.audit.log.note import (
    COSIGNATURE_V1,
    Checkpoint,
    Note,
    NoteError,
    Signer,
    Verifier,
    sign,
    verify,
)

# The example of Go's golang.org/x/mod/sumdb/note documentation.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
SIGNER = Signer.from_seed("threegate.test/audit/w", bytes(range(32)))
POINT = Checkpoint("threegate.test/audit/w", 20852163, bytes(range(32)))


def test_the_example_of_the_go_reference_implementation_verifies() -> None:
    text, signed = verify(GO_NOTE, [Verifier.parse(GO_VKEY)])
    assert text.startswith("If you think")
    assert [v.name for v in signed] == ["PeterNeumann"]
    assert Verifier.parse(GO_VKEY).vkey() == GO_VKEY


def test_checkpoint_text_is_c2sp() -> None:
    root = base64.b64encode(bytes(range(32))).decode()
    assert POINT.text() == f"threegate.test/audit/w\n20852163\n{root}\n"
    assert Checkpoint.parse(POINT.text() + "extension\n") == POINT


@pytest.mark.parametrize(
    "text",
    ["", "o\n1\n", "o\nx\nAAAA\n", "o\n01\nAAAA\n", "\n1\nAAAA\n", "o\n1\n!\n", "o\n²\nAAAA\n"],
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(text)


@given(st.data())
def test_no_changed_character_verifies(data: st.DataObject) -> None:
    note = sign(POINT.text(), [SIGNER])
    at = data.draw(st.integers(0, len(note) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda c: c != note[at]))
    forged = note[:at] + other + note[at + 1 :]
    try:
        text, _ = verify(forged, [SIGNER.verifier])
    except NoteError:
        return
    # Base64 has spare bits; they may differ, what is signed may not.
    assert text == POINT.text()


def test_a_cosigning_witness_vouches_for_a_time() -> None:
    witness = Signer.from_seed("witness.test/1", bytes(32), COSIGNATURE_V1)
    note = sign(POINT.text(), [SIGNER]) + witness.line(POINT.text(), 1_795_000_000)
    _, signed = verify(note, [SIGNER.verifier, witness.verifier])
    assert [v.name for v in signed] == [SIGNER.name, "witness.test/1"]
    moved = sign(POINT.text(), [SIGNER]) + witness.line(POINT.text(), 1)
    stamp = moved.replace(moved.rsplit(" ", 1)[1], note.rsplit(" ", 1)[1])
    assert verify(stamp, [witness.verifier])  # the time is inside the signature, not beside it


def test_unknown_signers_do_not_count() -> None:
    stranger = Signer.from_seed("stranger", bytes(32))
    note = sign(POINT.text(), [stranger])
    with pytest.raises(NoteError, match="no signature by a trusted key"):
        verify(note, [SIGNER.verifier])
    both = sign(POINT.text(), [stranger, SIGNER])
    assert verify(both, [SIGNER.verifier])[1] == (SIGNER.verifier,)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "a",
        "a\n\n",
        "a\n\nb\n",
        "a\n\n— n !\n",
        "a\n\n— n AAAA\n",
        "a\x01\n\n— n AAAAAAAA\n",
        "x" * 70_000,
    ],
)
def test_a_malformed_note_is_refused(note: str) -> None:
    with pytest.raises(NoteError):
        Note.parse(note)


@pytest.mark.parametrize(
    "vkey",
    ["", "a", "n+00000000+AAAA", GO_VKEY.replace("c7", "c8"), GO_VKEY.replace("Peter", "Paul")],
)
def test_a_wrong_verifier_key_is_refused(vkey: str) -> None:
    with pytest.raises(NoteError):
        Verifier.parse(vkey)


def test_a_signer_does_not_show_its_key() -> None:
    assert "key" not in repr(SIGNER)
