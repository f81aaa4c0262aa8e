# pragma version ~=0.4.3
"""
@title Fraud proofs: what shows that a reward tree is not one
@license AGPL-3.0-only
@notice See docs/formats.md, "Trees". Each check passes only for what no honest tree contains, so that no proof can be
        made against one: what it takes are nodes that hash up to the root, and a hash has one preimage.
@dev A word of which nobody shows a preimage cannot be proven false here: nobody can claim from it either, and evidence
     that does not explain it is withheld evidence, or a reason for a challenge.
"""

from ..interfaces import IRewardDistributor
from ..interfaces import IRootDisputes
from . import reward_leaves
from . import sum_tree


@internal
@pure
def _check_sum(
    record: IRewardDistributor.RootRecord, parent: IRootDisputes.PlacedNode, left: bytes32, right: bytes32
):
    """
    @dev The parent's hash is of these two children, but its sum is not theirs, or it stands where a leaf belongs.
         Between it and the root all sums add up: the highest fault of a path is shown, and makes the root void alone.
    """
    height: uint256 = self._height(record, parent)
    node: uint256 = convert(parent.node, uint256)
    left_node: uint256 = convert(left, uint256)
    right_node: uint256 = convert(right, uint256)
    pair: uint256 = sum_tree._word(sum_tree._pair_hash(left_node, right_node), sum_tree._sum(node))
    assert pair == node, "disputes: not the node's children"
    is_leaf_place: bool = height == 0 and node != sum_tree.EMPTY_NODE
    # two sums of 96 bits do not wrap around
    sum_wei: uint256 = sum_tree._sum(left_node) + sum_tree._sum(right_node)
    assert is_leaf_place or sum_wei != sum_tree._sum(node), "disputes: sums add up"


@internal
@view
def _check_leaf(
    record: IRewardDistributor.RootRecord,
    distributor: address,
    leaf: IRootDisputes.PlacedNode,
    account: address,
    cumulative_wei: uint256,
):
    """
    @dev The word has a leaf's hash, but not the leaf's amount as its sum, or stands above the leaves.
    """
    height: uint256 = self._height(record, leaf)
    sum_wei: uint256 = sum_tree._sum(convert(leaf.node, uint256))
    hash: bytes32 = reward_leaves._hash(distributor, account, cumulative_wei)
    assert sum_tree._word(hash, sum_wei) == convert(leaf.node, uint256), "disputes: not that leaf"
    assert height > 0 or sum_wei != cumulative_wei, "disputes: leaf is as it should be"


@internal
@pure
def _check_leaf_count(record: IRewardDistributor.RootRecord, node: IRootDisputes.PlacedNode):
    """
    @dev Something stands beyond the last leaf, or nothing where a leaf belongs. The first leaf below the node decides:
         padding has no leaf at all.
    """
    height: uint256 = self._height(record, node)
    is_beyond: bool = node.index << height >= record.leaf_count
    is_empty: bool = convert(node.node, uint256) == sum_tree.EMPTY_NODE
    assert is_beyond != is_empty, "disputes: leaf count is right"


@internal
@view
def _check_order(
    record: IRewardDistributor.RootRecord,
    distributor: address,
    left: IRewardDistributor.ProvenLeaf,
    right: IRewardDistributor.ProvenLeaf,
):
    """
    @dev Of two leaves the left one has the higher account, or both have the same. They need not be neighbours.
    """
    self._check_proof(record, distributor, left)
    self._check_proof(record, distributor, right)
    assert left.index < right.index, "disputes: leaves not left to right"
    assert convert(left.account, uint160) >= convert(right.account, uint160), "disputes: accounts ascend"


@internal
@view
def _check_fallen(
    record: IRewardDistributor.RootRecord,
    previous: IRewardDistributor.RootRecord,
    distributor: address,
    before: IRewardDistributor.ProvenLeaf,
    shown: DynArray[IRewardDistributor.ProvenLeaf, 2],
):
    """
    @dev An account has less than under the root before: its own leaf shows it, or the leaves between which it would
         stand.
    """
    self._check_proof(previous, distributor, before)
    for leaf: IRewardDistributor.ProvenLeaf in shown:
        self._check_proof(record, distributor, leaf)
    assert len(shown) > 0, "disputes: no leaf shown"
    now_wei: uint256 = 0
    if len(shown) == 1 and shown[0].account == before.account:
        now_wei = shown[0].cumulative_wei
    else:
        last: uint256 = len(shown) - 1
        is_absent: bool = self._is_absent(
            before.account,
            record.leaf_count,
            shown[0].account,
            shown[0].index,
            shown[last].account,
            shown[last].index,
        )
        assert is_absent, "disputes: account may have a leaf"
    assert now_wei < before.cumulative_wei, "disputes: amount has not fallen"


@internal
@pure
def _is_absent(
    account: address,
    leaf_count: uint256,
    left_account: address,
    left_index: uint256,
    right_account: address,
    right_index: uint256,
) -> bool:
    """
    @dev Whether the account lies between two neighbours; or, where both are one leaf, before the first leaf or after
         the last.
    """
    missing: uint160 = convert(account, uint160)
    left: uint160 = convert(left_account, uint160)
    right: uint160 = convert(right_account, uint160)
    if left_index + 1 == right_index:
        return left < missing and missing < right
    if left_index != right_index:
        return False
    return (left_index == 0 and missing < left) or (left_index + 1 == leaf_count and left < missing)


@internal
@view
def _check_proof(
    record: IRewardDistributor.RootRecord, distributor: address, leaf: IRewardDistributor.ProvenLeaf
):
    """
    @dev The leaf stands under the root, as for a claim.
    """
    hash: bytes32 = reward_leaves._hash(distributor, leaf.account, leaf.cumulative_wei)
    is_leaf: bool = sum_tree._has_leaf(
        record.root, record.leaf_count, hash, leaf.cumulative_wei, leaf.index, leaf.proof
    )
    assert is_leaf, "disputes: leaf not under the root"


@internal
@pure
def _height(record: IRewardDistributor.RootRecord, node: IRootDisputes.PlacedNode) -> uint256:
    """
    @dev The height of a node that stands under the root.
    """
    depth: uint256 = sum_tree._depth(record.leaf_count)
    assert len(node.proof) <= depth, "disputes: below the leaves"
    assert sum_tree._has_node(record.root, node.node, node.index, node.proof), "disputes: node not under the root"
    return depth - len(node.proof)
