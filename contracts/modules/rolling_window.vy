# pragma version ~=0.4.3
"""
@title Rolling window: how much was used in the last 24 hours, to the second
@license AGPL-3.0-only
@notice A queue a key, of entries `time (48 bits) | total amount up to and with this entry (208 bits)`. What is used
        is the newest total less the total at the last entry that is 24 hours old or older, so any 24 hours are
        counted exactly, not calendar days. The queue's head says where the live entries start; the step from there
        over expired entries is a look at one entry when nothing or little expired and a binary search else, so the
        cost has a bound however long the queue grew, and no call has to catch up with what earlier ones left.
"""

WINDOW_SECONDS: constant(uint256) = 86_400
MAX_TOTAL: constant(uint256) = 2**80 - 1
_WORD_48: constant(uint256) = 2**48 - 1
_AMOUNT_MASK: constant(uint256) = 2**208 - 1
# positions have 48 bits, so 48 halvings find any of them
_MAX_HALVINGS: constant(uint256) = 48

struct Head:
    # position of the next entry
    count: uint256
    # position of the first entry inside the window, when it was last looked at
    first: uint256
    # amount of all entries
    total: uint256
    # amount of the entries before `first`
    expired: uint256

# count (48 bits) | first (48) | total (80) | expired (80)
_heads: HashMap[uint256, uint256]
_entries: HashMap[uint256, HashMap[uint256, uint256]]


@internal
@view
def _used(key: uint256) -> (uint256, uint256):
    """
    @dev The amount and the number of entries of the 24 hours that end now.
    """
    head: Head = self._advanced(key)
    return head.total - head.expired, head.count - head.first


@internal
def _add(key: uint256, amount: uint256):
    """
    @dev Adds an entry now. Whether it fits is the caller's to check, before.
    """
    head: Head = self._advanced(key)
    head.total += amount
    assert head.total <= MAX_TOTAL, "rolling_window: total too large"
    self._entries[key][head.count] = block.timestamp << 208 | head.total
    head.count += 1
    self._heads[key] = head.count << 208 | head.first << 160 | head.total << 80 | head.expired


@internal
@view
def _advanced(key: uint256) -> Head:
    """
    @dev The head of the queue as it stands now: `first` moved past all that is 24 hours old.
    """
    word: uint256 = self._heads[key]
    head: Head = Head(
        count=word >> 208, first=(word >> 160) & _WORD_48, total=(word >> 80) & MAX_TOTAL, expired=word & MAX_TOTAL
    )
    if head.first == head.count or not self._is_expired(self._entries[key][head.first]):
        return head
    head.first = self._first_live(key, head.first + 1, head.count)
    head.expired = self._entries[key][head.first - 1] & _AMOUNT_MASK
    return head


@internal
@view
def _first_live(key: uint256, start: uint256, end: uint256) -> uint256:
    """
    @dev The position of the first entry in [start, end) that is inside the window, `end` if none is.
    """
    low: uint256 = start
    high: uint256 = end
    for _: uint256 in range(_MAX_HALVINGS):
        if low >= high:
            break
        middle: uint256 = (low + high) // 2
        if self._is_expired(self._entries[key][middle]):
            low = middle + 1
        else:
            high = middle
    return low


@internal
@view
def _is_expired(entry: uint256) -> bool:
    """
    @dev An entry of second t counts in [t, t + 24 h).
    """
    return (entry >> 208) + WINDOW_SECONDS <= block.timestamp
