# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Allowances: what a Datanet takes in any 24 hours, in all and of each contributor
@license AGPL-3.0-only
@notice A Datanet limits its own bytes, each contributor's bytes and files, and the bytes of one file. What was revealed
        counts for 24 hours, whatever became of it, so that rejected spam uses its allowance up.
"""

from ..interfaces import IDatanetRegistry
from . import rolling_window

initializes: rolling_window

MAX_FILES_PER_DAY: constant(uint256) = 1_000
MAX_BYTES_PER_DAY: constant(uint256) = 2**40 - 1
_MASK_64: constant(uint256) = 2**64 - 1

# files a day (64 bits) | file bytes (64) | Datanet bytes a day (64) | contributor bytes a day (64)
_limits: HashMap[uint256, uint256]


@external
@view
def allowance_of(datanet_id: uint256, contributor: address) -> (uint256, uint256, uint256):
    """
    @notice What a contributor may still reveal in a Datanet now.
    @dev Exact to the second: a reveal stops counting 24 hours after it.
    @param datanet_id The Datanet.
    @param contributor The contributor.
    @return Bytes left to the contributor, bytes left to the Datanet, files left to the contributor.
    """
    return self._left(datanet_id, contributor, self._limits_of(datanet_id))


@internal
@view
def _limits_of(datanet_id: uint256) -> IDatanetRegistry.Limits:
    """
    @dev Unpacks a Datanet's limits.
    """
    word: uint256 = self._limits[datanet_id]
    return IDatanetRegistry.Limits(
        contributor_bytes_per_day=word & _MASK_64,
        datanet_bytes_per_day=(word >> 64) & _MASK_64,
        contributor_files_per_day=word >> 192,
        file_bytes=(word >> 128) & _MASK_64,
    )


@internal
def _set_limits(datanet_id: uint256, limits: IDatanetRegistry.Limits):
    """
    @dev Checks that a file fits a contributor's day and that day the Datanet's, then packs the limits.
    """
    assert 0 < limits.file_bytes, "allowances: file limit is zero"
    assert limits.file_bytes <= limits.contributor_bytes_per_day, "allowances: file limit too large"
    assert limits.contributor_bytes_per_day <= limits.datanet_bytes_per_day, "allowances: contributor limit too large"
    assert limits.datanet_bytes_per_day <= MAX_BYTES_PER_DAY, "allowances: datanet limit too large"
    assert 0 < limits.contributor_files_per_day, "allowances: no files a day"
    assert limits.contributor_files_per_day <= MAX_FILES_PER_DAY, "allowances: too many files a day"
    self._limits[datanet_id] = (
        limits.contributor_files_per_day << 192
        | limits.file_bytes << 128
        | limits.datanet_bytes_per_day << 64
        | limits.contributor_bytes_per_day
    )


@internal
def _use(datanet_id: uint256, byte_count: uint256):
    """
    @dev Refuses what is above a limit, then counts the file in the windows of the Datanet and of the sender in it.
    """
    limits: IDatanetRegistry.Limits = self._limits_of(datanet_id)
    contributor_left: uint256 = 0
    datanet_left: uint256 = 0
    files_left: uint256 = 0
    contributor_left, datanet_left, files_left = self._left(datanet_id, msg.sender, limits)
    assert byte_count <= limits.file_bytes, "allowances: file too large"
    assert files_left > 0, "allowances: contributor's files used up"
    assert byte_count <= contributor_left, "allowances: contributor's bytes used up"
    assert byte_count <= datanet_left, "allowances: datanet's bytes used up"
    rolling_window._add(self._window_key(datanet_id, msg.sender), byte_count)
    rolling_window._add(self._window_key(datanet_id, empty(address)), byte_count)


@internal
@view
def _left(
    datanet_id: uint256, contributor: address, limits: IDatanetRegistry.Limits
) -> (uint256, uint256, uint256):
    """
    @dev Limits less what the windows hold, 0 where a limit was lowered below it.
    """
    contributor_bytes: uint256 = 0
    datanet_bytes: uint256 = 0
    contributor_files: uint256 = 0
    datanet_files: uint256 = 0
    contributor_bytes, contributor_files = rolling_window._used(self._window_key(datanet_id, contributor))
    datanet_bytes, datanet_files = rolling_window._used(self._window_key(datanet_id, empty(address)))
    return (
        limits.contributor_bytes_per_day - min(limits.contributor_bytes_per_day, contributor_bytes),
        limits.datanet_bytes_per_day - min(limits.datanet_bytes_per_day, datanet_bytes),
        limits.contributor_files_per_day - min(limits.contributor_files_per_day, contributor_files),
    )


@internal
@pure
def _window_key(datanet_id: uint256, contributor: address) -> uint256:
    """
    @dev The window of a contributor in a Datanet; the zero address, which never contributes, keys the Datanet's own.
    """
    return datanet_id << 160 | convert(contributor, uint256)
