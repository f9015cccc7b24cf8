from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.audit.log.chain import (
    SHA256,
    Algorithm,
    Frontier,
    Hasher,
    Tree,
    verify_inclusion,
)

# Inputs and roots of the Certificate Transparency reference tests (RFC 6962 hashes).
INPUTS = [
    bytes.fromhex(h)
    for h in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
LEAVES = [SHA256.leaf(i) for i in INPUTS]


def reference_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1 word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    both = reference_root(leaves[:k]) + reference_root(leaves[k:])
    return hashlib.sha256(b"\1" + both).digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    frontier = Frontier()
    frontier.extend(LEAVES[:size])
    assert frontier.root().hex() == ROOTS[size - 1]
    assert Tree(LEAVES).root(size).hex() == ROOTS[size - 1]


def test_the_empty_tree_hashes_nothing() -> None:
    assert Frontier().root() == Tree([]).root() == hashlib.sha256(b"").digest()


def test_known_inclusion_path() -> None:
    path = [p.hex() for p in Tree(LEAVES).inclusion(5)]
    assert path == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def leaves_of(size: int) -> list[bytes]:
    return [SHA256.leaf(bytes([i])) for i in range(size)]


@given(st.integers(0, 70))
def test_frontier_and_tree_agree_with_the_definition(size: int) -> None:
    leaves, frontier = leaves_of(size), Frontier()
    frontier.extend(leaves)
    assert frontier.root() == Tree(leaves).root() == reference_root(leaves)


@given(st.data())
def test_every_inclusion_proof_verifies_and_no_other_leaf_does(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    index = data.draw(st.integers(0, size - 1))
    leaves = leaves_of(size)
    proof, root = Tree(leaves).inclusion(index), reference_root(leaves)
    assert verify_inclusion(leaves[index], index, size, proof, root)
    other = data.draw(st.integers(0, size - 1).filter(lambda i: size == 1 or i != index))
    if other != index:
        assert not verify_inclusion(leaves[other], index, size, proof, root)
        assert not verify_inclusion(leaves[index], other, size, proof, root)
    assert not verify_inclusion(leaves[index], index, size, [*proof, root], root)
    assert not proof or not verify_inclusion(leaves[index], index, size, proof[:-1], root)


def test_places_outside_the_tree_are_refused() -> None:
    tree = Tree(leaves_of(3))
    for index, size in ((3, 3), (-1, 3), (0, 4), (0, 0)):
        with pytest.raises(ValueError, match="no leaf"):
            tree.inclusion(index, size)
    assert not verify_inclusion(b"", 3, 3, [], b"")


@pytest.mark.skipif("sm3" not in hashlib.algorithms_available, reason="OpenSSL without SM3")
def test_sm3_is_the_standard_one() -> None:
    digest = Hasher(Algorithm.SM3).digest(b"abc").hex()  # GB/T 32905 example 1
    assert digest == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_a_missing_algorithm_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashlib, "algorithms_available", {"sha256"})
    with pytest.raises(ValueError, match="sm3"):
        Hasher(Algorithm.SM3)


@pytest.mark.parametrize("size", [0, 1, 2047, 2048, 2049, 6141, 32_768, 32_769])
def test_a_digest_does_not_depend_on_the_pieces(size: int) -> None:
    data = bytes(range(256)) * 129
    assert SHA256.digest(data[:size]) == hashlib.sha256(data[:size]).digest()
