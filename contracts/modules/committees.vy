# pragma version ~=0.4.3
"""
@title Committees: which seats were drawn, eight in a word
@license AGPL-3.0-only
@notice A committee's key is its contribution's id (high bits) and level (lowest 8 bits). A committee that is drawn
        again replaces the one before it.
"""

MAX_SIZE: constant(uint256) = 41
_WORDS: constant(uint256) = 6
_SEATS_PER_WORD: constant(uint256) = 8
_MASK_32: constant(uint256) = 2**32 - 1

# key => position // 8 => seat ids, 32 bits each, position % 8 from the lowest
_seats: HashMap[uint256, uint256[_WORDS]]


@internal
@pure
def _key(contribution_id: uint256, level: uint256) -> uint256:
    """
    @dev The key of a committee and its votes.
    """
    return contribution_id << 8 | level


@internal
def _set(key: uint256, seats: DynArray[uint256, MAX_SIZE]):
    """
    @dev Replaces the committee; the words above a smaller one keep what no reader asks for.
    """
    word: uint256 = 0
    for i: uint256 in range(len(seats), bound=MAX_SIZE):
        word |= seats[i] << (32 * (i % _SEATS_PER_WORD))
        if i % _SEATS_PER_WORD == _SEATS_PER_WORD - 1 or i == len(seats) - 1:
            self._seats[key][i // _SEATS_PER_WORD] = word
            word = 0


@internal
@view
def _at(key: uint256, position: uint256) -> uint256:
    """
    @dev The seat at a position of the committee, 0 for none.
    """
    word: uint256 = self._seats[key][position // _SEATS_PER_WORD]
    return (word >> (32 * (position % _SEATS_PER_WORD))) & _MASK_32


@internal
@view
def _get(key: uint256, size: uint256) -> DynArray[uint256, MAX_SIZE]:
    """
    @dev The first `size` seats of the committee.
    """
    seats: DynArray[uint256, MAX_SIZE] = []
    word: uint256 = 0
    for i: uint256 in range(size, bound=MAX_SIZE):
        if i % _SEATS_PER_WORD == 0:
            word = self._seats[key][i // _SEATS_PER_WORD]
        seats.append(word & _MASK_32)
        word >>= 32
    return seats
