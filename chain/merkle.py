"""The trees of docs/formats.md ("Trees"): indexed trees, Merkle sum trees, and the leaves that go into them.

    leaf            keccak(keccak(abi(...)))                                    hashed twice over 32 bytes
    indexed node    keccak(left || right)                                       64 bytes
    sum node        keccak(left_hash || left_sum || right_hash || right_sum)    128 bytes, sum left_sum + right_sum
    EMPTY           32 zero bytes (sum 0); two EMPTY children give EMPTY

Leaves stand by position and are padded on the right with EMPTY to a power of two, which is never built: beyond the last
leaf every node is EMPTY. Bit `k` of an index, from the lowest, says whether the node at height `k` is a right child.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eth_utils.address import to_checksum_address

try:
    # 0.7 us a hash against 5.3 us for eth_hash over pycryptodome: four seconds or half a minute for 10^6 accounts
    from sha3 import keccak_256

    def keccak(data: bytes) -> bytes:
        """Keccak-256 of the data."""
        return bytes(keccak_256(data).digest())

except ImportError:
    from eth_hash.auto import keccak as _portable_keccak

    def keccak(data: bytes) -> bytes:
        """Keccak-256 of the data."""
        return bytes(_portable_keccak(data))


EMPTY = bytes(32)
MAX_LEAF_COUNT = 2**32

REWARD_LEAF_TYPEHASH = keccak(b"RewardLeaf(uint256 chainId,address distributor,address account,uint256 cumulativeWei)")
RECEIPT_LEAF_TYPEHASH = keccak(
    b"ReceiptLeaf(uint256 chainId,address distributor,bytes32 receiptId,bytes32 adapterDigest,"
    b"bytes32 answerHash,uint256 feeWei,bytes32 sharesRoot)"
)
SHARE_LEAF_TYPEHASH = keccak(b"ShareLeaf(uint256 contributionId,int256 sharePpm)")

_WORD_END = 2**256
_EMPTY_SUM_WORDS = bytes(64)


def word(value: int | bytes | str) -> bytes:
    """One ABI word: an unsigned integer, a negative int256, 32 bytes, or an address as hex."""
    if isinstance(value, int):
        return value.to_bytes(32, "big", signed=value < 0)
    if isinstance(value, str):
        return bytes(12) + address_bytes(value)
    if len(value) != 32:
        raise ValueError(f"a bytes32 has {len(value)} bytes; expected 32; hash or pad it first")
    return value


def address_bytes(address: str) -> bytes:
    """The 20 bytes of an address in hex. Its checksum is not looked at: 8 us less for each of 10^6 accounts."""
    decoded = bytes.fromhex(address.removeprefix("0x"))
    if len(decoded) != 20:
        raise ValueError(f"address {address} has {len(decoded)} bytes; expected 20; give it in full")
    return decoded


def hash_leaf(*fields: int | bytes | str) -> bytes:
    """keccak(keccak(abi(fields))): hashed twice, so that no 64- or 128-byte node passes for a leaf."""
    return keccak(keccak(b"".join(map(word, fields))))


def depth_of(leaf_count: int) -> int:
    """ceil(log2(leaf_count)), the length of every proof; 0 for one leaf."""
    return max(leaf_count - 1, 0).bit_length()


class IndexedTree:
    """An indexed tree over leaf hashes; of no leaves at all, the root is EMPTY."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        _refuse_empty(leaves)
        self._levels = [list(leaves)]
        while len(self._levels[-1]) > 1:
            self._levels.append(_parents(self._levels[-1]))

    @property
    def root(self) -> bytes:
        """The 32-byte root."""
        return self._levels[-1][0] if self._levels[0] else EMPTY

    @property
    def depth(self) -> int:
        """Length of every proof."""
        return len(self._levels) - 1

    def proof(self, index: int) -> list[bytes]:
        """The sibling at each height, lowest first. Raises IndexError for a position without a leaf."""
        _check_index(index, leaf_count=len(self._levels[0]))
        return [_sibling(level, index >> height, EMPTY) for height, level in enumerate(self._levels[:-1])]


