# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Reward epochs: equal stretches of time, counted from 1
@license AGPL-3.0-only
"""

GENESIS: public(immutable(uint256))
EPOCH_SECONDS: public(immutable(uint256))


@deploy
def __init__(epoch_seconds: uint256):
    """
    @dev Starts the first epoch now.
    """
    assert epoch_seconds > 0, "distributor: zero epoch"
    GENESIS = block.timestamp
    EPOCH_SECONDS = epoch_seconds


@view
@external
def current_epoch() -> uint256:
    """
    @notice The present reward epoch, in which redemptions made now count.
    @return 1 for the first.
    """
    return self._current_epoch()


@view
@external
def epoch_end(reward_epoch: uint256) -> uint256:
    """
    @notice When a reward epoch ends and its root can be posted.
    @param reward_epoch The epoch.
    @return Block time in seconds; the epoch ends before that second.
    """
    return self._epoch_end(reward_epoch)


@internal
@view
def _current_epoch() -> uint256:
    """
    @dev Counted from 1.
    """
    return (block.timestamp - GENESIS) // EPOCH_SECONDS + 1


@internal
@view
def _epoch_end(reward_epoch: uint256) -> uint256:
    """
    @dev The first second after the epoch.
    """
    return GENESIS + reward_epoch * EPOCH_SECONDS
