# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Proposal rows: what is stored of a proposal, three words of it
@license AGPL-3.0-only
@notice A new proposal writes two words. The votes that make the quorum, for and abstaining, lie in the second of them:
        a vote for it touches no other, and the first one pays for no new word. Those against, and how many of the
        quorum's abstain, lie in the third, with the time from which it can be executed.
"""

MAX_VOTES_WEI: constant(uint256) = 2**96 - 1
IS_QUORUM_REACHED: constant(uint256) = 4
IS_CANCELED: constant(uint256) = 2
IS_EXECUTED: constant(uint256) = 1
_WORD_40: constant(uint256) = 2**40 - 1
_WORD_48: constant(uint256) = 2**48 - 1

# proposer (160 bits) | snapshot (48) | duration of the vote in seconds (40) | unused (5) | the three marks above
_rows: HashMap[uint256, uint256]
# code digest (160 bits) | votes for and abstaining together, in wei (96)
_codes: HashMap[uint256, uint256]
# votes against, in wei (96 bits) | abstaining (96) | eta (48) | unused (16)
_counts: HashMap[uint256, uint256]


@external
@view
@reentrant
def proposalSnapshot(proposalId: uint256) -> uint256:
    """
    @notice The second at whose end votes are counted; the vote begins after it.
    @dev Fixed when the proposal is made.
    @param proposalId The proposal.
    @return Unix time in seconds, 0 where there is no such proposal.
    """
    return self._snapshot(self._rows[proposalId])


@external
@view
@reentrant
def proposalDeadline(proposalId: uint256) -> uint256:
    """
    @notice The last second of the vote.
    @dev Moves once at most, to a later time, when the quorum is reached late.
    @param proposalId The proposal.
    @return Unix time in seconds, 0 where there is no such proposal.
    """
    return self._deadline(self._rows[proposalId])


@external
@view
@reentrant
def proposalProposer(proposalId: uint256) -> address:
    """
    @notice Who made the proposal.
    @dev Never changes.
    @param proposalId The proposal.
    @return The account, zero where there is no such proposal.
    """
    return self._proposer(self._rows[proposalId])


@external
@view
@reentrant
def proposalEta(proposalId: uint256) -> uint256:
    """
    @notice From when a queued proposal can be executed.
    @dev Stays after the execution.
    @param proposalId The proposal.
    @return Unix time in seconds, 0 where it was not queued.
    """
    return self._eta(self._counts[proposalId])


@external
@view
@reentrant
def proposalVotes(proposalId: uint256) -> (uint256, uint256, uint256):
    """
    @notice The votes cast so far.
    @dev Only ever grow.
    @param proposalId The proposal.
    @return Wei of gOPEN against, for and abstaining.
    """
    counts: uint256 = self._counts[proposalId]
    return self._against(counts), self._in_favour(self._codes[proposalId], counts), self._abstaining(counts)


@internal
def _add(proposal_id: uint256, proposer: address, snapshot: uint256, duration: uint256, code: uint256):
    """
    @dev Writes a new proposal; its snapshot is not 0, so a row that was written is not 0. The duration has 32 bits, and
         a late quorum adds at most as much again.
    """
    assert self._rows[proposal_id] == 0, "governor: proposal exists"
    assert snapshot <= _WORD_48, "governor: snapshot too late"
    self._rows[proposal_id] = convert(proposer, uint256) << 96 | snapshot << 48 | duration << 8
    self._codes[proposal_id] = code << 96


@internal
def _mark(proposal_id: uint256, mark: uint256):
    """
    @dev Sets one of the marks, for ever.
    """
    self._rows[proposal_id] |= mark


@internal
def _set_eta(proposal_id: uint256, eta: uint256):
    """
    @dev Once a proposal; only a timelock with a delay of millions of years reaches the bound.
    """
    assert eta <= _WORD_48, "governor: eta too late"
    self._counts[proposal_id] |= eta << 16


@internal
@pure
def _with_deadline(row: uint256, deadline: uint256) -> uint256:
    """
    @dev The row with another last second of its vote.
    """
    return row & ~(_WORD_40 << 8) | (deadline - self._snapshot(row)) << 8


@internal
@pure
def _proposer(row: uint256) -> address:
    """
    @dev Who made the proposal.
    """
    return convert(row >> 96, address)


@internal
@pure
def _snapshot(row: uint256) -> uint256:
    """
    @dev Unix time in seconds.
    """
    return (row >> 48) & _WORD_48


@internal
@pure
def _deadline(row: uint256) -> uint256:
    """
    @dev Unix time in seconds; 0 for no row.
    """
    return self._snapshot(row) + ((row >> 8) & _WORD_40)


@internal
@pure
def _code_digest(codes: uint256) -> uint256:
    """
    @dev 160 bits.
    """
    return codes >> 96


@internal
@pure
def _for_quorum(codes: uint256) -> uint256:
    """
    @dev Votes for and abstaining, in wei.
    """
    return codes & MAX_VOTES_WEI


@internal
@pure
def _in_favour(codes: uint256, counts: uint256) -> uint256:
    """
    @dev Votes for, in wei.
    """
    return self._for_quorum(codes) - self._abstaining(counts)


@internal
@pure
def _against(counts: uint256) -> uint256:
    """
    @dev Votes against, in wei.
    """
    return counts >> 160


@internal
@pure
def _abstaining(counts: uint256) -> uint256:
    """
    @dev Votes abstaining, in wei.
    """
    return (counts >> 64) & MAX_VOTES_WEI


@internal
@pure
def _eta(counts: uint256) -> uint256:
    """
    @dev Unix time in seconds, 0 before the proposal is queued.
    """
    return (counts >> 16) & _WORD_48
