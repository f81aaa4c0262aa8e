# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Accruals: how much came in up to the end of any reward epoch
@license AGPL-3.0-only
@notice One word for each reward epoch in which something came in, `epoch (64 bits) | position (64 bits) | cumulative
        wei (128 bits)`, oldest first. The newest lies apart and carries its own position, so that there is no length to
        keep: the first accrual of an epoch costs one new slot and every later one none. Epochs without a word are found
        by search.
"""

# 10^27 wei of OPEN exist; so many times that can pass through before rewards stop: 2^96 / 10^27 = 79. No total of a
# root passes it, so that what an account was paid fits beside its recovery address.
MAX_CUMULATIVE_WEI: constant(uint256) = 2**96 - 1
_WORD_64: constant(uint256) = 2**64 - 1
_WORD_128: constant(uint256) = 2**128 - 1
# positions grow by one an epoch and epochs have 32 bits, so 32 halvings find any of them
_MAX_HALVINGS: constant(uint256) = 33

_newest: uint256
_older: HashMap[uint256, uint256]


@view
@external
def accrued(reward_epoch: uint256) -> uint256:
    """
    @notice What accrued during one reward epoch.
    @param reward_epoch The epoch, 1 or later.
    @return Wei of OPEN.
    """
    return self._between(reward_epoch - 1, reward_epoch)


@internal
def _add(epoch: uint256, amount_wei: uint256) -> uint256:
    """
    @dev Adds to `epoch`, which never falls from call to call. Returns the sum of all epochs so far.
    """
    newest: uint256 = self._newest
    position: uint256 = (newest >> 128) & _WORD_64
    cumulative_wei: uint256 = (newest & _WORD_128) + amount_wei
    assert cumulative_wei <= MAX_CUMULATIVE_WEI, "accruals: sum too large"
    if newest != 0 and newest >> 192 != epoch:
        self._older[position] = newest
        position += 1
    self._newest = epoch << 192 | position << 128 | cumulative_wei
    return cumulative_wei


@internal
@view
def _cumulative(epoch: uint256) -> uint256:
    """
    @dev Everything that came in during all epochs up to and including `epoch`.
    """
    newest: uint256 = self._newest
    if newest >> 192 <= epoch:
        return newest & _WORD_128
    return self._search(epoch, (newest >> 128) & _WORD_64)


@internal
@view
def _search(epoch: uint256, count: uint256) -> uint256:
    """
    @dev The sum in the last of the `count` older words with an epoch <= `epoch`, 0 before the first.
    """
    low: uint256 = 0
    high: uint256 = count
    found: uint256 = 0
    for _: uint256 in range(_MAX_HALVINGS):
        if low >= high:
            break
        middle: uint256 = (low + high) // 2
        word: uint256 = self._older[middle]
        if word >> 192 <= epoch:
            found = word
            low = middle + 1
        else:
            high = middle
    return found & _WORD_128


@internal
@view
def _between(after_epoch: uint256, up_to_epoch: uint256) -> uint256:
    """
    @dev What accrued in the epochs after_epoch + 1 to up_to_epoch.
    """
    return self._cumulative(up_to_epoch) - self._cumulative(after_epoch)
