# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Review voting: how validators commit to the votes of their seats, and reveal them
@license AGPL-3.0-only
"""

from ..interfaces import IReviewCourt
from ..interfaces import IValidatorPool
from . import committees
from . import review_budgets
from . import review_rounds
from . import review_votes

uses: committees
uses: review_budgets
uses: review_rounds
uses: review_votes

MAX_VOTES: constant(uint256) = 32

COMMIT_SECONDS: public(immutable(uint256))
REVEAL_SECONDS: public(immutable(uint256))


@deploy
def __init__(commit_seconds: uint256, reveal_seconds: uint256):
    """
    @dev Phases of no time would let nobody vote.
    """
    assert commit_seconds > 0, "court: no time to commit"
    assert reveal_seconds > 0, "court: no time to reveal"
    COMMIT_SECONDS = commit_seconds
    REVEAL_SECONDS = reveal_seconds


@external
def commit_votes(votes: DynArray[IReviewCourt.VoteCommit, MAX_VOTES]):
    """
    @notice Commits your seats to their votes; `vote_commitment` says how.
    @dev Once for each seat. When all have, the reveal phase begins at once.
    @param votes At most 32 commitments, each for a seat of yours.
    """
    for vote: IReviewCourt.VoteCommit in votes:
        round: review_rounds.Round = review_rounds._load(vote.contribution_id)
        assert round.phase == review_rounds.VOTING, "court: no votes to commit"
        assert block.timestamp < round.commit_ends_at, "court: commit phase over"
        key: uint256 = self._check_seat(vote.contribution_id, round, vote.position)
        review_votes._commit(key, vote.position, vote.commitment)
        round.committed += 1
        if round.committed == round.present:
            round.commit_ends_at = block.timestamp
        review_rounds._store(vote.contribution_id, round)
        log IReviewCourt.VoteCommitted(
            contribution_id=vote.contribution_id, validator=msg.sender, level=round.level, position=vote.position
        )


@external
def reveal_votes(votes: DynArray[IReviewCourt.VoteReveal, MAX_VOTES]):
    """
    @notice Reveals what your seats committed to.
    @dev Only what was committed, in the reveal phase. A seat that stays silent is fined as if it had voted wrong.
    @param votes At most 32 votes, each of a seat of yours.
    """
    for vote: IReviewCourt.VoteReveal in votes:
        review_votes._check(vote.is_accepted, vote.score, vote.reason)
        round: review_rounds.Round = review_rounds._load(vote.contribution_id)
        assert round.phase == review_rounds.VOTING, "court: no votes to reveal"
        assert block.timestamp >= round.commit_ends_at, "court: still committing"
        assert block.timestamp < round.commit_ends_at + REVEAL_SECONDS, "court: reveal phase over"
        key: uint256 = self._check_seat(vote.contribution_id, round, vote.position)
        commitment: bytes32 = review_votes._commitment(
            msg.sender,
            vote.contribution_id,
            round.level,
            vote.position,
            vote.is_accepted,
            vote.score,
            vote.reason,
            vote.reason_digest,
            vote.salt,
        )
        review_votes._reveal(key, vote.position, commitment, round.datanet_id, vote.is_accepted)
        round.revealed += 1
        round.accepts += convert(vote.is_accepted, uint256)
        round.score_sum += vote.score
        if vote.reason in [review_votes.DUPLICATE, review_votes.UNLAWFUL, review_votes.SPAM]:
            round.abuse_rejects += 1
        review_rounds._store(vote.contribution_id, round)
        log IReviewCourt.Reviewed(
            contribution_id=vote.contribution_id,
            validator=msg.sender,
            level=round.level,
            position=vote.position,
            is_accepted=vote.is_accepted,
            score=vote.score,
            reason=vote.reason,
            reason_digest=vote.reason_digest,
        )


@internal
@view
def _check_seat(contribution_id: uint256, round: review_rounds.Round, position: uint256) -> uint256:
    """
    @dev The sender has the seat at the position. Returns the committee's key.
    """
    assert position < round.size, "court: no such position"
    key: uint256 = committees._key(contribution_id, round.level)
    seat_id: uint256 = committees._at(key, position)
    validator: address = staticcall IValidatorPool(review_budgets.VALIDATOR_POOL).validator_of(seat_id)
    assert msg.sender == validator, "court: not your seat"
    return key
