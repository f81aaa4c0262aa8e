# pragma version ~=0.4.3
"""
@title Merkle sum tree: what stands where under a root that commits to the sum of all leaves
@license AGPL-3.0-only
@notice See docs/formats.md, "Trees". A node is one word, `hash (160 bits) | sum in wei (96)`, and is hashed over its
        two children's words: the total of a root is the sum of its leaves, and nobody can hide an amount in it. Leaves
        are hashed twice over 32 bytes and nodes over 64, so that no node passes for a leaf.
@dev With sums inside the words a proof costs 330 gas less a level than with words of their own. The price: two trees
     under one root cost whoever signs it 2^80 hashes, not 2^128, and win no more than any other false root; to forge a
     leaf into a root that stands costs 2^160, as much as to forge the account in it.
"""

# 2^32 leaves
MAX_PROOF_LENGTH: constant(uint256) = 32
EMPTY_NODE: constant(uint256) = 0
SUM_MASK: constant(uint256) = 2**96 - 1


@internal
@pure
def _sum(node: uint256) -> uint256:
    """
    @dev The wei in a node's word.
    """
    return node & SUM_MASK


@internal
@pure
def _word(hash: bytes32, sum_wei: uint256) -> uint256:
    """
    @dev The lowest 96 bits of the hash give way to the sum, which the caller keeps below 2^96.
    """
    return convert(hash, uint256) & ~SUM_MASK | sum_wei


@internal
@pure
def _depth(leaf_count: uint256) -> uint256:
    """
    @dev ceil(log2(leaf_count)), for 1 <= leaf_count <= 2^32.
    """
    depth: uint256 = 0
    for height: uint256 in range(MAX_PROOF_LENGTH):
        if 1 << height >= leaf_count:
            break
        depth += 1
    return depth


@internal
@pure
def _has_leaf(
    root: bytes32,
    leaf_count: uint256,
    leaf: bytes32,
    leaf_wei: uint256,
    index: uint256,
    proof: DynArray[bytes32, MAX_PROOF_LENGTH],
) -> bool:
    """
    @dev Whether the leaf with this hash and amount stands at `index`. The hash is made by the caller, never taken from
         outside, so that it is never the EMPTY node. The sum only grows on its way up and is below 2^96 in the end, so
         it never reached into a hash.
    """
    levels: uint256 = len(proof)
    # levels == depth, for levels <= 32, without a loop
    is_depth: bool = 1 << levels >= leaf_count and (levels == 0 or 1 << (levels - 1) < leaf_count)
    if index >= leaf_count or leaf_wei > SUM_MASK or not is_depth:
        return False
    node: uint256 = convert(leaf, uint256) & ~SUM_MASK | leaf_wei
    sum_wei: uint256 = leaf_wei
    path: uint256 = index
    for word: bytes32 in proof:
        sum_wei = unsafe_add(sum_wei, convert(word, uint256) & SUM_MASK)
        if path & 1 == 0:
            node = convert(keccak256(abi_encode(node, word)), uint256) & ~SUM_MASK | sum_wei
        else:
            node = convert(keccak256(abi_encode(word, node)), uint256) & ~SUM_MASK | sum_wei
        path >>= 1
    return node == convert(root, uint256) and sum_wei <= SUM_MASK


@internal
@pure
def _has_node(
    root: bytes32,
    node: bytes32,
    index: uint256,
    proof: DynArray[bytes32, MAX_PROOF_LENGTH],
) -> bool:
    """
    @dev Whether a node, at any height and EMPTY or not, stands at `index` of its height, with sums that add up from it
         to the root.
    """
    if index >> len(proof) != 0:
        return False
    current: uint256 = convert(node, uint256)
    path: uint256 = index
    for word: bytes32 in proof:
        sibling: uint256 = convert(word, uint256)
        sum_wei: uint256 = self._sum(current) + self._sum(sibling)
        if sum_wei > SUM_MASK:
            return False
        if path & 1 == 0:
            current = self._word(self._pair_hash(current, sibling), sum_wei)
        else:
            current = self._word(self._pair_hash(sibling, current), sum_wei)
        path >>= 1
    return current == convert(root, uint256)


@internal
@pure
def _pair_hash(left: uint256, right: uint256) -> bytes32:
    """
    @dev The hash of two children; two EMPTY ones make an EMPTY parent.
    """
    if left == EMPTY_NODE and right == EMPTY_NODE:
        return empty(bytes32)
    return keccak256(abi_encode(left, right))
