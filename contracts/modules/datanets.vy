# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Datanets: what each takes, and who validates
@license AGPL-3.0-only
@notice Anyone opens a Datanet and owns it. It takes files of one modality in the formats that it names, and its
        validators decide.
"""

from ..interfaces import IDatanetRegistry
from . import allowances

uses: allowances

MAX_QUORUM: constant(uint256) = 64
# format bits 0 to 3, 8 to 13 and 16 to 18, as docs/formats.md lists them
_TEXT_FORMATS: constant(uint256) = 2**4 - 1
_IMAGE_FORMATS: constant(uint256) = (2**6 - 1) * 2**8
_AUDIO_FORMATS: constant(uint256) = (2**3 - 1) * 2**16

# members of IDatanetRegistry.Modality, which Vyper 0.4.3 cannot name through the interface
_TEXT: constant(uint256) = 1
_IMAGE: constant(uint256) = 2
_AUDIO: constant(uint256) = 4

_MASK_8: constant(uint256) = 2**8 - 1
_MASK_32: constant(uint256) = 2**32 - 1
_MASK_160: constant(uint256) = 2**160 - 1

datanet_count: public(uint256)
is_validator: public(HashMap[uint256, HashMap[address, bool]])

# validators (32 bits) | is_open (8) | quorum (8) | formats (32) | modality (8) | owner (160)
_rows: HashMap[uint256, uint256]
_metadata: HashMap[uint256, bytes32]


# anyone
@external
def create_datanet(
    modality: IDatanetRegistry.Modality,
    formats: uint256,
    quorum: uint256,
    limits: IDatanetRegistry.Limits,
    metadata_digest: bytes32,
) -> uint256:
    """
    @notice Opens a Datanet that you own. Name its validators next; until it has a quorum of them nothing is decided.
    @dev Modality, formats and quorum are fixed for ever, so that contributors know what they were promised.
    @param modality One of TEXT (1), IMAGE (2), AUDIO (4).
    @param formats Bitmask of formats, at least one, all of the modality.
    @param quorum Equal votes that decide a contribution, 1 to 64.
    @param limits Bytes and files in any 24 hours, and bytes of one file.
    @param metadata_digest sha-256 of the Datanet's description.
    @return The new Datanet's id, from 1.
    """
    known_formats: uint256 = self._formats_of(modality)
    assert formats != 0, "datanets: no format"
    assert formats & ~known_formats == 0, "datanets: format of another modality"
    assert 0 < quorum, "datanets: quorum is zero"
    assert quorum <= MAX_QUORUM, "datanets: quorum too large"
    datanet_id: uint256 = self.datanet_count + 1
    self.datanet_count = datanet_id
    self._rows[datanet_id] = (
        1 << 208 | quorum << 200 | formats << 168 | convert(modality, uint256) << 160 | convert(msg.sender, uint256)
    )
    allowances._set_limits(datanet_id, limits)
    self._metadata[datanet_id] = metadata_digest
    log IDatanetRegistry.DatanetCreated(
        datanet_id=datanet_id,
        owner=msg.sender,
        modality=modality,
        formats=formats,
        quorum=quorum,
        limits=limits,
        metadata_digest=metadata_digest,
    )
    return datanet_id


@external
@view
def datanet(datanet_id: uint256) -> IDatanetRegistry.Datanet:
    """
    @notice Everything that a Datanet's owner has set.
    @dev All zero for an id that does not exist.
    @param datanet_id The Datanet.
    @return Owner, modality, formats, quorum, whether it is open, limits, digest of its description.
    """
    return self._datanet(datanet_id)


# the Datanet's owner
@external
def set_open(datanet_id: uint256, is_open: bool):
    """
    @notice Opens or closes your Datanet to new contributions.
    @dev What was contributed stays and can still be reviewed.
    @param datanet_id Your Datanet.
    @param is_open Whether contributions may be revealed.
    """
    self._check_owner(datanet_id)
    row: uint256 = self._rows[datanet_id] & ~(_MASK_8 << 208)
    self._rows[datanet_id] = row | convert(is_open, uint256) << 208
    log IDatanetRegistry.DatanetOpened(datanet_id=datanet_id, is_open=is_open)


@external
def set_limits(datanet_id: uint256, limits: IDatanetRegistry.Limits):
    """
    @notice Sets what your Datanet takes in any 24 hours.
    @dev Counts at once for what comes next; what was contributed under other limits stays.
    @param datanet_id Your Datanet.
    @param limits Bytes and files in any 24 hours, and bytes of one file.
    """
    self._check_owner(datanet_id)
    allowances._set_limits(datanet_id, limits)
    log IDatanetRegistry.LimitsChanged(datanet_id=datanet_id, limits=limits)


@external
def set_validator(datanet_id: uint256, validator: address, is_validator: bool):
    """
    @notice Names or dismisses a validator of your Datanet.
    @dev Votes already given stay.
    @param datanet_id Your Datanet.
    @param validator Whose votes count.
    @param is_validator Whether they do from now on; must change something.
    """
    self._check_owner(datanet_id)
    assert validator != empty(address), "datanets: validator is the zero address"
    assert self.is_validator[datanet_id][validator] != is_validator, "datanets: validator unchanged"
    self.is_validator[datanet_id][validator] = is_validator
    if is_validator:
        self._rows[datanet_id] += 1 << 216
    else:
        self._rows[datanet_id] -= 1 << 216
    log IDatanetRegistry.ValidatorSet(datanet_id=datanet_id, validator=validator, is_validator=is_validator)


@external
def transfer_datanet(datanet_id: uint256, new_owner: address):
    """
    @notice Gives your Datanet to another owner, at once and for good.
    @dev Validators and limits stay as they are.
    @param datanet_id Your Datanet.
    @param new_owner Who owns it from now on.
    """
    self._check_owner(datanet_id)
    assert new_owner != empty(address), "datanets: new owner is the zero address"
    row: uint256 = self._rows[datanet_id] & ~_MASK_160
    self._rows[datanet_id] = row | convert(new_owner, uint256)
    log IDatanetRegistry.DatanetOwnerChanged(
        datanet_id=datanet_id, previous_owner=msg.sender, new_owner=new_owner
    )


@internal
@view
def _check_owner(datanet_id: uint256):
    """
    @dev The sender owns the Datanet; a Datanet that does not exist has no owner.
    """
    owner: address = convert(self._rows[datanet_id] & _MASK_160, address)
    assert msg.sender == owner, "datanets: sender is not the owner"


@internal
@view
def _datanet(datanet_id: uint256) -> IDatanetRegistry.Datanet:
    """
    @dev Unpacks a Datanet's row.
    """
    row: uint256 = self._rows[datanet_id]
    return IDatanetRegistry.Datanet(
        owner=convert(row & _MASK_160, address),
        modality=convert((row >> 160) & _MASK_8, IDatanetRegistry.Modality),
        formats=(row >> 168) & _MASK_32,
        quorum=(row >> 200) & _MASK_8,
        is_open=(row >> 208) & _MASK_8 != 0,
        limits=allowances._limits_of(datanet_id),
        metadata_digest=self._metadata[datanet_id],
    )


@internal
@view
def _quorum_of(datanet_id: uint256) -> uint256:
    """
    @dev The Datanet's quorum; a committee smaller than that cannot decide.
    """
    row: uint256 = self._rows[datanet_id]
    quorum: uint256 = (row >> 200) & _MASK_8
    assert row >> 216 >= quorum, "datanets: fewer validators than the quorum"
    return quorum


@internal
@view
def _check_takes(datanet_id: uint256, format: uint256):
    """
    @dev The Datanet is open and takes the format; one that does not exist is not open.
    """
    row: uint256 = self._rows[datanet_id]
    assert (row >> 208) & _MASK_8 != 0, "datanets: datanet is not open"
    assert format < 32, "datanets: unknown format"
    assert (row >> 168) & (1 << format) != 0, "datanets: format not taken"


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
