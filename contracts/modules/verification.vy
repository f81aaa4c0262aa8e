# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Verification: what posted roots say about accounts and about contributions
@license AGPL-3.0-only
@notice Leaves as in docs/formats.md, "Trees". Each names chain and contract, so no leaf is good elsewhere.
"""

from ..interfaces import IRewardDistributor
from . import indexed_tree
from . import reward_leaves
from . import reward_roots
from . import root_evidence
from . import sum_tree

uses: reward_roots
uses: root_evidence

MAX_PROOF_LENGTH: constant(uint256) = sum_tree.MAX_PROOF_LENGTH
RECEIPT_LEAF_TYPEHASH: constant(bytes32) = keccak256(
    "ReceiptLeaf(uint256 chainId,address distributor,bytes32 receiptId,bytes32 adapterDigest,bytes32 answerHash,uint256 feeWei,bytes32 sharesRoot)"
)
SHARE_LEAF_TYPEHASH: constant(bytes32) = keccak256("ShareLeaf(uint256 contributionId,int256 sharePpm)")


@view
@external
def verify_reward(
    reward_epoch: uint256,
    account: address,
    cumulative_wei: uint256,
    index: uint256,
    proof: DynArray[bytes32, MAX_PROOF_LENGTH],
) -> bool:
    """
    @notice Whether a root, pending or final, gives an account this amount.
    @param reward_epoch Whose root; false where it has none or a void one.
    @param account The account.
    @param cumulative_wei The leaf's amount in wei, over all reward epochs.
    @param index The leaf's position.
    @param proof The sibling's word of each height, lowest first.
    @return True if it does.
    """
    if not reward_roots._is_valid(reward_epoch):
        return False
    row: reward_roots.Row = reward_roots._row(reward_epoch)
    leaf: bytes32 = reward_leaves._hash(self, account, cumulative_wei)
    return sum_tree._has_leaf(
        reward_roots._roots[reward_epoch], row.leaf_count, leaf, cumulative_wei, index, proof
    )


@view
@external
def verify_attribution(
    reward_epoch: uint256,
    receipt: IRewardDistributor.ReceiptLeaf,
    receipt_index: uint256,
    receipt_proof: DynArray[bytes32, MAX_PROOF_LENGTH],
    contribution_id: uint256,
    share_ppm: int256,
    share_index: uint256,
    share_proof: DynArray[bytes32, MAX_PROOF_LENGTH],
) -> bool:
    """
    @notice Whether the oracle found that a contribution influenced an answer by so many parts per million.
    @param reward_epoch Whose root, pending or final; false where it has none or a void one.
    @param receipt The answer's leaf in the attribution tree.
    @param receipt_index The receipt's position.
    @param receipt_proof The siblings up to the attribution root, lowest first.
    @param contribution_id The contribution.
    @param share_ppm Its share, signed.
    @param share_index The share's position among the receipt's shares.
    @param share_proof The siblings up to the receipt's shares root, lowest first.
    @return True if it did.
    """
    if not reward_roots._is_valid(reward_epoch):
        return False
    share: bytes32 = keccak256(keccak256(abi_encode(SHARE_LEAF_TYPEHASH, contribution_id, share_ppm)))
    leaf: bytes32 = keccak256(keccak256(abi_encode(RECEIPT_LEAF_TYPEHASH, chain.id, self, receipt)))
    attribution_root: bytes32 = root_evidence._attribution_roots[reward_epoch]
    return (
        indexed_tree._has_leaf(receipt.shares_root, share, share_index, share_proof)
        and indexed_tree._has_leaf(attribution_root, leaf, receipt_index, receipt_proof)
    )
