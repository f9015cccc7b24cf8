"""Bindings in words."""

from __future__ import annotations

import pytest
from threegate.console.presenters.bindings import bindings, calls_of
from threegate.policy.facade import served
from threegate.policy.language.load import DictTree, load_bundle
from threegate.policy.model import KnownCallers, Selector

PACK = "pack: {0}\ntitle: {{zh: 包{0}, en: Pack {0}}}\nrules: []\n"
HEAD = "pack: bound\ntitle: {zh: 绑定, en: Bindings}\nbindings:\n"
KNOWN = KnownCallers(frozenset({"bank"}), frozenset({"k1"}))


def _found(lines: str, *names: str, callers: KnownCallers = KNOWN) -> dict[str, object]:
    files = {f"packs/{n}.yaml": PACK.format(n).encode() for n in "abc"}
    tree = DictTree(files | {"packs/bound.yaml": (HEAD + lines).encode()})
    whole = load_bundle(tree, (*names, *"abc"))
    enabled = served(tree, names)
    return bindings(enabled, whole, "en", callers)


def test_a_later_binding_of_the_same_calls_is_never_reached() -> None:
    found = _found("  - {pack: a, tenants: [bank, hr]}\n  - {pack: b, tenants: [hr]}\n", "bound")
    rows = found["rows"]
    assert isinstance(rows, list)
    assert [row["reached"] for row in rows] == [True, False]
    assert rows[0]["unknown"] == ["hr"]  # nobody has a key of it yet
    assert found["refused"]  # calls of nobody else have a pack
    assert found["packs"] == {"a": ["tenant bank or hr"]}


def test_packs_without_bindings_get_the_calls_that_are_left() -> None:
    found = _found("  - {pack: a, keys: [k1]}\n", "bound", "b")
    assert found["packs"] == {"a": ["API key k1"], "b": ["all other calls"]}
    assert not found["refused"]


@pytest.mark.parametrize(
    ("selector", "zh", "en"),
    [
        (Selector(), "所有调用", "every call"),
        (Selector(tenant=("a", "b")), "租户 a 或 b", "tenant a or b"),
        (
            Selector(key=("k",), route=("/v1/chat/*",), model=("r1",)),
            "API 密钥 k，路径 /v1/chat/*，模型 r1",
            "API key k, path /v1/chat/*, model r1",
        ),
    ],
)
def test_calls_in_words(selector: Selector, zh: str, en: str) -> None:
    words = calls_of(selector, first=True)
    assert (words.zh, words.en) == (zh, en)