def verify_indexed(*, root: bytes, leaf: bytes, index: int, proof: Sequence[bytes]) -> bool:
    """Whether `leaf` stands at `index` under `root`; false for an EMPTY leaf and an index past the proof."""
    if leaf == EMPTY or not 0 <= index < 1 << len(proof):
        return False
    node = leaf
    for height, sibling in enumerate(proof):
        node = keccak(sibling + node) if index >> height & 1 else keccak(node + sibling)
    return node == root


@dataclass(frozen=True, slots=True)
class SumNode:
    """A node of a Merkle sum tree: its hash (32 bytes) and the sum of the amounts below it."""

    hash: bytes
    sum_wei: int


class SumTree:
    """A Merkle sum tree over leaves; of no leaves at all, the root is EMPTY with sum 0."""

    def __init__(self, leaves: Sequence[SumNode]) -> None:
        _refuse_empty([leaf.hash for leaf in leaves])
        # nodes are kept as the 64 bytes hash || sum that their parent hashes: a million leaves in seconds
        self._levels = [[leaf.hash + leaf.sum_wei.to_bytes(32, "big") for leaf in leaves]]
        while len(self._levels[-1]) > 1:
            self._levels.append(_sum_parents(self._levels[-1]))

    @property
    def root(self) -> SumNode:
        """The top hash and the total."""
        return _decode_sum_node(self._levels[-1][0] if self._levels[0] else _EMPTY_SUM_WORDS)

    @property
    def depth(self) -> int:
        """Length of every proof."""
        return len(self._levels) - 1

    def proof(self, index: int) -> list[SumNode]:
        """The sibling (hash, sum) at each height, lowest first. Raises IndexError for a position without a leaf."""
        _check_index(index, leaf_count=len(self._levels[0]))
        return [
            _decode_sum_node(_sibling(level, index >> height, _EMPTY_SUM_WORDS))
            for height, level in enumerate(self._levels[:-1])
        ]


def verify_sum(*, root: SumNode, leaf: SumNode, index: int, proof: Sequence[SumNode], leaf_count: int) -> bool:
    """Whether `leaf` stands at `index` of the `leaf_count` leaves under `root`, hash and sum alike."""
    if leaf.hash == EMPTY or not 0 <= index < leaf_count <= MAX_LEAF_COUNT:
        return False
    if len(proof) != depth_of(leaf_count):
        return False
    node, sum_wei = leaf.hash, leaf.sum_wei
    for height, sibling in enumerate(proof):
        # below the total at every height, so that no sum can wrap around 2^256
        if sibling.sum_wei + sum_wei > root.sum_wei:
            return False
        pair = (node + word(sum_wei), sibling.hash + word(sibling.sum_wei))
        node = keccak(pair[1] + pair[0] if index >> height & 1 else pair[0] + pair[1])
        sum_wei += sibling.sum_wei
    return SumNode(node, sum_wei) == root


def reward_leaf(*, chain_id: int, distributor: str, account: str, cumulative_wei: int) -> SumNode:
    """The leaf of one account: its amount is cumulative over all reward epochs."""
    return SumNode(hash_leaf(REWARD_LEAF_TYPEHASH, chain_id, distributor, account, cumulative_wei), cumulative_wei)


def share_leaf(*, contribution_id: int, share_ppm: int) -> bytes:
    """The leaf of one contribution's share of one answer, in signed parts per million."""
    return hash_leaf(SHARE_LEAF_TYPEHASH, contribution_id, share_ppm)


def receipt_leaf(
    *,
    chain_id: int,
    distributor: str,
    receipt_id: bytes,
    adapter_digest: bytes,
    answer_hash: bytes,
    fee_wei: int,
    shares_root: bytes,
) -> bytes:
    """The leaf of one receipt in the attribution tree; `shares_root` is the indexed tree of its shares."""
    return hash_leaf(
        RECEIPT_LEAF_TYPEHASH,
        chain_id,
        distributor,
        receipt_id,
        adapter_digest,
        answer_hash,
        fee_wei,
        shares_root,
    )


def dataset_leaf(*, contribution_id: int, digest: bytes, contributor: str, byte_count: int, score: int) -> bytes:
    """The leaf of one accepted contribution in a dataset root."""
    return hash_leaf(contribution_id, digest, contributor, byte_count, score)


