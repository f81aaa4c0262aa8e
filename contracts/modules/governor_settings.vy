# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Governor settings: how long a vote waits and lasts, and who may propose (OpenZeppelin's GovernorSettings and the
    setting of its GovernorPreventLateQuorum)
@license AGPL-3.0-only
@notice Only an executed proposal changes them. A new delay, period or threshold touches no proposal made before it; a
        new extension counts for every vote that has not reached its quorum.
"""

from ..interfaces import IOpenGovernor
from . import timelock_control

uses: timelock_control

MAX_THRESHOLD_WEI: constant(uint256) = 2**96 - 1
_WORD_32: constant(uint256) = 2**32 - 1
_WORD_48: constant(uint256) = 2**48 - 1

# threshold in wei (96 bits) | late-quorum extension (48) | voting delay (48) | voting period (32); one word, because a
# proposal reads three of the four
_word: uint256


@external
@view
@reentrant
def votingDelay() -> uint256:
    """
    @notice How long a new proposal waits before its vote: time to delegate.
    @dev Open to reads while a proposal executes.
    @return Seconds.
    """
    return self._voting_delay(self._word)


@external
@view
@reentrant
def votingPeriod() -> uint256:
    """
    @notice How long a vote lasts, unless a late quorum extends it.
    @dev Open to reads while a proposal executes.
    @return Seconds, more than 0.
    """
    return self._voting_period(self._word)


@external
@view
@reentrant
def proposalThreshold() -> uint256:
    """
    @notice The votes that a proposer needs.
    @dev Open to reads while a proposal executes.
    @return Wei of gOPEN.
    """
    return self._threshold(self._word)


@external
@view
@reentrant
def lateQuorumVoteExtension() -> uint48:
    """
    @notice How long a vote lasts at least after its quorum is reached.
    @dev Open to reads while a proposal executes.
    @return Seconds.
    """
    return convert(self._extension(self._word), uint48)


@external
@reentrant
def setVotingDelay(newVotingDelay: uint48):
    """
    @notice Sets how long a new proposal waits before its vote. Only by an executed proposal.
    @dev For proposals made from now on.
    @param newVotingDelay Seconds.
    """
    timelock_control._check_setter()
    self._set_voting_delay(newVotingDelay)


@external
@reentrant
def setVotingPeriod(newVotingPeriod: uint32):
    """
    @notice Sets how long a vote lasts. Only by an executed proposal.
    @dev For proposals made from now on.
    @param newVotingPeriod Seconds, more than 0.
    """
    timelock_control._check_setter()
    self._set_voting_period(newVotingPeriod)


@external
@reentrant
def setProposalThreshold(newProposalThreshold: uint256):
    """
    @notice Sets the votes that a proposer needs. Only by an executed proposal.
    @dev Bounded by the largest number of votes that is counted here, beyond which nobody could ever propose.
    @param newProposalThreshold Wei of gOPEN, below 2^96.
    """
    timelock_control._check_setter()
    self._set_threshold(newProposalThreshold)


@external
@reentrant
def setLateQuorumVoteExtension(newVoteExtension: uint48):
    """
    @notice Sets how long a vote lasts at least after its quorum is reached. Only by an executed proposal.
    @dev Not longer than a vote, so that the last voter cannot hold one open for longer than it lasted.
    @param newVoteExtension Seconds, at most the voting period.
    """
    timelock_control._check_setter()
    self._set_extension(newVoteExtension)


@internal
def _set_voting_delay(seconds: uint48):
    """
    @dev A delay of 0 is allowed: votes count from the second after.
    """
    word: uint256 = self._word
    log IOpenGovernor.VotingDelaySet(
        oldVotingDelay=self._voting_delay(word), newVotingDelay=convert(seconds, uint256)
    )
    self._word = word & ~(_WORD_48 << 32) | convert(seconds, uint256) << 32


@internal
def _set_voting_period(seconds: uint32):
    """
    @dev A vote that lasts no time could not be taken part in.
    """
    assert seconds != 0, "governor: voting period is zero"
    word: uint256 = self._word
    log IOpenGovernor.VotingPeriodSet(
        oldVotingPeriod=self._voting_period(word), newVotingPeriod=convert(seconds, uint256)
    )
    self._word = word & ~_WORD_32 | convert(seconds, uint256)


@internal
def _set_threshold(threshold_wei: uint256):
    """
    @dev The bound keeps it in its bits.
    """
    assert threshold_wei <= MAX_THRESHOLD_WEI, "governor: threshold too large"
    word: uint256 = self._word
    log IOpenGovernor.ProposalThresholdSet(
        oldProposalThreshold=self._threshold(word), newProposalThreshold=threshold_wei
    )
    self._word = word & (2**160 - 1) | threshold_wei << 160


@internal
def _set_extension(seconds: uint48):
    """
    @dev Compared with the voting period of now; a shorter period later leaves it as it is.
    """
    word: uint256 = self._word
    extension: uint256 = convert(seconds, uint256)
    assert extension <= self._voting_period(word), "governor: extension too long"
    log IOpenGovernor.LateQuorumVoteExtensionSet(
        oldVoteExtension=convert(self._extension(word), uint64), newVoteExtension=convert(seconds, uint64)
    )
    self._word = word & ~(_WORD_48 << 80) | extension << 80


@internal
@pure
def _voting_delay(word: uint256) -> uint256:
    """
    @dev Seconds.
    """
    return (word >> 32) & _WORD_48


@internal
@pure
def _voting_period(word: uint256) -> uint256:
    """
    @dev Seconds.
    """
    return word & _WORD_32


@internal
@pure
def _threshold(word: uint256) -> uint256:
    """
    @dev Wei of gOPEN.
    """
    return word >> 160


@internal
@pure
def _extension(word: uint256) -> uint256:
    """
    @dev Seconds.
    """
    return (word >> 80) & _WORD_48
