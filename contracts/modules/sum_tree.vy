# pragma version ~=0.4.3
"""
@title Merkle sum tree: a leaf's place under a root that commits to the sum of all leaves
@license AGPL-3.0-only
@notice See docs/formats.md, "Trees". A node hashes its children's hashes and sums, so that the total of a root is the sum
        of its leaves and nobody can hide an amount in it. Leaves are hashed over 32 bytes and nodes over 128.
"""

from ..interfaces import IRewardDistributor

# 2^32 leaves
MAX_PROOF_LENGTH: constant(uint256) = 32


@internal
@pure
def _is_depth(levels: uint256, leaf_count: uint256) -> bool:
    """
    @dev Whether levels == ceil(log2(leaf_count)), for leaf_count >= 1 and levels <= 32.
    """
    return (1 << levels) >= leaf_count and (levels == 0 or (1 << (levels - 1)) < leaf_count)


@internal
@pure
def _has_leaf(
    root: bytes32,
    total_wei: uint256,
    leaf_count: uint256,
    leaf: bytes32,
    leaf_wei: uint256,
    index: uint256,
    proof: DynArray[IRewardDistributor.ProofNode, MAX_PROOF_LENGTH],
) -> bool:
    """
    @dev Whether `leaf` stands at `index`. The leaf is a hash made by the caller, never taken from outside, so it is
         never the EMPTY node. Sums stay below the total at every height, so none can wrap around.
    """
    if index >= leaf_count or leaf_wei > total_wei or not self._is_depth(len(proof), leaf_count):
        return False
    node: bytes32 = leaf
    sum_wei: uint256 = leaf_wei
    path: uint256 = index
    for sibling: IRewardDistributor.ProofNode in proof:
        # sum_wei <= total_wei holds before and after each level, so neither line can wrap; 75 gas a level less
        if sibling.sum_wei > unsafe_sub(total_wei, sum_wei):
            return False
        if path & 1 == 0:
            node = keccak256(abi_encode(node, sum_wei, sibling.hash, sibling.sum_wei))
        else:
            node = keccak256(abi_encode(sibling.hash, sibling.sum_wei, node, sum_wei))
        sum_wei = unsafe_add(sum_wei, sibling.sum_wei)
        path >>= 1
    return node == root and sum_wei == total_wei
