# pragma version ~=0.4.3
"""
@title Tallies: votes for, against and abstaining, and the quorum (OpenZeppelin's GovernorCountingSimple and
    GovernorPreventLateQuorum)
@license AGPL-3.0-only
@notice Votes for and abstaining make the quorum. A quorum reached near the end extends the vote, so that nobody decides
        in the last second what others have no time to answer.
"""

from ..interfaces import IOpenGovernor
from . import governor_settings
from . import proposal_rows
from . import quorum_fraction

uses: governor_settings
uses: proposal_rows
uses: quorum_fraction

AGAINST: constant(uint8) = 0
_FOR: constant(uint8) = 1
_ABSTAIN: constant(uint8) = 2


@internal
def _count(proposal_id: uint256, support: uint8, weight: uint256):
    """
    @dev Adds to the sums; each is checked against its 96 bits, so that none runs into its neighbour.
    """
    if support == _FOR:
        self._add_to_quorum(proposal_id, weight)
    elif support == AGAINST:
        counts: uint256 = proposal_rows._counts[proposal_id]
        self._check_sum(proposal_rows._against(counts), weight)
        proposal_rows._counts[proposal_id] = counts + (weight << 160)
    else:
        assert support == _ABSTAIN, "governor: support not 0, 1 or 2"
        self._add_to_quorum(proposal_id, weight)
        # at most the quorum's votes, which were checked
        proposal_rows._counts[proposal_id] += weight << 64


@internal
def _add_to_quorum(proposal_id: uint256, weight: uint256):
    """
    @dev Counts votes for or abstaining.
    """
    codes: uint256 = proposal_rows._codes[proposal_id]
    self._check_sum(proposal_rows._for_quorum(codes), weight)
    proposal_rows._codes[proposal_id] = codes + weight


@internal
@pure
def _check_sum(votes_wei: uint256, weight: uint256):
    """
    @dev All OPEN is less than 2^90 wei, so no vote of gOPEN is ever refused here.
    """
    assert votes_wei + weight <= proposal_rows.MAX_VOTES_WEI, "governor: too many votes"


@internal
def _look_for_quorum(proposal_id: uint256):
    """
    @dev The first vote that finds the quorum reached marks the proposal, and moves a deadline that is too near. Below
         the floor there is no quorum, which spares most votes the question what it is.
    """
    row: uint256 = proposal_rows._rows[proposal_id]
    if row & proposal_rows.IS_QUORUM_REACHED != 0:
        return
    votes_wei: uint256 = proposal_rows._for_quorum(proposal_rows._codes[proposal_id])
    if votes_wei < quorum_fraction.QUORUM_FLOOR_WEI:
        return
    if votes_wei < quorum_fraction._quorum(proposal_rows._snapshot(row)):
        return
    deadline: uint256 = block.timestamp + governor_settings._extension(governor_settings._word)
    if deadline > proposal_rows._deadline(row):
        log IOpenGovernor.ProposalExtended(proposalId=proposal_id, extendedDeadline=convert(deadline, uint64))
        row = proposal_rows._with_deadline(row, deadline)
    proposal_rows._rows[proposal_id] = row | proposal_rows.IS_QUORUM_REACHED
