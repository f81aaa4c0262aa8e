"""The trees of docs/formats.md, written from that page: what anyone needs to prove a leaf, or a fault.

leaf            keccak(keccak(abi(fields)))
indexed node    keccak(left || right)
sum node        keccak(left || right)[:20] || left sum + right sum in 12 bytes
EMPTY           32 zero bytes; two of them have EMPTY above them
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi import encode
from eth_utils.crypto import keccak

EMPTY = bytes(32)
CHUNK_BYTES = 24_000

_REWARD = keccak(text="RewardLeaf(uint256 chainId,address distributor,address account,uint256 cumulativeWei)")
_RECEIPT = keccak(
    text="ReceiptLeaf(uint256 chainId,address distributor,bytes32 receiptId,bytes32 adapterDigest,"
    "bytes32 answerHash,uint256 feeWei,bytes32 sharesRoot)"
)
_SHARE = keccak(text="ShareLeaf(uint256 contributionId,int256 sharePpm)")
_CHUNK = keccak(text="EvidenceChunk(uint256 index,bytes32 chunkHash)")


def hash_leaf(types: str, *values: Any) -> bytes:
    """keccak(keccak(abi(values))), for types parted by commas."""
    return keccak(keccak(encode(types.split(","), values)))


def sum_of(word: bytes) -> int:
    """The wei in a node's word."""
    return int.from_bytes(word[20:], "big")


def with_sum(word: bytes, sum_wei: int) -> bytes:
    """A hash with a sum in its last 12 bytes."""
    return word[:20] + sum_wei.to_bytes(12, "big")


def indexed_parent(left: bytes, right: bytes) -> bytes:
    """The node over two nodes of an indexed tree."""
    return EMPTY if left == right == EMPTY else keccak(left + right)


def sum_parent(left: bytes, right: bytes) -> bytes:
    """The word over two words of a sum tree."""
    if left == right == EMPTY:
        return EMPTY
    return with_sum(keccak(left + right), sum_of(left) + sum_of(right))


@dataclass
class Tree:
    """All levels of a tree, leaves first, padded with EMPTY to a power of two."""

    levels: list[list[bytes]]
    parent: Callable[[bytes, bytes], bytes]

    @classmethod
    def over(cls, leaves: Sequence[bytes], parent: Callable[[bytes, bytes], bytes] = indexed_parent) -> "Tree":
        width = 1 << max(len(leaves) - 1, 0).bit_length()
        tree = cls([[*leaves, *[EMPTY] * (width - len(leaves))]], parent)
        while len(tree.levels[-1]) > 1:
            level = tree.levels[-1]
            tree.levels.append([parent(*level[at : at + 2]) for at in range(0, len(level), 2)])
        return tree

    @property
    def root(self) -> bytes:
        return self.levels[-1][0]

    def proof(self, index: int, height: int = 0) -> list[bytes]:
        """The siblings of a node up to the root, lowest first."""
        return [level[(index >> step) ^ 1] for step, level in enumerate(self.levels[height:-1])]

    def plant(self, height: int, index: int, word: bytes) -> None:
        """Put another word in a node's place, and make everything above it fit."""
        self.levels[height][index] = word
        for above in range(height + 1, len(self.levels)):
            index //= 2
            pair = self.levels[above - 1][2 * index : 2 * index + 2]
            self.levels[above][index] = self.parent(*pair)


@dataclass(frozen=True, slots=True)
class Place:
    """The chain and the distributor that leaves are good for."""

    chain_id: int
    distributor: str

    def reward_leaf(self, account: str, cumulative_wei: int) -> bytes:
        types = "bytes32,uint256,address,address,uint256"
        leaf = hash_leaf(types, _REWARD, self.chain_id, self.distributor, account, cumulative_wei)
        return with_sum(leaf, cumulative_wei)

    def receipt_leaf(self, receipt: tuple[Any, ...]) -> bytes:
        types = "bytes32,uint256,address,bytes32,bytes32,bytes32,uint256,bytes32"
        return hash_leaf(types, _RECEIPT, self.chain_id, self.distributor, *receipt)


def share_leaf(contribution_id: int, share_ppm: int) -> bytes:
    """The leaf of one contribution's share of an answer."""
    return hash_leaf("bytes32,uint256,int256", _SHARE, contribution_id, share_ppm)


def dataset_leaf(contribution_id: int, digest: bytes, contributor: str, byte_count: int, score: int) -> bytes:
    """The leaf of one contribution in a dataset root."""
    types = "uint256,bytes32,address,uint256,uint256"
    return hash_leaf(types, contribution_id, digest, contributor, byte_count, score)


def chunks_of(files: Sequence[bytes]) -> list[bytes]:
    """The chunks of an evidence bundle: each file in turn, cut into 24,000 bytes."""
    return [data[at : at + CHUNK_BYTES] for data in files for at in range(0, len(data), CHUNK_BYTES)]


def chunk_tree(chunks: Sequence[bytes]) -> Tree:
    """The indexed tree over chunks of evidence."""
    leaves = [hash_leaf("bytes32,uint256,bytes32", _CHUNK, at, keccak(chunk)) for at, chunk in enumerate(chunks)]
    return Tree.over(leaves)