@dataclass(frozen=True, slots=True)
class RewardTree:
    """A reward tree with its accounts (20 bytes each, ascending) and their cumulative amounts."""

    keys: tuple[bytes, ...]
    cumulative_wei: tuple[int, ...]
    tree: SumTree

    @property
    def accounts(self) -> tuple[str, ...]:
        """The checksummed accounts, in the order of their leaves."""
        return tuple(map(to_checksum_address, self.keys))

    @property
    def root(self) -> bytes:
        """The hash that is posted as the root."""
        return self.tree.root.hash

    @property
    def total_wei(self) -> int:
        """The sum of all cumulative amounts, posted beside the root."""
        return self.tree.root.sum_wei

    @property
    def leaf_count(self) -> int:
        """The number of accounts, posted beside the root."""
        return len(self.keys)

    def proof_of(self, account: str) -> tuple[int, int, list[SumNode]]:
        """(index, cumulative_wei, proof), arguments of `claim`. Raises KeyError where the account has no leaf."""
        key = address_bytes(account)
        index = bisect_left(self.keys, key)
        if index == len(self.keys) or self.keys[index] != key:
            raise KeyError(f"{account} has no leaf among the {len(self.keys)} accounts of this reward tree")
        return index, self.cumulative_wei[index], self.tree.proof(index)


def reward_tree(*, chain_id: int, distributor: str, rewards: Mapping[str, int]) -> RewardTree:
    """The reward tree of accounts (hex) and cumulative amounts in wei, whatever the order of the mapping.

    Raises ValueError where there is nothing to post, or an account is given twice in different letters.
    """
    if not rewards:
        raise ValueError("no account has a reward; a root needs at least one leaf; post none for this epoch")
    pairs = sorted((address_bytes(account), amount) for account, amount in rewards.items())
    keys, amounts = zip(*pairs, strict=True)
    if len(set(keys)) != len(keys):
        raise ValueError("an account is given twice; expected one amount an account; add them up first")
    # the words before the account are the same in every leaf, and 20 bytes sort as the number they are
    prefix = REWARD_LEAF_TYPEHASH + word(chain_id) + word(distributor) + bytes(12)
    leaves = [SumNode(keccak(keccak(prefix + key + amount.to_bytes(32, "big"))), amount) for key, amount in pairs]
    return RewardTree(keys, amounts, SumTree(leaves))


def _refuse_empty(leaves: Sequence[bytes]) -> None:
    if len(leaves) > MAX_LEAF_COUNT:
        raise ValueError(f"{len(leaves)} leaves; a tree holds at most {MAX_LEAF_COUNT}")
    if any(len(leaf) != 32 or leaf == EMPTY for leaf in leaves):
        raise ValueError("a leaf is not 32 bytes or is EMPTY; expected the double hash of its fields")


def _check_index(index: int, *, leaf_count: int) -> None:
    if not 0 <= index < leaf_count:
        raise IndexError(f"no leaf at position {index}; this tree has {leaf_count}")


def _sibling(level: Sequence[bytes], index: int, empty: bytes) -> bytes:
    position = index ^ 1
    return level[position] if position < len(level) else empty


def _parents(level: list[bytes]) -> list[bytes]:
    padded = [*level, EMPTY] if len(level) % 2 else level
    return [keccak(left + right) for left, right in zip(padded[::2], padded[1::2], strict=True)]


def _sum_parents(level: list[bytes]) -> list[bytes]:
    padded = [*level, _EMPTY_SUM_WORDS] if len(level) % 2 else level
    return [_sum_parent(left, right) for left, right in zip(padded[::2], padded[1::2], strict=True)]


def _sum_parent(left: bytes, right: bytes) -> bytes:
    sum_wei = int.from_bytes(left[32:], "big") + int.from_bytes(right[32:], "big")
    if sum_wei >= _WORD_END:
        raise ValueError("the amounts add up to 2^256 wei or more; expected at most the supply of OPEN")
    return keccak(left + right) + sum_wei.to_bytes(32, "big")


def _decode_sum_node(words: bytes) -> SumNode:
    return SumNode(words[:32], int.from_bytes(words[32:], "big"))
