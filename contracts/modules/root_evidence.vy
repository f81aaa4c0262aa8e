# pragma version ~=0.4.3
"""
@title Root evidence: what a root's signers published beside it, who put a bond behind it, and what holds it up
@license AGPL-3.0-only
"""

from ..interfaces import IRewardDistributor

struct Backing:
    poster: address
    chunk_count: uint256
    hold_count: uint256


MAX_CHUNK_COUNT: constant(uint256) = 2**32
_WORD_40: constant(uint256) = 2**40 - 1

# reward epoch => of the last root posted for it
_digests: HashMap[uint256, bytes32]
_chunk_roots: HashMap[uint256, bytes32]
_attribution_roots: HashMap[uint256, bytes32]
# poster (160 bits) | evidence chunk count (40) | holds (40)
_backings: HashMap[uint256, uint256]


@internal
@view
def _backing(epoch: uint256) -> Backing:
    """
    @dev All zero where no root was posted for the epoch.
    """
    word: uint256 = self._backings[epoch]
    return Backing(
        poster=convert(word >> 80, address),
        chunk_count=(word >> 40) & _WORD_40,
        hold_count=word & _WORD_40,
    )


@internal
def _record(post: IRewardDistributor.RootPost):
    """
    @dev Writes over what a void root left, its holds included. Evidence has at least one chunk: it names its files.
    """
    chunk_count: uint256 = post.evidence_chunk_count
    assert 0 < chunk_count and chunk_count <= MAX_CHUNK_COUNT, "distributor: chunk count out of range"
    self._digests[post.reward_epoch] = post.evidence_digest
    self._chunk_roots[post.reward_epoch] = post.evidence_chunk_root
    self._attribution_roots[post.reward_epoch] = post.attribution_root
    self._backings[post.reward_epoch] = convert(msg.sender, uint256) << 80 | chunk_count << 40


@internal
def _add_hold(epoch: uint256) -> uint256:
    """
    @dev Returns how many there are now. One for each open demand, so that 40 bits are never full.
    """
    self._backings[epoch] += 1
    return self._backings[epoch] & _WORD_40


@internal
def _remove_hold(epoch: uint256) -> uint256:
    """
    @dev Returns how many are left.
    """
    assert self._backings[epoch] & _WORD_40 > 0, "distributor: no hold"
    self._backings[epoch] -= 1
    return self._backings[epoch] & _WORD_40
