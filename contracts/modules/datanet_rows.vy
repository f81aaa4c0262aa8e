# pragma version ~=0.4.3
"""
@title Datanet rows: a Datanet's settings in two words, their places and their bounds
@license AGPL-3.0-only
@notice The row, all that a reveal asks for, so that it reads one word: Datanet KiB a day (24 bits) | files a day (6) |
        contributor KiB a day (18) | file KiB (18) | is_open (2) | modality (4) | formats (24) | owner (160).
        The terms: newest version (56 bits) | committee size (8) | review reward in wei (96) | review fee in wei (96).
"""

from ..interfaces import IDatanetRegistry

# format bits 0 to 3, 8 to 13 and 16 to 18, as docs/formats.md lists them
_TEXT_FORMATS: constant(uint256) = 2**4 - 1
_IMAGE_FORMATS: constant(uint256) = (2**6 - 1) * 2**8
_AUDIO_FORMATS: constant(uint256) = (2**3 - 1) * 2**16

# members of IDatanetRegistry.Modality, which Vyper 0.4.3 cannot name through the interface
_TEXT: constant(uint256) = 1
_IMAGE: constant(uint256) = 2
_AUDIO: constant(uint256) = 4

MIN_COMMITTEE_SIZE: constant(uint256) = 3
MAX_COMMITTEE_SIZE: constant(uint256) = 15
MAX_REVIEW_FEE_WEI: constant(uint256) = 1_000 * 10**18
# Who is wrong or absent loses five rewards: 10 OPEN at most, a hundredth of a seat. With more than that the owner of a
# Datanet could bleed validators, who do not choose what they are drawn for.
MAX_REVIEW_REWARD_WEI: constant(uint256) = 2 * 10**18

KIB: constant(uint256) = 1_024
# one below the largest value of a field, as the rolling window demands
MAX_CONTRIBUTOR_KIB: constant(uint256) = 2**18 - 2
MAX_DATANET_KIB: constant(uint256) = 2**24 - 2
MAX_FILES: constant(uint256) = 2**6 - 2

OPEN_BIT: constant(uint256) = 2**188
ONE_VERSION: constant(uint256) = 2**200
# all of the row but the limits
BELOW_LIMITS: constant(uint256) = 2**190 - 1
_MASK_4: constant(uint256) = 2**4 - 1
_MASK_6: constant(uint256) = 2**6 - 1
_MASK_8: constant(uint256) = 2**8 - 1
_MASK_18: constant(uint256) = 2**18 - 1
_MASK_24: constant(uint256) = 2**24 - 1
_MASK_96: constant(uint256) = 2**96 - 1
_MASK_160: constant(uint256) = 2**160 - 1


@internal
@pure
def _packed_row(
    owner: address, modality: IDatanetRegistry.Modality, formats: uint256, limits: IDatanetRegistry.Limits
) -> uint256:
    """
    @dev The row of a new, open Datanet.
    """
    assert formats != 0, "datanets: no format"
    assert formats & ~self._formats_of(modality) == 0, "datanets: format of another modality"
    limit_bits: uint256 = self._packed_limits(limits)
    return limit_bits | OPEN_BIT | convert(modality, uint256) << 184 | formats << 160 | convert(owner, uint256)


