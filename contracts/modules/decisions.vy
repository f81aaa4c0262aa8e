# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Decisions: what became of contributions, when, and what that counts for their contributors
@license AGPL-3.0-only
@notice A pending contribution is accepted with a score or rejected, once. Its contributor may withdraw it before or
        after acceptance. The times stay, so that anyone can ask whether it earned at a past second.
"""

from ..interfaces import IDatanetRegistry
from . import contributions

uses: contributions

_MASK_8: constant(uint256) = 2**8 - 1
_MASK_32: constant(uint256) = 2**32 - 1
_MASK_40: constant(uint256) = 2**40 - 1
_MASK_64: constant(uint256) = 2**64 - 1

# id // 3 -> three contributions, each withdrawn at (40 bits) | decided at (40): neighbours are decided together
_times: HashMap[uint256, uint256]
# Datanet -> contributor -> score sum (128 bits) | rejected (64) | accepted (64)
_stats: HashMap[uint256, HashMap[address, uint256]]


@external
@view
def contribution(contribution_id: uint256) -> IDatanetRegistry.Contribution:
    """
    @notice What is stored of a contribution; its digests are in its event.
    @dev All zero for an id that does not exist or is not revealed.
    @param contribution_id The contribution.
    @return Where, who, bytes, format, status, score (1 to 100 once accepted), times of decision and withdrawal.
    """
    row: uint256 = contributions._revealed(contribution_id)
    decided_at: uint256 = 0
    withdrawn_at: uint256 = 0
    decided_at, withdrawn_at = self._times_of(contribution_id)
    return IDatanetRegistry.Contribution(
        datanet_id=contributions._datanet_of(row),
        contributor=contributions._contributor_of(row),
        byte_count=(row >> 200) & _MASK_32,
        format=(row >> 232) & _MASK_8,
        status=contributions._status_of(row),
        score=contributions._score_of(row),
        decided_at=decided_at,
        withdrawn_at=withdrawn_at,
    )


@external
@view
def was_accepted(contribution_id: uint256, timepoint: uint256) -> bool:
    """
    @notice Whether a contribution was accepted and not withdrawn at the end of a second: whether it earned then.
    @dev Of a past second the answer never changes.
    @param contribution_id The contribution.
    @param timepoint Unix time in seconds, in the past.
    @return True from the second of acceptance to the one before the withdrawal.
    """
    status: uint256 = contributions._rows[contribution_id] >> 248
    if status != contributions.ACCEPTED and status != contributions.WITHDRAWN:
        return False
    decided_at: uint256 = 0
    withdrawn_at: uint256 = 0
    decided_at, withdrawn_at = self._times_of(contribution_id)
    return 0 < decided_at and decided_at <= timepoint and (withdrawn_at == 0 or timepoint < withdrawn_at)


@external
@view
def contributor_stats(datanet_id: uint256, contributor: address) -> IDatanetRegistry.ContributorStats:
    """
    @notice What ranks a contributor in a Datanet: the sum of the scores of accepted contributions, and the counts.
    @dev A rejection adds nothing to the sum and takes nothing; a withdrawal undoes an acceptance. Attempts are accepted
         and rejected together.
    @param datanet_id The Datanet.
    @param contributor The contributor.
    @return Accepted, rejected, sum of scores.
    """
    word: uint256 = self._stats[datanet_id][contributor]
    return IDatanetRegistry.ContributorStats(
        accepted=word & _MASK_64, rejected=(word >> 64) & _MASK_64, score_sum=word >> 128
    )


@internal
def _decide(contribution_id: uint256, row: uint256, is_accepted: bool, score: uint256):
    """
    @dev Sets the outcome of a pending contribution and counts it for the contributor.
    """
    status: uint256 = contributions.ACCEPTED if is_accepted else contributions.REJECTED
    place: uint256 = row & ~(_MASK_8 << 248 | contributions.UNDER_REVIEW)
    contributions._rows[contribution_id] = place | status << 248 | score << 240
    self._times[contribution_id // 3] |= block.timestamp << (contribution_id % 3 * 80)
    counted: uint256 = score << 128 | 1 if is_accepted else 1 << 64
    self._stats[contributions._datanet_of(row)][contributions._contributor_of(row)] += counted


@internal
def _withdraw(contribution_id: uint256, row: uint256):
    """
    @dev Sets the status alone: whether it is under review, and its score, stay readable. Takes an acceptance back.
    """
    contributions._rows[contribution_id] = (row & ~(_MASK_8 << 248)) | contributions.WITHDRAWN << 248
    self._times[contribution_id // 3] |= block.timestamp << (contribution_id % 3 * 80 + 40)
    if row >> 248 == contributions.ACCEPTED:
        counted: uint256 = contributions._score_of(row) << 128 | 1
        self._stats[contributions._datanet_of(row)][contributions._contributor_of(row)] -= counted


@internal
def _end_review(contribution_id: uint256, row: uint256) -> bool:
    """
    @dev Clears the mark of a contribution that was withdrawn under review. Returns whether it had one, and with it a
         locked deposit.
    """
    is_awaited: bool = row >> 248 == contributions.WITHDRAWN and row & contributions.UNDER_REVIEW != 0
    if is_awaited:
        contributions._rows[contribution_id] = row & ~contributions.UNDER_REVIEW
    return is_awaited


@internal
@view
def _times_of(contribution_id: uint256) -> (uint256, uint256):
    """
    @dev When it was decided and when withdrawn, each 0 for never.
    """
    word: uint256 = self._times[contribution_id // 3] >> (contribution_id % 3 * 80)
    return word & _MASK_40, (word >> 40) & _MASK_40
