# pragma version ~=0.4.3
"""
@title Checkpoints: a number's history by block time, one word a checkpoint
@license AGPL-3.0-only
@notice Each key has a trace of (timestamp, value), one checkpoint a second at most. A word holds `timestamp (48 bits)
        | position (48 bits) | value (160 bits)`. The newest word lies apart and carries its own position, so that a
        trace needs no length: its first checkpoint costs one storage slot instead of two (22,100 gas).
"""

MAX_VALUE: constant(uint256) = 2**160 - 1
_WORD_48: constant(uint256) = 2**48 - 1
# positions have 48 bits, so 48 halvings find any of them
_MAX_HALVINGS: constant(uint256) = 48

_newest: HashMap[uint256, uint256]
# by key (up to 208 bits) | position (48 bits)
_older: HashMap[uint256, uint256]


@internal
@view
def _latest(key: uint256) -> uint256:
    """
    @dev The value now, 0 where there is no checkpoint.
    """
    return self._newest[key] & MAX_VALUE


@internal
def _push(key: uint256, new_value: uint256):
    """
    @dev Sets the value from this block's timestamp on.
    """
    self._write(key, self._newest[key], new_value)


@internal
def _shift(key: uint256, added: uint256, removed: uint256) -> uint256:
    """
    @dev Raises the value by `added` and lowers it by `removed` from this block's timestamp on; returns what it was.
    """
    newest: uint256 = self._newest[key]
    previous: uint256 = newest & MAX_VALUE
    self._write(key, newest, previous + added - removed)
    return previous


@internal
def _write(key: uint256, newest: uint256, new_value: uint256):
    """
    @dev Makes a checkpoint after `newest`. A second one in the same second replaces the first.
    """
    assert new_value <= MAX_VALUE, "checkpoints: value too large"
    position: uint256 = (newest >> 160) & _WORD_48
    if newest != 0 and newest >> 208 != block.timestamp:
        self._older[key << 48 | position] = newest
        position += 1
    self._newest[key] = block.timestamp << 208 | position << 160 | new_value


@internal
@view
def _count(key: uint256) -> uint256:
    """
    @dev How many checkpoints the trace has.
    """
    newest: uint256 = self._newest[key]
    if newest == 0:
        return 0
    return ((newest >> 160) & _WORD_48) + 1


@internal
@view
def _get(key: uint256, position: uint256) -> (uint256, uint256):
    """
    @dev The timestamp and the value of a checkpoint, the oldest at position 0.
    """
    count: uint256 = self._count(key)
    assert position < count, "checkpoints: no such checkpoint"
    word: uint256 = self._newest[key]
    if position + 1 < count:
        word = self._older[key << 48 | position]
    return word >> 208, word & MAX_VALUE


@internal
@view
def _at(key: uint256, timepoint: uint256) -> uint256:
    """
    @dev The value at the end of the second `timepoint`. The present second is refused: its value may still change,
         and a borrowed stake would count.
    """
    assert timepoint < block.timestamp, "checkpoints: timepoint not in the past"
    newest: uint256 = self._newest[key]
    if newest >> 208 <= timepoint:
        return newest & MAX_VALUE
    return self._search(key, timepoint, (newest >> 160) & _WORD_48)


@internal
@view
def _search(key: uint256, timepoint: uint256, count: uint256) -> uint256:
    """
    @dev The value of the last of the `count` older checkpoints with timestamp <= timepoint, 0 before the first.
    """
    low: uint256 = 0
    high: uint256 = count
    found: uint256 = 0
    for _: uint256 in range(_MAX_HALVINGS):
        if low >= high:
            break
        middle: uint256 = (low + high) // 2
        word: uint256 = self._older[key << 48 | middle]
        if word >> 208 <= timepoint:
            found = word
            low = middle + 1
        else:
            high = middle
    return found & MAX_VALUE
