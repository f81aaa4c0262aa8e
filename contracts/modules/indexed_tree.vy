# pragma version ~=0.4.3
"""
@title Indexed Merkle tree: a leaf's place under a root
@license AGPL-3.0-only
@notice See docs/formats.md, "Trees". Leaves are hashed twice over 32 bytes and nodes over 64, so no node passes for a
        leaf.
"""

# 2^32 leaves
MAX_PROOF_LENGTH: constant(uint256) = 32


@internal
@pure
def _has_leaf(
    root: bytes32,
    leaf: bytes32,
    index: uint256,
    proof: DynArray[bytes32, MAX_PROOF_LENGTH],
) -> bool:
    """
    @dev Whether `leaf`, a hash made by the caller, stands at `index`. An index past the proof's height is refused: its
         upper bits would be ignored, and one leaf would stand in many places.
    """
    if index >> len(proof) != 0:
        return False
    node: bytes32 = leaf
    path: uint256 = index
    for sibling: bytes32 in proof:
        if path & 1 == 0:
            node = keccak256(concat(node, sibling))
        else:
            node = keccak256(concat(sibling, node))
        path >>= 1
    return node == root
