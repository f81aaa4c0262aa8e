# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Oracle signers: the m of n accounts that must sign a reward root
@license AGPL-3.0-only
"""

from ..interfaces import IRewardDistributor
from . import signatures
from snekmate.utils import eip712_domain_separator

uses: eip712_domain_separator

MAX_SIGNERS: constant(uint256) = 16
MIN_THRESHOLD: constant(uint256) = 2
REWARD_ROOT_TYPEHASH: constant(bytes32) = keccak256(
    "RewardRoot(uint256 rewardEpoch,uint256 attempt,bytes32 previousRoot,bytes32 root,uint256 totalWei,uint256 leafCount,bytes32 evidenceDigest,bytes32 evidenceChunkRoot,uint256 evidenceChunkCount,bytes32 attributionRoot)"
)

# strictly ascending
_signers: DynArray[address, MAX_SIGNERS]
_threshold: uint256


@view
@external
def signers() -> DynArray[address, MAX_SIGNERS]:
    """
    @notice The oracle's signers.
    @return Accounts, ascending.
    """
    return self._signers


@view
@external
def threshold() -> uint256:
    """
    @notice How many signers a root needs.
    @return 0 before any were set.
    """
    return self._threshold


@view
@external
def root_digest(post: IRewardDistributor.RootPost) -> bytes32:
    """
    @notice What the oracle's signers sign (EIP-712, on this chain, for this contract).
    @param post The root and what it commits to.
    @return The digest.
    """
    return self._root_digest(post)


@internal
def _set(signers: DynArray[address, MAX_SIGNERS], threshold: uint256):
    """
    @dev At least two, and at least two thirds, must sign: one stolen key posts nothing.
    """
    previous: address = empty(address)
    for signer: address in signers:
        # strict, from zero: no zero address, nobody twice
        assert convert(signer, uint160) > convert(previous, uint160), "distributor: signers not ascending"
        previous = signer
    assert threshold <= len(signers), "distributor: threshold above signers"
    assert threshold >= MIN_THRESHOLD, "distributor: threshold below two"
    assert threshold * 3 >= len(signers) * 2, "distributor: threshold below two thirds"
    self._signers = signers
    self._threshold = threshold
    log IRewardDistributor.SignersSet(signers=signers, threshold=threshold)


@internal
@view
def _check(post: IRewardDistributor.RootPost, root_signatures: DynArray[Bytes[65], MAX_SIGNERS]):
    """
    @dev Fails unless enough signers signed, each once; a malformed signature recovers to zero, which is never a signer.
    """
    signers: DynArray[address, MAX_SIGNERS] = self._signers
    assert len(signers) > 0, "distributor: no signers set"
    assert len(root_signatures) >= self._threshold, "distributor: too few signatures"
    digest: bytes32 = self._root_digest(post)
    previous: address = empty(address)
    for signature: Bytes[65] in root_signatures:
        signer: address = signatures._recover(digest, signature)
        is_signer: bool = signer in signers
        assert is_signer, "distributor: not a signer"
        assert convert(signer, uint160) > convert(previous, uint160), "distributor: signatures not ascending"
        previous = signer


@internal
@view
def _root_digest(post: IRewardDistributor.RootPost) -> bytes32:
    """
    @dev The domain holds the chain id of this block.
    """
    return eip712_domain_separator._hash_typed_data_v4(keccak256(abi_encode(REWARD_ROOT_TYPEHASH, post)))