@internal
@pure
def _packed_limits(limits: IDatanetRegistry.Limits) -> uint256:
    """
    @dev Checks that a file fits a contributor's day and that day the Datanet's, and that all are whole KiB, as files
         are counted; packs them into their places of the row.
    """
    file_bytes: uint256 = limits.file_bytes
    contributor_bytes: uint256 = limits.contributor_bytes_per_day
    datanet_bytes: uint256 = limits.datanet_bytes_per_day
    assert 0 < file_bytes, "datanets: file limit is zero"
    assert file_bytes <= contributor_bytes, "datanets: file limit above the contributor's"
    assert contributor_bytes <= datanet_bytes, "datanets: contributor limit above the datanet's"
    assert contributor_bytes <= MAX_CONTRIBUTOR_KIB * KIB, "datanets: contributor limit too large"
    assert datanet_bytes <= MAX_DATANET_KIB * KIB, "datanets: datanet limit too large"
    assert (file_bytes | contributor_bytes | datanet_bytes) % KIB == 0, "datanets: limit not in whole KiB"
    assert 0 < limits.contributor_files_per_day, "datanets: no files a day"
    assert limits.contributor_files_per_day <= MAX_FILES, "datanets: too many files a day"
    return (
        (datanet_bytes // KIB) << 232
        | limits.contributor_files_per_day << 226
        | (contributor_bytes // KIB) << 208
        | (file_bytes // KIB) << 190
    )


@internal
@pure
def _packed_terms(terms: IDatanetRegistry.Terms) -> uint256:
    """
    @dev Checks the bounds; a reward of zero would leave reviewers nothing to lose.
    """
    assert terms.committee_size >= MIN_COMMITTEE_SIZE, "datanets: committee too small"
    assert terms.committee_size <= MAX_COMMITTEE_SIZE, "datanets: committee too large"
    assert terms.committee_size % 2 == 1, "datanets: committee is even"
    assert terms.review_fee_wei <= MAX_REVIEW_FEE_WEI, "datanets: review fee too large"
    assert terms.review_reward_wei > 0, "datanets: review reward is zero"
    assert terms.review_reward_wei <= MAX_REVIEW_REWARD_WEI, "datanets: review reward too large"
    return terms.committee_size << 192 | terms.review_reward_wei << 96 | terms.review_fee_wei


@internal
@pure
def _datanet(row: uint256, terms: uint256, metadata_digest: bytes32) -> IDatanetRegistry.Datanet:
    """
    @dev Unpacks everything that is set for a Datanet.
    """
    return IDatanetRegistry.Datanet(
        owner=self._owner_of(row),
        modality=self._modality_of(row),
        formats=(row >> 160) & _MASK_24,
        terms=self._terms_of(terms),
        is_open=row & OPEN_BIT != 0,
        limits=IDatanetRegistry.Limits(
            contributor_bytes_per_day=self._contributor_kib(row) * KIB,
            datanet_bytes_per_day=self._datanet_kib(row) * KIB,
            contributor_files_per_day=self._files(row),
            file_bytes=self._file_bytes(row),
        ),
        metadata_digest=metadata_digest,
        snapshot_version=self._version_of(terms),
    )


@internal
@pure
def _terms_of(terms: uint256) -> IDatanetRegistry.Terms:
    """
    @dev How the Datanet's contributions are reviewed.
    """
    return IDatanetRegistry.Terms(
        committee_size=(terms >> 192) & _MASK_8,
        review_fee_wei=terms & _MASK_96,
        review_reward_wei=(terms >> 96) & _MASK_96,
    )


@internal
@pure
def _version_of(terms: uint256) -> uint256:
    """
    @dev The newest snapshot's version, 0 where none was recorded.
    """
    return terms >> 200


@internal
@pure
def _owner_of(row: uint256) -> address:
    """
    @dev Zero for a Datanet that does not exist.
    """
    return convert(row & _MASK_160, address)


@internal
@pure
def _modality_of(row: uint256) -> IDatanetRegistry.Modality:
    """
    @dev The one modality of its files.
    """
    return convert((row >> 184) & _MASK_4, IDatanetRegistry.Modality)


@internal
@pure
def _has_format(row: uint256, format: uint256) -> bool:
    """
    @dev Whether the Datanet takes the format; a shift past the mask finds no bit, so any number may be asked.
    """
    return (((row >> 160) & _MASK_24) >> format) & 1 != 0


@internal
@pure
def _file_bytes(row: uint256) -> uint256:
    """
    @dev Bytes that one file may have.
    """
    return unsafe_mul((row >> 190) & _MASK_18, KIB)


@internal
@pure
def _contributor_kib(row: uint256) -> uint256:
    """
    @dev KiB that a contributor may reveal in any 24 hours.
    """
    return (row >> 208) & _MASK_18


@internal
@pure
def _files(row: uint256) -> uint256:
    """
    @dev Files that a contributor may reveal in any 24 hours.
    """
    return (row >> 226) & _MASK_6


@internal
@pure
def _datanet_kib(row: uint256) -> uint256:
    """
    @dev KiB that all contributors together may reveal in any 24 hours.
    """
    return row >> 232


@internal
@pure
def _formats_of(modality: IDatanetRegistry.Modality) -> uint256:
    """
    @dev The formats that a modality may take; refuses none and more than one modality.
    """
    bits: uint256 = convert(modality, uint256)
    if bits == _TEXT:
        return _TEXT_FORMATS
    if bits == _IMAGE:
        return _IMAGE_FORMATS
    assert bits == _AUDIO, "datanets: not one modality"
    return _AUDIO_FORMATS
