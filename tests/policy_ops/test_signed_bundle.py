"""A signed bundle is taken up whole or not at all."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from threegate.audit.log.note import Signer
from threegate.errors import PolicyError
from threegate.policy.kinds import KINDS
from threegate.policy.lifecycle.store import PolicyStore
from threegate.policy_ops.signed_bundle import (
    SealedSource,
    seal,
    sealed_source,
    trusted_keys,
    unseal,
)
from threegate.settings import Settings
from threegate.settings.errors import SettingsError

from tests.policy.packs import GOOD, TODAY, checked, spoiled

OURS, THEIRS = Signer.from_seed("ci", b"1" * 32), Signer.from_seed("ci", b"2" * 32)
TRUSTED = (OURS.verifier,)
NOW = "2026-11-25T08:00:00.000+00:00"


def sealed(text: str = GOOD, signer: Signer = OURS) -> bytes:
    return seal(checked(text), ["shop"], NOW, [signer])


def changed(change: Callable[[dict[str, Any]], object], data: bytes | None = None) -> bytes:
    made = json.loads(data or sealed())
    change(made)
    return json.dumps(made).encode()


def test_what_was_signed_comes_back() -> None:
    opened = unseal(sealed(), TRUSTED)
    policies = checked().policies
    assert policies is not None
    assert (opened.digest, opened.packs, opened.sealed_at) == (policies.digest, ("shop",), NOW)
    assert opened.files == checked().files
    assert opened.signers == ("ci",)


OTHER = base64.b64encode(GOOD.replace("owner: privacy", "owner: dpo").encode()).decode()
ATTACKS: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda d: d["files"].update({"packs/shop.yaml": OTHER}), "bundle-untrusted"),
    (lambda d: d["files"].update({"packs/more.yaml": OTHER}), "bundle-untrusted"),
    (lambda d: d["files"].pop("answers/help.en.md"), "bundle-untrusted"),
    (lambda d: d.update(packs=["other"]), "bundle-untrusted"),
    (lambda d: d.update(note=d["note"].replace("2026", "2027")), "bundle-untrusted"),
    (lambda d: d.update(note=d["note"].split("\n\n")[0] + "\n"), "bundle-untrusted"),
    (lambda d: d.update(note=""), "bundle-untrusted"),
    (lambda d: d.update(note=json.loads(sealed(signer=THEIRS))["note"]), "bundle-untrusted"),
    (lambda d: d.pop("note"), "bundle-unreadable"),
    (lambda d: d.update(note=7), "bundle-unreadable"),
    (lambda d: d.update(files=[]), "bundle-untrusted"),
]


@pytest.mark.parametrize(("attack", "code"), ATTACKS)
def test_nothing_else_is_accepted(attack: Callable[[dict[str, Any]], object], code: str) -> None:
    with pytest.raises(PolicyError) as caught:
        unseal(changed(attack), TRUSTED)
    assert [p.code for p in caught.value.problems] == [code]


@pytest.mark.parametrize("data", [b"", b"[]", b"\x00\xff", b'{"note": ' + b"[" * 10_000])
def test_rubbish_is_a_problem(data: bytes) -> None:
    with pytest.raises(PolicyError) as caught:
        unseal(data, TRUSTED)
    assert [p.code for p in caught.value.problems] == ["bundle-unreadable"]


def test_a_note_about_something_else_is_none_of_ours() -> None:
    def retitled(made: dict[str, Any]) -> None:
        text = made["note"].split("\n\n")[0].replace("policy bundle", "log") + "\n"
        made["note"] = text + "\n" + OURS.line(text)

    with pytest.raises(PolicyError) as caught:
        unseal(changed(retitled), TRUSTED)
    assert [p.code for p in caught.value.problems] == ["bundle-untrusted"]


def test_a_policy_with_errors_is_not_signed() -> None:
    with pytest.raises(PolicyError):
        sealed(spoiled(("pipl.51", "pipl.999")))


def test_a_store_takes_up_signed_bundles_only(tmp_path: Path) -> None:
    path = tmp_path / "policy.bundle"
    path.write_bytes(sealed())
    source = SealedSource(path, TRUSTED, lambda: TODAY, KINDS)
    store = PolicyStore.of(source, tmp_path / "state")
    first = store.pin().digest
    other = GOOD.replace("owner: privacy", "owner: dpo")
    for bad in (sealed(other, THEIRS), sealed(other)[:-100], b""):
        path.write_bytes(bad)
        assert store.changed()
        assert not store.reload()
        assert store.pin().digest == first
        assert {p.code for p in store.problems} <= {"bundle-untrusted", "bundle-unreadable"}
        assert store.problems
    path.write_bytes(sealed(other))
    assert store.changed()
    assert store.reload()
    assert store.problems == ()
    assert store.pin().digest != first
    path.unlink()
    with pytest.raises(PolicyError):
        PolicyStore.of(source, tmp_path / "state")
    assert PolicyStore.of(source, tmp_path / "state", last_good=True).pin().digest != first


def test_settings_name_who_may_sign(tmp_path: Path) -> None:
    assert sealed_source(Settings()) is None
    with pytest.raises(SettingsError):
        sealed_source(Settings(bundle="x"))
    with pytest.raises(PolicyError):
        sealed_source(Settings(bundle="x", bundle_keys=("rubbish",)))
    keys = (OURS.verifier.vkey(),)
    made = sealed_source(Settings(bundle="x", bundle_keys=keys))
    assert made is not None
    assert made.trusted == trusted_keys(keys) == TRUSTED
