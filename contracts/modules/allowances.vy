# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Allowances: what a Datanet takes in any 24 hours, in all and of each contributor
@license AGPL-3.0-only
@notice A Datanet limits its own bytes, each contributor's bytes and files, and the bytes of one file. What was revealed
        counts for 24 to 27 hours, whatever became of it, so that rejected spam uses its allowance up. Files count in
        whole KiB, rounded up. A contributor's free deposits lie in the word of his windows, so that a reveal, which
        takes one, writes one word.
@dev A window is nine fields of one width, for the present three hours (counted since 1970) and the eight before, the
     newest lowest; the clock beside it says which three hours were the present. A field counts until all of it is older
     than 24 hours: so the window is never less than what the last 24 hours hold. Once time has passed the fields move
     up, by a field for each three hours, and the mask cuts off what leaves the nine; a shift past the word leaves 0.
     `fields % MAX` is their sum, `MAX` being the largest value of a field: `MAX + 1` is 1 modulo `MAX`, as a number's
     digits sum to it modulo 9. That is exact while the sum is below `MAX`, so limits are at most `MAX - 1`.
"""

from . import datanet_rows
from . import datanets

uses: datanets

BUCKET_SECONDS: constant(uint256) = 3 * 3_600
BUCKET_COUNT: constant(uint256) = 9
ONE_DEPOSIT: constant(uint256) = 2**236
_MASK_20: constant(uint256) = 2**20 - 1

# the largest value of a field and the mask of nine of them: KiB of a contributor, his files, KiB of a Datanet
_MAX_18: constant(uint256) = datanet_rows.MAX_CONTRIBUTOR_KIB + 1
_MAX_6: constant(uint256) = datanet_rows.MAX_FILES + 1
_MAX_24: constant(uint256) = datanet_rows.MAX_DATANET_KIB + 1
_FIELDS_18: constant(uint256) = 2**(BUCKET_COUNT * 18) - 1
_FIELDS_6: constant(uint256) = 2**(BUCKET_COUNT * 6) - 1
_FIELDS_24: constant(uint256) = 2**(BUCKET_COUNT * 24) - 1

# Datanet << 160 | contributor -> free deposits (20 bits) | clock (20) | files (9 x 6) | KiB (9 x 18)
# A clock of 20 bits of three hours each ends in the year 2328.
_accounts: HashMap[uint256, uint256]
# Datanet -> clock (40 bits) | KiB (9 x 24)
_windows: HashMap[uint256, uint256]


@external
@view
def allowance_of(datanet_id: uint256, contributor: address) -> (uint256, uint256, uint256):
    """
    @notice What a contributor may still reveal in a Datanet now.
    @dev 0 where a limit was lowered below what the last day holds, and for a Datanet that does not exist.
    @param datanet_id The Datanet.
    @param contributor The contributor.
    @return Bytes left to the contributor, bytes left to the Datanet, files left to the contributor.
    """
    row: uint256 = datanets._rows[datanet_id]
    clock: uint256 = block.timestamp // BUCKET_SECONDS
    account: uint256 = self._accounts[self._key(datanet_id, contributor)]
    elapsed: uint256 = clock - self._clock_of(account)
    fields: uint256 = (account << elapsed * 18) & _FIELDS_18
    files: uint256 = (account >> 162 << elapsed * 6) & _FIELDS_6
    window: uint256 = self._windows[datanet_id]
    datanet_fields: uint256 = (window << (clock - (window >> 216)) * 24) & _FIELDS_24
    return (
        self._left(datanet_rows._contributor_kib(row), fields % _MAX_18) * datanet_rows.KIB,
        self._left(datanet_rows._datanet_kib(row), datanet_fields % _MAX_24) * datanet_rows.KIB,
        self._left(datanet_rows._files(row), files % _MAX_6),
    )


@internal
def _use(datanet_id: uint256, key: uint256, byte_count: uint256, format: uint256):
    """
    @dev Refuses what the Datanet does not take or what is above a limit, then counts the file in the windows of the
         Datanet and of the contributor `key` in it, and takes one of that account's free deposits. Nothing overflows:
         a file has fewer than 2^28 bytes, and every sum is at most its limit, which its field can hold.
    """
    row: uint256 = datanets._rows[datanet_id]
    assert row & datanet_rows.OPEN_BIT != 0, "allowances: datanet is not open"
    assert datanet_rows._has_format(row, format), "allowances: format not taken"
    assert byte_count > 0, "allowances: file is empty"
    assert byte_count <= datanet_rows._file_bytes(row), "allowances: file too large"
    kib: uint256 = unsafe_add(byte_count, datanet_rows.KIB - 1) // datanet_rows.KIB
    clock: uint256 = block.timestamp // BUCKET_SECONDS

    account: uint256 = self._accounts[key]
    assert account >= ONE_DEPOSIT, "allowances: no free deposit"
    elapsed: uint256 = unsafe_sub(clock, self._clock_of(account))
    fields: uint256 = (account << unsafe_mul(elapsed, 18)) & _FIELDS_18
    kib_after: uint256 = unsafe_add(fields % _MAX_18, kib)
    assert kib_after <= datanet_rows._contributor_kib(row), "allowances: contributor's bytes used up"
    files: uint256 = (account >> 162 << unsafe_mul(elapsed, 6)) & _FIELDS_6
    assert files % _MAX_6 < datanet_rows._files(row), "allowances: contributor's files used up"
    deposits: uint256 = unsafe_sub(account >> 236, 1)
    self._accounts[key] = deposits << 236 | clock << 216 | unsafe_add(files, 1) << 162 | unsafe_add(fields, kib)

    window: uint256 = self._windows[datanet_id]
    elapsed = unsafe_sub(clock, window >> 216)
    fields = (window << unsafe_mul(elapsed, 24)) & _FIELDS_24
    kib_after = unsafe_add(fields % _MAX_24, kib)
    assert kib_after <= datanet_rows._datanet_kib(row), "allowances: datanet's bytes used up"
    self._windows[datanet_id] = clock << 216 | unsafe_add(fields, kib)


@internal
@pure
def _key(datanet_id: uint256, contributor: address) -> uint256:
    """
    @dev Where the contributor's word lies. Datanets are too few for their ids to leave the word.
    """
    return datanet_id << 160 | convert(contributor, uint256)


@internal
@pure
def _clock_of(account: uint256) -> uint256:
    """
    @dev The clock of the windows in a contributor's word.
    """
    return (account >> 216) & _MASK_20


@internal
@pure
def _left(limit: uint256, used: uint256) -> uint256:
    """
    @dev The limit less what is used, 0 where the limit was lowered below it.
    """
    return limit - min(limit, used)
