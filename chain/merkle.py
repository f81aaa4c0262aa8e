"""The trees of docs/formats.md ("Trees"): indexed trees, Merkle sum trees, and the leaves that go into them.

    leaf            keccak(keccak(abi(...)))                hashed twice over 32 bytes
    indexed node    keccak(left || right)                   64 bytes
    sum node        keccak(left || right)[:20] || sum       64 bytes; the sum of both children in 12 bytes
    EMPTY           32 zero bytes (sum 0); two EMPTY children give EMPTY

Leaves stand by position and are padded on the right with EMPTY to a power of two, which is never built: beyond the last
leaf every node is EMPTY. Bit `k` of an index, from the lowest, says whether the node at height `k` is a right child.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
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
# what a sum tree can hold: its nodes have 96 bits for a sum
MAX_SUM_WEI = 2**96 - 1
CHUNK_BYTES = 24_000

REWARD_LEAF_TYPEHASH = keccak(b"RewardLeaf(uint256 chainId,address distributor,address account,uint256 cumulativeWei)")
RECEIPT_LEAF_TYPEHASH = keccak(
    b"ReceiptLeaf(uint256 chainId,address distributor,bytes32 receiptId,bytes32 adapterDigest,"
    b"bytes32 answerHash,uint256 feeWei,bytes32 sharesRoot)"
)
SHARE_LEAF_TYPEHASH = keccak(b"ShareLeaf(uint256 contributionId,int256 sharePpm)")
EVIDENCE_CHUNK_TYPEHASH = keccak(b"EvidenceChunk(uint256 index,bytes32 chunkHash)")

_HASH_BYTES = 20


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
    """keccak(keccak(abi(fields))): hashed twice, so that no 64-byte node passes for a leaf."""
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


def sum_node(digest: bytes, sum_wei: int) -> bytes:
    """The word of a sum tree's node: the first 20 bytes of its hash, and its sum in 12.

    Raises ValueError for a sum that does not fit.
    """
    if sum_wei > MAX_SUM_WEI:
        raise ValueError(f"a sum is {sum_wei} wei; expected less than 2^96: more than OPEN can ever pay")
    return digest[:_HASH_BYTES] + sum_wei.to_bytes(32 - _HASH_BYTES, "big")


def sum_of(node: bytes) -> int:
    """The amounts below a sum tree's node, in wei."""
    return int.from_bytes(node[_HASH_BYTES:], "big")


def sum_parent(left: bytes, right: bytes) -> bytes:
    """The word of the node over two words of a sum tree. Raises ValueError for a sum that does not fit."""
    if left == right == EMPTY:
        return EMPTY
    return sum_node(keccak(left + right), sum_of(left) + sum_of(right))


class SumTree:
    """A Merkle sum tree over the words of its leaves; of no leaves at all, the root is EMPTY."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        _refuse_empty(leaves)
        self._levels = [list(leaves)]
        while len(self._levels[-1]) > 1:
            self._levels.append(_sum_parents(self._levels[-1]))

    @property
    def levels(self) -> Sequence[Sequence[bytes]]:
        """The words of each height, leaves first, without the padding."""
        return self._levels

    @property
    def root(self) -> bytes:
        """The word at the top; its sum is the total."""
        return self._levels[-1][0] if self._levels[0] else EMPTY

    @property
    def depth(self) -> int:
        """Length of every proof."""
        return len(self._levels) - 1

    def proof(self, index: int) -> list[bytes]:
        """The sibling's word at each height, lowest first. Raises IndexError for a position without a leaf."""
        _check_index(index, leaf_count=len(self._levels[0]))
        return [_sibling(level, index >> height, EMPTY) for height, level in enumerate(self._levels[:-1])]


