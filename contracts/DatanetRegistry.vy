# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title The registry of Datanets: who may contribute what, who reviews it, and what was accepted
@license AGPL-3.0-only
@notice A contributor commits, then reveals a file's digest; the Datanet's validators accept or reject it. Only
        digests are here: the files lie in the content store, and validators read them.
@dev Powers: a Datanet's owner sets its limits, its validators and whether it is open, and records snapshots; its
     validators decide on contributions. Nobody holds power over another's Datanet, no one is above them, and no OPEN
     lies here. One content counts once in all Datanets: the canonical hash belongs to the first contribution that
     reveals it. A rejection frees it, and so does a withdrawal before acceptance, so that nobody keeps an honest
     contributor out by registering the hash of data that he does not hold; an accepted contribution that is withdrawn
     keeps it, so that nobody else puts it back.
@custom:halt A Datanet's owner stops new contributions with `set_open(id, False)` and dismisses validators with
     `set_validator`.
"""

from .interfaces import IDatanetRegistry
from .modules import allowances
from .modules import commitments
from .modules import datanets
from .modules import reviews

implements: IDatanetRegistry
initializes: allowances
initializes: commitments
initializes: datanets[allowances := allowances]
initializes: reviews

exports: (
    datanets.create_datanet,
    datanets.set_open,
    datanets.set_limits,
    datanets.set_validator,
    datanets.transfer_datanet,
    datanets.datanet,
    datanets.datanet_count,
    datanets.is_validator,
    allowances.allowance_of,
    commitments.commit,
    commitments.commitment_of,
)

# codecs of a CID: one raw block, or a DAG of blocks for a file that is larger
RAW: constant(uint256) = 85  # 0x55
DAG_PB: constant(uint256) = 112  # 0x70
RAW_BYTES: constant(uint256) = 262_144

# members of IDatanetRegistry.Status, which Vyper 0.4.3 cannot name through the interface
_PENDING: constant(uint256) = 1
_ACCEPTED: constant(uint256) = 2
_REJECTED: constant(uint256) = 4
_WITHDRAWN: constant(uint256) = 8

_MASK_8: constant(uint256) = 2**8 - 1
_MASK_32: constant(uint256) = 2**32 - 1
_MASK_40: constant(uint256) = 2**40 - 1
_MASK_160: constant(uint256) = 2**160 - 1

contribution_count: public(uint256)
# the contribution that holds a canonical hash, 0 where it is free
contribution_by_canonical_hash: public(HashMap[bytes32, uint256])
# the Datanet that recorded a dataset root, 0 where none did
snapshot_datanet: public(HashMap[bytes32, uint256])

# status (8 bits) | codec (8) | format (8) | byte count (40) | Datanet (32) | contributor (160)
_rows: HashMap[uint256, uint256]
_digests: HashMap[uint256, bytes32]
_canonical_hashes: HashMap[uint256, bytes32]


# contributors
@external
def reveal(
    datanet_id: uint256,
    digest: bytes32,
    codec: uint256,
    canonical_hash: bytes32,
    byte_count: uint256,
    format: uint256,
    salt: bytes32,
) -> uint256:
    """
    @notice Contributes the file that you committed to, at least one block and at most a day ago.
    @dev Byte count and canonical hash are your word until the validators have read the file; they reject a false one.
    @param datanet_id An open Datanet.
    @param digest sha-256 digest of the file's CID.
    @param codec 0x55 for a file of at most 262,144 bytes, 0x70 for a larger one.
    @param canonical_hash Hash of the content in its canonical form; no other contribution may hold it.
    @param byte_count Size of the file in bytes, 1 to the Datanet's file limit.
    @param format Bit number of the format.
    @param salt The salt of your commitment.
    @return The new contribution's id, from 1.
    """
    commitment: bytes32 = commitments._commitment_of(msg.sender, datanet_id, digest, canonical_hash, salt)
    commit_block: uint256 = commitments._consume(commitment)
    datanets._check_takes(datanet_id, format)
    self._check_content(digest, codec, canonical_hash, byte_count)
    allowances._use(datanet_id, byte_count)
    contribution_id: uint256 = self._record(digest, canonical_hash)
    place: uint256 = datanet_id << 160 | convert(msg.sender, uint256)
    self._rows[contribution_id] = _PENDING << 248 | codec << 240 | format << 232 | byte_count << 192 | place
    reviews._start(contribution_id, commit_block)
    log IDatanetRegistry.Contributed(
        contribution_id=contribution_id,
        datanet_id=datanet_id,
        contributor=msg.sender,
        digest=digest,
        codec=codec,
        canonical_hash=canonical_hash,
        byte_count=byte_count,
        format=format,
        commit_block=commit_block,
    )
    return contribution_id


@external
def withdraw_contribution(contribution_id: uint256):
    """
    @notice Takes your pending or accepted contribution out: later snapshots leave it out, it no longer ranks you.
    @dev What was trained on it stays trained; the allowance that it used stays used. Only a pending one frees its
         hash.
    @param contribution_id Your contribution.
    """
    row: uint256 = self._rows[contribution_id]
    status: uint256 = row >> 248
    assert msg.sender == convert(row & _MASK_160, address), "datanet_registry: sender is not the contributor"
    if status == _ACCEPTED:
        reviews._uncount_accepted(contribution_id, (row >> 160) & _MASK_32, msg.sender)
    else:
        assert status == _PENDING, "datanet_registry: already rejected or withdrawn"
        self.contribution_by_canonical_hash[self._canonical_hashes[contribution_id]] = 0
    self._set_status(contribution_id, _WITHDRAWN)
    log IDatanetRegistry.Withdrawn(contribution_id=contribution_id)


# validators
@external
def review(contribution_id: uint256, is_accepted: bool, score: uint256, reason: uint256, reason_digest: bytes32):
    """
    @notice Votes on a pending contribution of a Datanet that you validate; the side that reaches the quorum decides.
    @dev Once each, never on your own, final. An accepted contribution's score is the floor of the accepting votes'
         mean.
    @param contribution_id A pending contribution.
    @param is_accepted Your vote.
    @param score 1 to 100 if you accept, 0 if you reject.
    @param reason 0 if you accept, 1 to 7 if you reject; docs/formats.md lists them.
    @param reason_digest sha-256 of your reasons in words, zero for none.
    """
    row: uint256 = self._rows[contribution_id]
    assert row >> 248 == _PENDING, "datanet_registry: contribution not pending"
    datanet_id: uint256 = (row >> 160) & _MASK_32
    contributor: address = convert(row & _MASK_160, address)
    assert datanets.is_validator[datanet_id][msg.sender], "datanet_registry: sender is not a validator"
    assert msg.sender != contributor, "datanet_registry: own contribution"
    quorum: uint256 = datanets._quorum_of(datanet_id)
    outcome: reviews.Outcome = reviews._vote(contribution_id, quorum, is_accepted, score, reason)
    log IDatanetRegistry.Reviewed(
        contribution_id=contribution_id,
        validator=msg.sender,
        is_accepted=is_accepted,
        score=score,
        reason=reason,
        reason_digest=reason_digest,
    )
    if outcome != reviews.Outcome.OPEN:
        self._resolve(contribution_id, datanet_id, contributor, is_accepted)


# the Datanet's owner
@external
def record_snapshot(datanet_id: uint256, dataset_root: bytes32, manifest_digest: bytes32, contribution_count: uint256):
    """
    @notice Records the root of a dataset of accepted contributions, which adapters then name as trained on.
    @dev Readers check the root against the accepted contributions that the events list; here it only gets its Datanet
         and time.
    @param datanet_id Your Datanet.
    @param dataset_root Root of the snapshot's indexed tree; recorded once in all Datanets.
    @param manifest_digest sha-256 of the snapshot's lines.
    @param contribution_count Contributions in it, more than 0.
    """
    datanets._check_owner(datanet_id)
    assert dataset_root != empty(bytes32), "datanet_registry: dataset root is zero"
    assert contribution_count > 0, "datanet_registry: snapshot is empty"
    assert self.snapshot_datanet[dataset_root] == 0, "datanet_registry: dataset root already recorded"
    self.snapshot_datanet[dataset_root] = datanet_id
    log IDatanetRegistry.SnapshotRecorded(
        datanet_id=datanet_id,
        dataset_root=dataset_root,
        manifest_digest=manifest_digest,
        contribution_count=contribution_count,
    )


# anyone
@external
@view
def contribution(contribution_id: uint256) -> IDatanetRegistry.Contribution:
    """
    @notice Everything about a contribution.
    @dev All zero for an id that does not exist.
    @param contribution_id The contribution.
    @return Where, who, what, since which block, its status and, once accepted, its score (0 to 100).
    """
    row: uint256 = self._rows[contribution_id]
    return IDatanetRegistry.Contribution(
        datanet_id=(row >> 160) & _MASK_32,
        contributor=convert(row & _MASK_160, address),
        digest=self._digests[contribution_id],
        codec=(row >> 240) & _MASK_8,
        canonical_hash=self._canonical_hashes[contribution_id],
        byte_count=(row >> 192) & _MASK_40,
        format=(row >> 232) & _MASK_8,
        commit_block=reviews._commit_block_of(contribution_id),
        status=convert(row >> 248, IDatanetRegistry.Status),
        score=reviews._score_of(contribution_id),
    )


@external
@view
def contributor_stats(datanet_id: uint256, contributor: address) -> IDatanetRegistry.ContributorStats:
    """
    @notice What ranks a contributor in a Datanet: the sum of the scores of accepted contributions, and the counts.
    @dev A rejection adds nothing to the sum and takes nothing; a withdrawal undoes an acceptance.
    @param datanet_id The Datanet.
    @param contributor The contributor.
    @return Accepted, rejected, sum of scores.
    """
    accepted: uint256 = 0
    rejected: uint256 = 0
    score_sum: uint256 = 0
    accepted, rejected, score_sum = reviews._stats_of(datanet_id, contributor)
    return IDatanetRegistry.ContributorStats(accepted=accepted, rejected=rejected, score_sum=score_sum)


@internal
@view
def _check_content(digest: bytes32, codec: uint256, canonical_hash: bytes32, byte_count: uint256):
    """
    @dev Digests are there, the content is new, and the codec is the one that a file of this size has.
    """
    assert digest != empty(bytes32), "datanet_registry: digest is zero"
    assert canonical_hash != empty(bytes32), "datanet_registry: canonical hash is zero"
    assert self.contribution_by_canonical_hash[canonical_hash] == 0, "datanet_registry: content already contributed"
    assert byte_count > 0, "datanet_registry: file is empty"
    expected_codec: uint256 = RAW if byte_count <= RAW_BYTES else DAG_PB
    assert codec == expected_codec, "datanet_registry: codec does not fit the size"


@internal
def _record(digest: bytes32, canonical_hash: bytes32) -> uint256:
    """
    @dev Takes the next id and lets it hold the canonical hash.
    """
    contribution_id: uint256 = self.contribution_count + 1
    self.contribution_count = contribution_id
    self._digests[contribution_id] = digest
    self._canonical_hashes[contribution_id] = canonical_hash
    self.contribution_by_canonical_hash[canonical_hash] = contribution_id
    return contribution_id


@internal
def _resolve(contribution_id: uint256, datanet_id: uint256, contributor: address, is_accepted: bool):
    """
    @dev Sets the final status, counts it for the contributor, and frees the canonical hash of what was rejected.
    """
    if is_accepted:
        reviews._count_accepted(contribution_id, datanet_id, contributor)
        self._set_status(contribution_id, _ACCEPTED)
    else:
        reviews._count_rejected(datanet_id, contributor)
        self.contribution_by_canonical_hash[self._canonical_hashes[contribution_id]] = 0
        self._set_status(contribution_id, _REJECTED)
    log IDatanetRegistry.Resolved(
        contribution_id=contribution_id,
        datanet_id=datanet_id,
        contributor=contributor,
        is_accepted=is_accepted,
        score=reviews._score_of(contribution_id),
    )


@internal
def _set_status(contribution_id: uint256, status: uint256):
    """
    @dev Replaces the status in the contribution's row.
    """
    row: uint256 = self._rows[contribution_id] & ~(_MASK_8 << 248)
    self._rows[contribution_id] = row | status << 248
