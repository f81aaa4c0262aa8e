"""The Merkle root of rows, while rows are appended (pure).

    content = sha256(key || scale || square || codes)       scale and square int64, little end first
    leaf    = keccak(keccak(ROW_TYPEHASH || key || content))
    root    = that of `chain.merkle.IndexedTree` over the leaves, so `verify_indexed` checks a proof, here or on chain

sha-256 for the long part: 1.7 GB/s with the processor's instructions where keccak makes 0.4 (8 KiB rows), and the chain
has it as a precompile. `IndexedTree` holds every level; what is here holds one node a level.
"""

from __future__ import annotations

import hashlib

from chain.merkle import EMPTY, depth_of, hash_leaf, keccak

ROW_TYPEHASH = keccak(b"GradientRow(bytes32 key,bytes32 content)")
LEAF_BYTES = 32


def row_leaf(*, key: bytes, scale: int, square: int, codes: bytes | memoryview) -> bytes:
    """The leaf of one row; `codes` are its bytes as they are stored."""
    content = hashlib.sha256(key + scale.to_bytes(8, "little", signed=True) + square.to_bytes(8, "little", signed=True))
    content.update(codes)
    return hash_leaf(ROW_TYPEHASH, key, content.digest())


class Frontier:
    """The nodes that a growing tree still needs: at each height the one without a right sibling, or none."""

    def __init__(self) -> None:
        self._open: list[bytes | None] = []
        self.leaf_count = 0

    def extend(self, leaves: bytes) -> None:
        """Append leaves, 32 bytes each."""
        for start in range(0, len(leaves), LEAF_BYTES):
            self._append(leaves[start : start + LEAF_BYTES])

    @property
    def root(self) -> bytes:
        """The root over the leaves so far; EMPTY for none."""
        node: bytes | None = None
        for left in self._open[: depth_of(self.leaf_count)]:
            if left is not None:
                node = keccak(left + (node or EMPTY))
            elif node is not None:
                node = keccak(node + EMPTY)
        # of 2**k leaves, one node at height k is all there is
        return node or (self._open[-1] if self._open else None) or EMPTY

    def _append(self, node: bytes) -> None:
        self.leaf_count += 1
        for height, left in enumerate(self._open):
            if left is None:
                self._open[height] = node
                return
            self._open[height] = None
            node = keccak(left + node)
        self._open.append(node)


def root_of(leaves: bytes) -> bytes:
    """The root over leaves of 32 bytes each, a level at a time: two levels are held at most."""
    level = leaves
    while len(level) > LEAF_BYTES:
        if len(level) // LEAF_BYTES % 2:
            level += EMPTY
        level = b"".join([keccak(level[at : at + 64]) for at in range(0, len(level), 64)])
    return level or EMPTY