def verify_sum(*, root: bytes, leaf: bytes, index: int, proof: Sequence[bytes], leaf_count: int) -> bool:
    """Whether the leaf with the word `leaf` stands at `index` of the `leaf_count` leaves under `root`."""
    if leaf == EMPTY or not 0 <= index < leaf_count <= MAX_LEAF_COUNT:
        return False
    if len(proof) != depth_of(leaf_count):
        return False
    node = leaf
    for height, sibling in enumerate(proof):
        if sum_of(node) + sum_of(sibling) > MAX_SUM_WEI:
            return False
        node = sum_parent(sibling, node) if index >> height & 1 else sum_parent(node, sibling)
    return node == root


def reward_leaf(*, chain_id: int, distributor: str, account: str, cumulative_wei: int) -> bytes:
    """The word of one account's leaf: its amount is cumulative over all reward epochs."""
    return sum_node(hash_leaf(REWARD_LEAF_TYPEHASH, chain_id, distributor, account, cumulative_wei), cumulative_wei)


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


def evidence_chunks(files: Iterable[bytes]) -> list[bytes]:
    """The chunks of an evidence bundle, given the bytes of evidence.json and of each file that it names, in order.

    Each file starts a chunk of its own; an empty one has none.
    """
    return [data[at : at + CHUNK_BYTES] for data in files for at in range(0, len(data), CHUNK_BYTES)]


def evidence_chunk_leaf(*, index: int, chunk: bytes) -> bytes:
    """The leaf of one chunk of evidence."""
    return hash_leaf(EVIDENCE_CHUNK_TYPEHASH, index, keccak(chunk))


def evidence_tree(chunks: Sequence[bytes]) -> IndexedTree:
    """The indexed tree over chunks of evidence; its root and their number are signed with the reward root."""
    return IndexedTree([evidence_chunk_leaf(index=index, chunk=chunk) for index, chunk in enumerate(chunks)])


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
        """The word that is posted as the root."""
        return self.tree.root

    @property
    def total_wei(self) -> int:
        """The sum of all cumulative amounts, posted beside the root that ends with it."""
        return sum_of(self.tree.root)

    @property
    def leaf_count(self) -> int:
        """The number of accounts, posted beside the root."""
        return len(self.keys)

    def proof_of(self, account: str) -> tuple[int, int, list[bytes]]:
        """(index, cumulative_wei, proof) of the account's leaf. Raises KeyError where the account has none."""
        key = address_bytes(account)
        index = bisect_left(self.keys, key)
        if index == len(self.keys) or self.keys[index] != key:
            raise KeyError(f"{account} has no leaf among the {len(self.keys)} accounts of this reward tree")
        return index, self.cumulative_wei[index], self.tree.proof(index)

    def claim_of(self, account: str) -> tuple[str, int, int, list[bytes]]:
        """The arguments of `claim` for the account, also one of `claim_many`'s. Raises KeyError as `proof_of` does."""
        index, cumulative_wei, proof = self.proof_of(account)
        return to_checksum_address(account), cumulative_wei, index, proof


def reward_tree(*, chain_id: int, distributor: str, rewards: Mapping[str, int]) -> RewardTree:
    """The reward tree of accounts (hex) and cumulative amounts in wei, whatever the order of the mapping.

    Raises ValueError where there is nothing to post, an account is given twice in different letters, or the amounts add
    up to more than a tree can hold.
    """
    if not rewards:
        raise ValueError("no account has a reward; a root needs at least one leaf; post none for this epoch")
    pairs = sorted((address_bytes(account), amount) for account, amount in rewards.items())
    keys, amounts = zip(*pairs, strict=True)
    if len(set(keys)) != len(keys):
        raise ValueError("an account is given twice; expected one amount an account; add them up first")
    # the words before the account are the same in every leaf, and 20 bytes sort as the number they are
    prefix = REWARD_LEAF_TYPEHASH + word(chain_id) + word(distributor) + bytes(12)
    leaves = [sum_node(keccak(keccak(prefix + key + word(amount))), amount) for key, amount in pairs]
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
    padded = [*level, EMPTY] if len(level) % 2 else level
    return [sum_parent(left, right) for left, right in zip(padded[::2], padded[1::2], strict=True)]
