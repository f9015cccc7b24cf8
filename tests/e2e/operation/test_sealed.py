"""A proxy on a signed bundle: an unsigned change does nothing, a signed one acts, people draft over it."""

from __future__ import annotations

from pathlib import Path

from threegate.audit.log.note import Signer
from threegate.policy.facade import check
from threegate.policy.language.load import DictTree
from threegate.policy.lifecycle.store import DirTree, now_utc, today_utc
from threegate.policy_ops.signed_bundle import seal

from tests.console.conftest import opened_site
from tests.e2e.support.running import proxy
from tests.e2e.test_policy import PACKS, finish, post
from tests.waiting import eventually

OURS, THEIRS = Signer.from_seed("ci", b"1" * 32), Signer.from_seed("ci", b"2" * 32)
PACK = "packs/rich.yaml"


def sealed(signer: Signer = OURS, **changes: str) -> bytes:
    text = (PACKS / PACK).read_text("utf-8")
    for old, new in changes.items():
        text = text.replace(f"{old}-", f"{new}-")
    tree = DictTree({PACK: text.encode()}, DirTree(PACKS))
    return seal(check(tree, ["rich"], today=today_utc()), ["rich"], now_utc(), [signer])


def test_only_signed_policies_act(tmp_path: Path) -> None:
    bundle = tmp_path / "policy.bundle"
    bundle.write_bytes(sealed())
    keys = (OURS.verifier.vkey(),)
    given = {"bundle": str(bundle), "bundle_keys": keys, "packs": ("none",), "reload_s": 0.1}
    with proxy(tmp_path / "var", tmp_path / "none", **given) as running:
        assert finish(post(running, "STOP-1")) == "content_filter"
        bundle.write_bytes(sealed(THEIRS, STOP="HALT"))
        policies = running.deps.policies
        assert eventually(lambda: [p.code for p in policies.problems] == ["bundle-untrusted"])  # type: ignore[attr-defined]
        assert finish(post(running, "STOP-1")) == "content_filter"
        bundle.write_bytes(sealed(STOP="HALT"))
        assert eventually(lambda: finish(post(running, "STOP-1")) == "stop")
        assert finish(post(running, "HALT-1")) == "content_filter"
        site = opened_site(running)
        editor = site.who("editor", name="ed", group="privacy")
        assert "HALT" in editor.get("/policies/edit/rich.json").json()["text"]
