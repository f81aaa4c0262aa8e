# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Claims: the last final root and what was paid from it
@license AGPL-3.0-only
"""

struct Final:
    epoch: uint256
    leaf_count: uint256
    total_wei: uint256
    unclaimed_wei: uint256


_WORD_32: constant(uint256) = 2**32 - 1
_WORD_90: constant(uint256) = 2**90 - 1
_WORD_102: constant(uint256) = 2**102 - 1

_root: bytes32
# epoch (32 bits) | leaf_count - 1 (32) | total_wei (102) | unclaimed_wei (90): one slot for a claim to read and write.
# Of OPEN there are fewer than 2^90 wei; the total counts the same OPEN each time it comes round, see accruals.
_final: uint256
_claimed: HashMap[address, uint256]


@view
@external
def claimed(account: address) -> uint256:
    """
    @notice What an account was paid so far.
    @param account The account.
    @return Wei of OPEN, cumulative.
    """
    return self._claimed[account]


@internal
@view
def _unclaimed() -> uint256:
    """
    @dev What the last final root gives and nobody has claimed.
    """
    return self._final & _WORD_90


@internal
@view
def _load() -> Final:
    """
    @dev The last final root, unpacked.
    """
    word: uint256 = self._final
    return Final(
        epoch=word >> 224,
        leaf_count=((word >> 192) & _WORD_32) + 1,
        total_wei=(word >> 90) & _WORD_102,
        unclaimed_wei=word & _WORD_90,
    )


@internal
def _store(final: Final):
    """
    @dev Packs the last final root into one slot.
    """
    self._final = final.epoch << 224 | (final.leaf_count - 1) << 192 | final.total_wei << 90 | final.unclaimed_wei


@internal
def _take(account: address, cumulative_wei: uint256) -> uint256:
    """
    @dev Records a claim whose leaf the caller has verified, and returns what to pay. Claims together never pass the
         root's total, even if a false root moved amounts from accounts that have claimed to others.
    """
    claimed_wei: uint256 = self._claimed[account]
    assert cumulative_wei > claimed_wei, "distributor: nothing to claim"
    amount_wei: uint256 = cumulative_wei - claimed_wei
    last: Final = self._load()
    assert amount_wei <= last.unclaimed_wei, "distributor: claims above total"
    self._claimed[account] = cumulative_wei
    last.unclaimed_wei -= amount_wei
    self._store(last)
    return amount_wei
