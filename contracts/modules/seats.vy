# pragma version ~=0.4.3
"""
@title Seats: who may be drawn, by modality, and the lot
@license AGPL-3.0-only
@notice Each modality has a list of seats; a seat that is given up leaves its place to the last one. The lot maps a seed
        to a place by jump consistent hashing (Lamping & Veach 2014): all places are equally likely, and if the list
        grows by one, only what falls on the new place moves, from where it was before. The seed is known a little
        before the committee is drawn. So whoever joins after he knows it is not drawn and moves nobody, and whoever
        leaves moves only what would have hit his place or the last one. A remainder by the list's length, which is
        simpler, would let a single seat that joins or leaves choose among whole committees.
"""

MAX_DRAWN: constant(uint256) = 41
# a path has ln(list length) + 1 places on average: 23 +- 5 for 2**32 seats
_MAX_PATH: constant(uint256) = 64
_MASK_40: constant(uint256) = 2**40 - 1
_MASK_48: constant(uint256) = 2**48 - 1
_MASK_160: constant(uint256) = 2**160 - 1

# seats ever taken; the next id is one more
_last_id: uint256
# modality (8 bits) | block of joining (48) | place in the list + 1 (40) | validator (160); place 0 once given up
_rows: HashMap[uint256, uint256]
# modality => place => seat id, and how many there are
_lists: HashMap[uint256, HashMap[uint256, uint256]]
_counts: HashMap[uint256, uint256]


@internal
def _add(validator: address, modality: uint256, count: uint256) -> uint256:
    """
    @dev Appends `count` new seats, below 2**32 in all: a committee packs ids in 32 bits. Returns the first id.
    """
    first_id: uint256 = self._last_id + 1
    place: uint256 = self._counts[modality]
    row: uint256 = modality << 248 | block.number << 200 | convert(validator, uint256)
    for i: uint256 in range(count, bound=32):
        self._lists[modality][place + i] = first_id + i
        self._rows[first_id + i] = row | (place + i + 1) << 160
    self._counts[modality] = place + count
    self._last_id = first_id + count - 1
    assert self._last_id < 2**32, "seats: no ids left"
    return first_id


@internal
def _remove(seat_id: uint256):
    """
    @dev Takes the seat off its list for good; the last one moves to its place. The seat remembers its validator, who
         may still have votes to give and penalties to pay.
    """
    row: uint256 = self._rows[seat_id]
    place: uint256 = (row >> 160) & _MASK_40
    assert place != 0, "seats: seat not taken"
    modality: uint256 = row >> 248
    last_place: uint256 = self._counts[modality] - 1
    self._counts[modality] = last_place
    last_id: uint256 = self._lists[modality][last_place]
    self._lists[modality][place - 1] = last_id
    self._rows[last_id] = self._rows[last_id] & ~(_MASK_40 << 160) | place << 160
    self._lists[modality][last_place] = 0
    self._rows[seat_id] = row & ~(_MASK_40 << 160)


@internal
@view
def _validator_of(seat_id: uint256) -> address:
    """
    @dev Who has or had the seat, zero for one that nobody ever had.
    """
    return convert(self._rows[seat_id] & _MASK_160, address)


@internal
@view
def _is_seated(seat_id: uint256) -> bool:
    """
    @dev Whether the seat is on its list now.
    """
    return (self._rows[seat_id] >> 160) & _MASK_40 != 0


@internal
@view
def _draw(modality: uint256, seed: bytes32, count: uint256, joined_before: uint256) -> DynArray[uint256, MAX_DRAWN]:
    """
    @dev `count` seats with replacement, each equally likely among those that joined before block `joined_before`; 0
         where a path has none of those.
    """
    length: uint256 = self._counts[modality]
    drawn: DynArray[uint256, MAX_DRAWN] = []
    for i: uint256 in range(count, bound=MAX_DRAWN):
        path: DynArray[uint256, _MAX_PATH] = self._path(keccak256(abi_encode(seed, i)), length)
        found: uint256 = 0
        # from the end: the place in the present list, then where it was in ever shorter ones
        for step: uint256 in range(len(path), bound=_MAX_PATH):
            seat_id: uint256 = self._lists[modality][path[len(path) - 1 - step]]
            if (self._rows[seat_id] >> 200) & _MASK_48 < joined_before:
                found = seat_id
                break
        drawn.append(found)
    return drawn


@internal
@pure
def _path(seed: bytes32, length: uint256) -> DynArray[uint256, _MAX_PATH]:
    """
    @dev The places that the seed has in lists of 1, 2, ... `length` seats, each once. From place b it moves on when the
         list is longer than (b + 1) / u, for u uniform in (0, 1] with 64 bits.
    """
    path: DynArray[uint256, _MAX_PATH] = []
    place: uint256 = 0
    random: uint256 = convert(seed, uint256)
    for _: uint256 in range(_MAX_PATH):
        if place >= length:
            break
        path.append(place)
        random = convert(keccak256(convert(random, bytes32)), uint256)
        place = ((place + 1) << 64) // ((random & (2**64 - 1)) + 1)
    return path
