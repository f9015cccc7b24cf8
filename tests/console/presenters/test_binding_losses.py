"""Who would lose which packs."""

from __future__ import annotations

from threegate.console.presenters.binding_losses import _sorts, losses
from threegate.policy.facade import Served, served
from threegate.policy.language.load import DictTree
from threegate.policy.model import Selector

PACK = "pack: {0}\ntitle: {{zh: 包{0}, en: Pack {0}}}\nrules: []\n"
HEAD = "pack: bound\ntitle: {zh: 绑定, en: Bindings}\nbindings:\n"
KEYS = [("k1", "bank"), ("k2", "hr")]


def _served(lines: str, *names: str) -> tuple[Served, ...]:
    files = {f"packs/{n}.yaml": PACK.format(n).encode() for n in "ab"}
    files |= {"packs/bound.yaml": (HEAD + lines).encode()} if lines else {}
    return served(DictTree(files), names)


def test_a_tenant_with_a_pack_of_its_own_loses_the_others() -> None:
    before, after = _served("", "a"), _served("  - {pack: b, tenants: [hr]}\n", "a", "bound")
    assert losses(before, after, KEYS, "en") == [{"calls": "tenant hr", "packs": ["Pack a"]}]
    assert losses(after, before, KEYS, "zh") == [{"calls": "租户 hr", "packs": ["包b"]}]


def test_another_order_takes_a_pack_from_the_narrower_calls() -> None:
    key, tenant = "  - {pack: a, keys: [k1]}\n", "  - {pack: b, tenants: [bank]}\n"
    before, after = _served(key + tenant, "bound"), _served(tenant + key, "bound")
    assert [each["packs"] for each in losses(before, after, KEYS, "en")] == [["Pack a"]]


def test_thousands_of_keys_are_a_few_sorts_of_callers() -> None:
    """Each pair of a key and a tenant was tried with each path and model: 16 s for 5,000 keys."""
    keys = [(f"k{n}", f"team{n % 500}") for n in range(5000)]
    selectors = [Selector(tenant=(f"team{n}",), key=("k7",)) for n in range(30)]
    assert len(_sorts(selectors, {(tenant, key) for key, tenant in keys})) == 2


def test_without_bindings_there_is_nothing_to_tell() -> None:
    assert losses(_served("", "a", "b"), _served("", "a"), KEYS, "en") == []
