# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Datanets: what each takes, on which terms, and who runs it
@license AGPL-3.0-only
@notice Anyone opens a Datanet and owns it. It takes files of one modality in the formats that it names. The owner sets
        limits and names curators, who open and close it and record snapshots as the owner does. Given to the
        timelock, a Datanet is governed by gOPEN.
"""

from ..interfaces import IDatanetRegistry
from . import datanet_rows

datanet_count: public(uint256)
is_curator: public(HashMap[uint256, HashMap[address, bool]])

# laid out by datanet_rows
_rows: HashMap[uint256, uint256]
_terms: HashMap[uint256, uint256]
_metadata: HashMap[uint256, bytes32]


# anyone
@external
def create_datanet(
    modality: IDatanetRegistry.Modality,
    formats: uint256,
    terms: IDatanetRegistry.Terms,
    limits: IDatanetRegistry.Limits,
    metadata_digest: bytes32,
) -> uint256:
    """
    @notice Opens a Datanet that you own. Fund its reviews at the court next; without a budget nothing is decided.
    @dev Modality, formats and terms are fixed for ever, so that contributors and validators know what they were
         promised.
    @param modality One of TEXT (1), IMAGE (2), AUDIO (4).
    @param formats Bitmask of formats, at least one, all of the modality.
    @param terms Seats of the first committee (odd, 3 to 15), wei of OPEN for each seat that reveals (at most 1,000
           OPEN), wei of OPEN that a vote can win (more than 0, at most 2 OPEN).
    @param limits Bytes and files in any 24 hours, and bytes of one file: whole KiB, at most 262,142 KiB and 62 files
           for a contributor, at most 16,777,214 KiB for the Datanet.
    @param metadata_digest sha-256 of the Datanet's description.
    @return The new Datanet's id, from 1.
    """
    datanet_id: uint256 = self.datanet_count + 1
    self.datanet_count = datanet_id
    self._rows[datanet_id] = datanet_rows._packed_row(msg.sender, modality, formats, limits)
    self._terms[datanet_id] = datanet_rows._packed_terms(terms)
    self._metadata[datanet_id] = metadata_digest
    log IDatanetRegistry.DatanetCreated(
        datanet_id=datanet_id,
        owner=msg.sender,
        modality=modality,
        formats=formats,
        terms=terms,
        limits=limits,
        metadata_digest=metadata_digest,
    )
    return datanet_id


@external
@view
def datanet(datanet_id: uint256) -> IDatanetRegistry.Datanet:
    """
    @notice Everything that is set for a Datanet.
    @dev All zero for an id that does not exist.
    @param datanet_id The Datanet.
    @return Owner, modality, formats, terms, whether it is open, limits, digest of its description, newest version.
    """
    return datanet_rows._datanet(self._rows[datanet_id], self._terms[datanet_id], self._metadata[datanet_id])


# the Datanet's owner and its curators
@external
def set_open(datanet_id: uint256, is_open: bool):
    """
    @notice Opens or closes a Datanet to new contributions.
    @dev What was contributed stays and is still reviewed.
    @param datanet_id A Datanet that you own or curate.
    @param is_open Whether contributions may be revealed.
    """
    self._check_curator(datanet_id)
    row: uint256 = self._rows[datanet_id] & ~datanet_rows.OPEN_BIT
    self._rows[datanet_id] = row | datanet_rows.OPEN_BIT if is_open else row
    log IDatanetRegistry.DatanetOpened(datanet_id=datanet_id, is_open=is_open)


# the Datanet's owner
@external
def set_limits(datanet_id: uint256, limits: IDatanetRegistry.Limits):
    """
    @notice Sets what your Datanet takes in any 24 hours.
    @dev Counts at once for what comes next; what was contributed under other limits stays.
    @param datanet_id Your Datanet.
    @param limits Bytes and files in any 24 hours, and bytes of one file; bounds as in `create_datanet`.
    """
    self._check_owner(datanet_id)
    row: uint256 = self._rows[datanet_id] & datanet_rows.BELOW_LIMITS
    self._rows[datanet_id] = row | datanet_rows._packed_limits(limits)
    log IDatanetRegistry.LimitsChanged(datanet_id=datanet_id, limits=limits)


@external
def set_curator(datanet_id: uint256, account: address, is_curator: bool):
    """
    @notice Names or dismisses a curator, who may open and close your Datanet and record its snapshots.
    @dev A curator decides on no contribution; the committees that the court draws do.
    @param datanet_id Your Datanet.
    @param account The curator.
    @param is_curator Whether it is one from now on; must change something.
    """
    self._check_owner(datanet_id)
    assert self.is_curator[datanet_id][account] != is_curator, "datanets: curator unchanged"
    self.is_curator[datanet_id][account] = is_curator
    log IDatanetRegistry.CuratorSet(datanet_id=datanet_id, curator=account, is_curator=is_curator)


@external
def transfer_datanet(datanet_id: uint256, new_owner: address):
    """
    @notice Gives your Datanet to another owner, at once and for good; given to the timelock, gOPEN governs it.
    @dev Curators and limits stay until the new owner changes them.
    @param datanet_id Your Datanet.
    @param new_owner Who owns it from now on.
    """
    self._check_owner(datanet_id)
    assert new_owner != empty(address), "datanets: new owner is the zero address"
    row: uint256 = self._rows[datanet_id]
    # the addresses differ by these bits
    self._rows[datanet_id] = row ^ convert(msg.sender, uint256) ^ convert(new_owner, uint256)
    log IDatanetRegistry.DatanetOwnerChanged(
        datanet_id=datanet_id, previous_owner=msg.sender, new_owner=new_owner
    )


@internal
@view
def _check_owner(datanet_id: uint256):
    """
    @dev The sender owns the Datanet; a Datanet that does not exist has no owner.
    """
    owner: address = datanet_rows._owner_of(self._rows[datanet_id])
    assert msg.sender == owner, "datanets: sender is not the owner"


@internal
@view
def _check_curator(datanet_id: uint256):
    """
    @dev The sender owns or curates the Datanet; one that does not exist has neither owner nor curators.
    """
    is_owner: bool = msg.sender == datanet_rows._owner_of(self._rows[datanet_id])
    assert is_owner or self.is_curator[datanet_id][msg.sender], "datanets: sender neither owns nor curates it"
