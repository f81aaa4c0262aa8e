"""Proofs that a posted reward root is false, in the form that RootDisputes takes, and the search for one.

Every proof is against what no honest tree contains (contracts/modules/fraud_proofs.vy checks the same):

    SumProof            a node's sum is not its children's, or an inner node stands where a leaf belongs
    LeafProof           a leaf's sum is not its amount, or a leaf stands above the others
    LeafCountProof      something beyond the last leaf, or nothing where a leaf belongs
    OrderProof          two leaves whose accounts do not ascend
    FallenProof         an account has less than under the previous root, or nothing
    ContributionProof   a share of a contribution that was not accepted when the reward epoch ended

A word of which nobody shows a preimage is no proof: nobody can claim from it, and evidence that does not explain it is
missing evidence. It can hide that an account is absent; then the root is to be challenged.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from itertools import pairwise
from typing import Any, ClassVar

from eth_utils.address import to_checksum_address

from chain.merkle import EMPTY, IndexedTree, RewardTree, address_bytes, depth_of, receipt_leaf, share_leaf, sum_of

_HASH_BYTES = 20


@dataclass(frozen=True, slots=True)
class PlacedNode:
    """A node's word, its position at its height, and the siblings up to the root, lowest first."""

    node: bytes
    index: int
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ProvenLeaf:
    """A leaf with its proof, as `claim_many` and RootDisputes take it."""

    account: str
    cumulative_wei: int
    index: int
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SumProof:
    """The parent is not the sum of these two children, or no parent may stand there."""

    function: ClassVar[str] = "prove_sum"
    parent: PlacedNode
    left: bytes
    right: bytes


@dataclass(frozen=True, slots=True)
class LeafProof:
    """The word is this leaf's, but not its sum or not its height."""

    function: ClassVar[str] = "prove_leaf"
    leaf: PlacedNode
    account: str
    cumulative_wei: int


@dataclass(frozen=True, slots=True)
class LeafCountProof:
    """The node is beyond the last leaf and not EMPTY, or EMPTY and not beyond it."""

    function: ClassVar[str] = "prove_leaf_count"
    node: PlacedNode


@dataclass(frozen=True, slots=True)
class OrderProof:
    """The left account is not below the right one."""

    function: ClassVar[str] = "prove_order"
    left: ProvenLeaf
    right: ProvenLeaf


@dataclass(frozen=True, slots=True)
class FallenProof:
    """What the account had before, and its lower leaf, or the leaves beside the place where it has none."""

    function: ClassVar[str] = "prove_fallen"
    before: ProvenLeaf
    shown: tuple[ProvenLeaf, ...]


@dataclass(frozen=True, slots=True)
class ReceiptFields:
    """A receipt's leaf in the attribution tree, without chain and contract."""

    receipt_id: bytes
    adapter_digest: bytes
    answer_hash: bytes
    fee_wei: int
    shares_root: bytes


@dataclass(frozen=True, slots=True)
class ContributionProof:
    """The receipt gives a share to a contribution that had no claim to one."""

    function: ClassVar[str] = "prove_contribution"
    receipt: ReceiptFields
    receipt_index: int
    receipt_proof: tuple[bytes, ...]
    contribution_id: int
    share_ppm: int
    share_index: int
    share_proof: tuple[bytes, ...]


FraudProof = SumProof | LeafProof | LeafCountProof | OrderProof | FallenProof | ContributionProof


def arguments(proof: FraudProof, *, reward_epoch: int) -> tuple[Any, ...]:
    """The arguments of the function of RootDisputes that `proof.function` names."""
    return reward_epoch, *astuple(proof)


@dataclass(frozen=True, slots=True)
class PostedTree:
    """A reward tree as it was posted, honest or not, with every preimage that is known.

    `children` and `leaves` give the two words below a node and the (account, amount) of a leaf, by the 20 bytes of
    their hash; of a false tree some may be missing.
    """

    root: bytes
    leaf_count: int
    children: Mapping[bytes, tuple[bytes, bytes]]
    leaves: Mapping[bytes, tuple[str, int]]


def posted_tree(tree: RewardTree) -> PostedTree:
    """An honest tree with all its preimages."""
    levels = tree.tree.levels
    leaves = zip(levels[0], tree.accounts, tree.cumulative_wei, strict=True)
    children: dict[bytes, tuple[bytes, bytes]] = {}
    for below, above in pairwise(levels):
        padded = [*below, EMPTY] if len(below) % 2 else below
        pairs = zip(padded[::2], padded[1::2], strict=True)
        children.update({_key(node): pair for node, pair in zip(above, pairs, strict=True)})
    named = {_key(node): (account, amount) for node, account, amount in leaves}
    return PostedTree(tree.root, tree.leaf_count, children, named)


def find_fraud(tree: PostedTree, previous: PostedTree | None = None) -> FraudProof | None:
    """A proof that the tree is false, or None where its preimages show nothing of the kind.

    `previous` is the tree of the root that this one builds on; it is taken to be true.
    """
    last: ProvenLeaf | None = None
    found: list[ProvenLeaf] = []
    for step in _walk(tree):
        if not isinstance(step, ProvenLeaf):
            return step
        if last is not None and address_bytes(last.account) >= address_bytes(step.account):
            return OrderProof(last, step)
        found.append(step)
        last = step
    return None if previous is None else _find_fallen(tree, previous, found)


