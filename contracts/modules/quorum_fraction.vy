# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Quorum fraction: how many votes a decision needs (OpenZeppelin's GovernorVotes and GovernorVotesQuorumFraction)
@license AGPL-3.0-only
@notice A share of all gOPEN, and never less than a floor that nobody can change: when little is staked, a share of it
        is cheap to buy. The share has a history, so that a new one does not reach back to a vote that has begun.
"""

from ..interfaces import IOpenGovernor
from . import checkpoints
from . import timelock_control

initializes: checkpoints
uses: timelock_control

interface IVotes:
    def getPastVotes(account: address, timepoint: uint256) -> uint256: view
    def getPastTotalSupply(timepoint: uint256) -> uint256: view


quorumDenominator: public(constant(uint256)) = 100
MAX_FLOOR_WEI: constant(uint256) = 2**96 - 1
# the only trace in this contract
_NUMERATOR: constant(uint256) = 0

token: public(immutable(address))
QUORUM_FLOOR_WEI: public(immutable(uint256))


@deploy
def __init__(votes_token: address, numerator: uint256, floor_wei: uint256):
    """
    @dev A floor beyond what can be counted would refuse every proposal for ever. A quorum is never 0, so that only a
         vote that counts for it can reach it.
    """
    assert votes_token != empty(address), "governor: no token"
    assert floor_wei != 0, "governor: no quorum floor"
    assert floor_wei <= MAX_FLOOR_WEI, "governor: quorum floor too large"
    token = votes_token
    QUORUM_FLOOR_WEI = floor_wei
    self._set_numerator(numerator)


@external
@view
@reentrant
def quorum(timepoint: uint256) -> uint256:
    """
    @notice The votes for or abstaining that a proposal with its snapshot at `timepoint` needs.
    @dev Reverts for the present and the future, as the token does, so an answer never changes.
    @param timepoint Unix time in seconds, before now.
    @return Wei of gOPEN; the share is rounded down.
    """
    return self._quorum(timepoint)


@external
@view
@reentrant
def quorumNumerator(timepoint: uint256 = max_value(uint256)) -> uint256:
    """
    @notice The share of all gOPEN that is the quorum at the end of the second `timepoint`.
    @dev Open to reads while a proposal executes.
    @param timepoint Unix time in seconds; left out, now.
    @return Hundredths.
    """
    return self._numerator(timepoint)


@external
@view
@reentrant
def getVotes(account: address, timepoint: uint256) -> uint256:
    """
    @notice The votes of `account` at the end of the second `timepoint`.
    @dev Reverts for the present and the future, as the token does: a borrowed stake has no votes.
    @param account The delegate.
    @param timepoint Unix time in seconds, before now.
    @return Wei of gOPEN.
    """
    return self._votes(account, timepoint)


@external
@view
@reentrant
def getVotesWithParams(account: address, timepoint: uint256, params: Bytes[1_024]) -> uint256:
    """
    @notice As `getVotes`.
    @dev Simple counting knows no parameters.
    @param account The delegate.
    @param timepoint Unix time in seconds, before now.
    @param params Ignored.
    @return Wei of gOPEN.
    """
    return self._votes(account, timepoint)


@external
@view
@reentrant
def clock() -> uint48:
    """
    @notice The time that votes are counted by (ERC-6372).
    @dev gOPEN's.
    @return Unix time in seconds.
    """
    return convert(block.timestamp, uint48)


@external
@view
@reentrant
def CLOCK_MODE() -> String[14]:
    """
    @notice What `clock` counts, for machines (ERC-6372).
    @dev A constant.
    @return `mode=timestamp`.
    """
    return "mode=timestamp"


@external
@reentrant
def updateQuorumNumerator(newQuorumNumerator: uint256):
    """
    @notice Sets the share of all gOPEN that is the quorum. Only by an executed proposal.
    @dev Proposals whose snapshot has passed keep the share of their snapshot.
    @param newQuorumNumerator Hundredths, at most 100.
    """
    timelock_control._check_setter()
    self._set_numerator(newQuorumNumerator)


@internal
def _set_numerator(numerator: uint256):
    """
    @dev More than all votes could never be reached.
    """
    assert numerator <= quorumDenominator, "governor: quorum above 100"
    log IOpenGovernor.QuorumNumeratorUpdated(
        oldQuorumNumerator=checkpoints._latest(_NUMERATOR), newQuorumNumerator=numerator
    )
    checkpoints._push(_NUMERATOR, numerator)


@internal
@view
def _numerator(timepoint: uint256) -> uint256:
    """
    @dev The latest for now and the future, though it may change: that is for display, `_quorum` asks for the past only.
    """
    if timepoint >= block.timestamp:
        return checkpoints._latest(_NUMERATOR)
    return checkpoints._at(_NUMERATOR, timepoint)


@internal
@view
def _quorum(timepoint: uint256) -> uint256:
    """
    @dev Rounded down, as OpenZeppelin does: at most one wei of a vote.
    """
    supply_wei: uint256 = staticcall IVotes(token).getPastTotalSupply(timepoint)
    return max(supply_wei * self._numerator(timepoint) // quorumDenominator, QUORUM_FLOOR_WEI)


@internal
@view
def _votes(account: address, timepoint: uint256) -> uint256:
    """
    @dev Wei of gOPEN.
    """
    return staticcall IVotes(token).getPastVotes(account, timepoint)
