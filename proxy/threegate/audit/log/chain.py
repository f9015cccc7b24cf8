"""The hash chain and its Merkle tree (RFC 6962), pure.

A writer's log is a list of entries (bytes). Entry i has the leaf hash `H(0x00 || entry)` and names
the leaf hash of entry i-1 in its `prev` member. The Merkle tree over the leaf hashes gives one root
for a whole log; an inclusion proof shows that an entry is in the tree of a root.

`Frontier` is what a writer keeps (O(log n) memory), `Tree` what proves (all leaf hashes).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

HASH_BYTES = 32  # for both algorithms
WITH_LOCK, SOME_PIECES = 2047, 32_768
"""hashlib releases the interpreter lock for inputs above the first size. In the writer thread,
getting it back takes longer than hashing in a few more pieces."""


class Algorithm(StrEnum):
    """SHA-256 is the interoperable choice; SM3 (GB/T 32905) is for deployments that must use it."""

    SHA256 = "sha256"
    SM3 = "sm3"


@dataclass(frozen=True, slots=True)
class Hasher:
    """RFC 6962 §2.1 over `algorithm`. Raises `ValueError` if OpenSSL lacks the algorithm."""

    algorithm: Algorithm = Algorithm.SHA256

    def __post_init__(self) -> None:
        if self.algorithm not in hashlib.algorithms_available:
            raise ValueError(
                f"this OpenSSL has no {self.algorithm}: choose sha256 for the audit log"
            )

    def digest(self, data: bytes) -> bytes:
        if self.algorithm is not Algorithm.SHA256:
            return hashlib.new(self.algorithm, data).digest()
        if not WITH_LOCK < len(data) <= SOME_PIECES:
            return hashlib.sha256(data).digest()
        made, pieces = hashlib.sha256(), memoryview(data)
        for at in range(0, len(data), WITH_LOCK):
            made.update(pieces[at : at + WITH_LOCK])
        return made.digest()

    def leaf(self, entry: bytes) -> bytes:
        return self.digest(b"\0" + entry)

    def node(self, left: bytes, right: bytes) -> bytes:
        return self.digest(b"\1" + left + right)

    def empty(self) -> bytes:
        return self.digest(b"")


SHA256 = Hasher()
ZERO = bytes(HASH_BYTES)  # `prev` of the first entry


@dataclass(slots=True)
class Frontier:
    """The roots of the full subtrees of a growing tree, largest first; they suffice to append and
    to compute the root."""

    hasher: Hasher = SHA256
    size: int = 0
    nodes: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Each trailing one-bit of a size is a full subtree that merges with the new leaf."""
        nodes, digest = self.nodes, self.hasher.digest
        for node in leaves:
            size = self.size
            while size & 1:
                node = digest(b"\1" + nodes.pop() + node)
                size >>= 1
            nodes.append(node)
            self.size += 1

    def root(self) -> bytes:
        if not self.nodes:
            return self.hasher.empty()
        node = self.nodes[-1]
        for left in reversed(self.nodes[:-1]):
            node = self.hasher.node(left, node)
        return node


class Tree:
    """All full subtrees of a fixed list of leaves: 64 bytes per leaf, O(log n) hashes per proof."""

    def __init__(self, leaves: Sequence[bytes], hasher: Hasher = SHA256) -> None:
        self.hasher, self.size = hasher, len(leaves)
        self._levels = [bytearray().join(leaves)]
        while len(self._levels[-1]) >= 2 * HASH_BYTES:
            self._levels.append(self._parents(self._levels[-1]))

    def _parents(self, level: bytearray) -> bytearray:
        pair, digest = 2 * HASH_BYTES, self.hasher.digest
        whole = len(level) - len(level) % pair
        return bytearray().join(digest(b"\1" + level[i : i + pair]) for i in range(0, whole, pair))

    def range_root(self, start: int, end: int) -> bytes:
        """Root of the leaves [start, end). `start` must be a multiple of the largest power of two
        <= end - start."""
        count = end - start
        if count == 0:
            return self.hasher.empty()
        if count & (count - 1) == 0:
            at = (start // count) * HASH_BYTES
            return bytes(self._levels[count.bit_length() - 1][at : at + HASH_BYTES])
        middle = start + _split(count)
        return self.hasher.node(self.range_root(start, middle), self.range_root(middle, end))

    def root(self, size: int | None = None) -> bytes:
        return self.range_root(0, self.size if size is None else size)

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """RFC 6962 §2.1.1: the path from leaf `index` to the root of the first `size` leaves."""
        size = self.size if size is None else size
        if not 0 <= index < size <= self.size:
            raise ValueError(f"no leaf {index} in a tree of {size}")
        start, end, path = 0, size, []
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self.range_root(middle, end))
                end = middle
            else:
                path.append(self.range_root(start, middle))
                start = middle
        return path[::-1]


def _split(count: int) -> int:
    """The largest power of two smaller than `count` (> 1)."""
    return 1 << ((count - 1).bit_length() - 1)


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes, hasher: Hasher = SHA256
) -> bool:
    """Whether `proof`, which must have the right length, leads to `root` (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    fn, sn, node = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            node = hasher.node(sibling, node)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = hasher.node(node, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and node == root