def find_contribution_fraud(
    receipts: Sequence[tuple[ReceiptFields, Sequence[tuple[int, int]]]],
    *,
    was_accepted: Callable[[int], bool],
    chain_id: int,
    distributor: str,
) -> ContributionProof | None:
    """The first share that is not 0 of a contribution that was not accepted, with its proofs; or None.

    `receipts` are all of the attribution tree in its order, each with its shares (contribution id, parts per million).
    """
    for receipt_index, (fields, shares) in enumerate(receipts):
        for share_index, (contribution_id, share_ppm) in enumerate(shares):
            if share_ppm == 0 or was_accepted(contribution_id):
                continue
            leaves = [_receipt_word(row, chain_id=chain_id, distributor=distributor) for row, _ in receipts]
            share_tree = IndexedTree([share_leaf(contribution_id=i, share_ppm=ppm) for i, ppm in shares])
            return ContributionProof(
                receipt=fields,
                receipt_index=receipt_index,
                receipt_proof=tuple(IndexedTree(leaves).proof(receipt_index)),
                contribution_id=contribution_id,
                share_ppm=share_ppm,
                share_index=share_index,
                share_proof=tuple(share_tree.proof(share_index)),
            )
    return None


def _walk(tree: PostedTree) -> Iterator[ProvenLeaf | SumProof | LeafProof | LeafCountProof]:
    """The leaves from left to right, and faults. Nothing below a fault is walked: sums add up above every step."""
    stack = [(PlacedNode(tree.root, 0, ()), depth_of(tree.leaf_count))]
    while stack:
        place, height = stack.pop()
        is_beyond, is_empty = place.index << height >= tree.leaf_count, place.node == EMPTY
        if is_beyond != is_empty:
            yield LeafCountProof(place)
        elif not is_empty:
            step = _step(tree, place, height)
            if isinstance(step, tuple):
                left, right = step
                below = (right, *place.proof), (left, *place.proof)
                # the left one is popped first
                stack.append((PlacedNode(right, 2 * place.index + 1, below[1]), height - 1))
                stack.append((PlacedNode(left, 2 * place.index, below[0]), height - 1))
            elif step is not None:
                yield step


def _step(
    tree: PostedTree, place: PlacedNode, height: int
) -> ProvenLeaf | SumProof | LeafProof | tuple[bytes, bytes] | None:
    """What a node is: a leaf, a fault, its two children, or None where no preimage is known."""
    key, sum_wei = _key(place.node), sum_of(place.node)
    if key in tree.leaves:
        account, amount = tree.leaves[key]
        if height > 0 or amount != sum_wei:
            return LeafProof(place, account, amount)
        return ProvenLeaf(to_checksum_address(account), amount, place.index, place.proof)
    # a hash of zero is of two EMPTY children
    pair = (EMPTY, EMPTY) if key == EMPTY[:_HASH_BYTES] else tree.children.get(key)
    if pair is None:
        return None
    if height == 0 or sum_of(pair[0]) + sum_of(pair[1]) != sum_wei:
        return SumProof(place, *pair)
    return pair


def _find_fallen(tree: PostedTree, previous: PostedTree, found: Sequence[ProvenLeaf]) -> FallenProof | None:
    keys = [address_bytes(leaf.account) for leaf in found]
    for before in _walk(previous):
        assert isinstance(before, ProvenLeaf), "the previous tree is true"
        at = bisect_left(keys, address_bytes(before.account))
        if at < len(found) and found[at].account == before.account:
            if found[at].cumulative_wei < before.cumulative_wei:
                return FallenProof(before, (found[at],))
        elif before.cumulative_wei > 0:
            shown = _around(found, at, leaf_count=tree.leaf_count)
            if shown is not None:
                return FallenProof(before, shown)
    return None


def _around(found: Sequence[ProvenLeaf], at: int, *, leaf_count: int) -> tuple[ProvenLeaf, ...] | None:
    """The leaves beside the gap before `found[at]`, if nothing unknown stands in it."""
    left, right = found[at - 1] if at > 0 else None, found[at] if at < len(found) else None
    if left is None:
        return (right,) if right is not None and right.index == 0 else None
    if right is None:
        return (left,) if left.index + 1 == leaf_count else None
    return (left, right) if left.index + 1 == right.index else None


def _receipt_word(fields: ReceiptFields, *, chain_id: int, distributor: str) -> bytes:
    return receipt_leaf(
        chain_id=chain_id,
        distributor=distributor,
        receipt_id=fields.receipt_id,
        adapter_digest=fields.adapter_digest,
        answer_hash=fields.answer_hash,
        fee_wei=fields.fee_wei,
        shares_root=fields.shares_root,
    )


def _key(node: bytes) -> bytes:
    return node[:_HASH_BYTES]
