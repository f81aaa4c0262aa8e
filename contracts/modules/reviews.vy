# pragma version ~=0.4.3
"""
@title Reviews: votes on contributions, what they decide, and what that counts for a contributor
@license AGPL-3.0-only
@notice A validator votes once on a contribution: acceptance with a score, or rejection with a reason. The side that
        reaches the quorum first decides, and the score is the floor of the mean of the accepting votes.
"""

MAX_SCORE: constant(uint256) = 100
MAX_REASON: constant(uint256) = 7
_MASK_8: constant(uint256) = 2**8 - 1
_MASK_32: constant(uint256) = 2**32 - 1
_MASK_48: constant(uint256) = 2**48 - 1
_MASK_64: constant(uint256) = 2**64 - 1

flag Outcome:
    OPEN
    ACCEPTED
    REJECTED

# score (8 bits) | score sum (32) | rejects (8) | accepts (8) | commit block (48); the block rides along to save a slot
_tallies: HashMap[uint256, uint256]
# Datanet -> contributor -> score sum (64 bits) | rejected (64) | accepted (64)
_stats: HashMap[uint256, HashMap[address, uint256]]
# validator -> contribution id // 256 -> bit id % 256: one storage slot serves 256 reviews
_reviewed: HashMap[address, HashMap[uint256, uint256]]


@internal
def _start(contribution_id: uint256, commit_block: uint256):
    """
    @dev Opens the tally of a new contribution.
    """
    self._tallies[contribution_id] = commit_block


@internal
@view
def _commit_block_of(contribution_id: uint256) -> uint256:
    """
    @dev The block of the contribution's commitment.
    """
    return self._tallies[contribution_id] & _MASK_48


@internal
@view
def _score_of(contribution_id: uint256) -> uint256:
    """
    @dev The score of an accepted contribution, 0 for all others.
    """
    return self._tallies[contribution_id] >> 96


@internal
@view
def _stats_of(datanet_id: uint256, contributor: address) -> (uint256, uint256, uint256):
    """
    @dev Accepted, rejected, and the sum of the scores of the accepted.
    """
    word: uint256 = self._stats[datanet_id][contributor]
    return word & _MASK_64, (word >> 64) & _MASK_64, word >> 128


@internal
def _vote(contribution_id: uint256, quorum: uint256, is_accepted: bool, score: uint256, reason: uint256) -> Outcome:
    """
    @dev Counts the sender's vote and says what it decided. Neither count reaches 256, for a quorum is at most 64.
    """
    self._check_vote(is_accepted, score, reason)
    self._mark_reviewed(contribution_id)
    tally: uint256 = self._tallies[contribution_id]
    tally += (score << 64 | 1 << 48) if is_accepted else 1 << 56
    outcome: Outcome = Outcome.OPEN
    accepts: uint256 = (tally >> 48) & _MASK_8
    if accepts >= quorum:
        outcome = Outcome.ACCEPTED
        tally |= ((tally >> 64) & _MASK_32) // accepts << 96
    elif (tally >> 56) & _MASK_8 >= quorum:
        outcome = Outcome.REJECTED
    self._tallies[contribution_id] = tally
    return outcome


@internal
def _count_accepted(contribution_id: uint256, datanet_id: uint256, contributor: address):
    """
    @dev Counts an acceptance and its score for the contributor.
    """
    self._stats[datanet_id][contributor] += self._score_of(contribution_id) << 128 | 1


@internal
def _uncount_accepted(contribution_id: uint256, datanet_id: uint256, contributor: address):
    """
    @dev Takes back what `_count_accepted` counted; the contribution's own score stays readable.
    """
    self._stats[datanet_id][contributor] -= self._score_of(contribution_id) << 128 | 1


@internal
def _count_rejected(datanet_id: uint256, contributor: address):
    """
    @dev Counts a rejection; it adds nothing to the score sum and takes nothing.
    """
    self._stats[datanet_id][contributor] += 1 << 64


@internal
@pure
def _check_vote(is_accepted: bool, score: uint256, reason: uint256):
    """
    @dev An acceptance has a score and no reason, a rejection a reason and no score.
    """
    if is_accepted:
        assert 0 < score, "reviews: acceptance without a score"
        assert score <= MAX_SCORE, "reviews: score above 100"
        assert reason == 0, "reviews: acceptance with a reason"
    else:
        assert score == 0, "reviews: rejection with a score"
        assert 0 < reason, "reviews: rejection without a reason"
        assert reason <= MAX_REASON, "reviews: unknown reason"


@internal
def _mark_reviewed(contribution_id: uint256):
    """
    @dev Each validator votes once on a contribution.
    """
    bit: uint256 = 1 << (contribution_id % 256)
    reviewed: uint256 = self._reviewed[msg.sender][contribution_id // 256]
    assert reviewed & bit == 0, "reviews: already reviewed"
    self._reviewed[msg.sender][contribution_id // 256] = reviewed | bit
