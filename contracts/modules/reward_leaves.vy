# pragma version ~=0.4.3
"""
@title Reward leaves: the leaf hash of one account in a reward tree
@license AGPL-3.0-only
@notice See docs/formats.md, "Trees". A leaf names chain and contract, so none is good elsewhere.
"""

REWARD_LEAF_TYPEHASH: constant(bytes32) = keccak256(
    "RewardLeaf(uint256 chainId,address distributor,address account,uint256 cumulativeWei)"
)


@internal
@view
def _hash(distributor: address, account: address, cumulative_wei: uint256) -> bytes32:
    """
    @dev Hashed twice, so that no node passes for a leaf.
    """
    return keccak256(
        keccak256(abi_encode(REWARD_LEAF_TYPEHASH, chain.id, distributor, account, cumulative_wei))
    )
