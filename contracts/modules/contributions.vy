# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Contributions: what lies on chain of each, and where
@license AGPL-3.0-only
@notice Ids count commitments, so their order is the order of commitment. A row is the commitment until the reveal
        overwrites it. Digests are in the events; here the canonical hash's slot holds the id and most of the digest,
        so that `is_content` proves which file an id stands for.
"""

from ..interfaces import IDatanetRegistry

# members of IDatanetRegistry.Status, which Vyper 0.4.3 cannot name through the interface
PENDING: constant(uint256) = 1
ACCEPTED: constant(uint256) = 2
REJECTED: constant(uint256) = 4
WITHDRAWN: constant(uint256) = 8

UNDER_REVIEW: constant(uint256) = 2**192
_MASK_8: constant(uint256) = 2**8 - 1
_MASK_32: constant(uint256) = 2**32 - 1
_MASK_160: constant(uint256) = 2**160 - 1
_MASK_216: constant(uint256) = 2**216 - 1

contribution_count: public(uint256)

# committed: time (48 bits, of which the top 8 are 0) | block (48) | commitment, its lowest 160
# revealed: status (8 bits, never 0) | score (8) | format (8) | byte count (32) | under review (8) | Datanet (32) |
# contributor (160)
_rows: HashMap[uint256, uint256]
# canonical hash -> id (40 bits) | digest, its first 216; 0 where the hash is free
_contents: HashMap[bytes32, uint256]


@external
@view
def contribution_by_canonical_hash(canonical_hash: bytes32) -> uint256:
    """
    @notice The contribution that holds a content.
    @param canonical_hash Hash of the content in its canonical form.
    @return Its id, 0 where the content is free.
    """
    return self._holder_of(canonical_hash)


@external
@view
def is_content(contribution_id: uint256, digest: bytes32, canonical_hash: bytes32) -> bool:
    """
    @notice Whether a contribution stands for this very file: pending, accepted, or withdrawn once accepted.
    @dev By 216 bits of the digest: nobody makes a second file for it (2^216), nor a pair that shares them (2^108).
    @param contribution_id The contribution, not 0.
    @param digest sha-256 digest of the file's CID.
    @param canonical_hash Hash of the content in its canonical form.
    @return False once the contribution was rejected, or withdrawn before it was accepted.
    """
    content: uint256 = self._contents[canonical_hash]
    is_holder: bool = contribution_id != 0 and contribution_id == content >> 216
    return is_holder and content & _MASK_216 == convert(digest, uint256) >> 40


@internal
def _commit(commitment: bytes32) -> uint256:
    """
    @dev Gives the next id to a commitment. Forty bits of ids outlast any chain: one takes 50,000 gas.
    """
    contribution_id: uint256 = unsafe_add(self.contribution_count, 1)
    self.contribution_count = contribution_id
    self._rows[contribution_id] = (
        block.timestamp << 208 | block.number << 160 | (convert(commitment, uint256) & _MASK_160)
    )
    return contribution_id


@internal
def _record(
    contribution_id: uint256,
    place: uint256,
    digest: bytes32,
    canonical_hash: bytes32,
    byte_count: uint256,
    format: uint256,
):
    """
    @dev The commitment becomes a pending contribution, which holds its content.
    """
    self._rows[contribution_id] = PENDING << 248 | format << 232 | byte_count << 200 | place
    self._contents[canonical_hash] = contribution_id << 216 | convert(digest, uint256) >> 40


@internal
def _free_content(contribution_id: uint256, canonical_hash: bytes32):
    """
    @dev Lets go of the content, so that anybody may contribute it.
    """
    self._check_holds(contribution_id, canonical_hash)
    self._contents[canonical_hash] = 0


@internal
@view
def _check_holds(contribution_id: uint256, canonical_hash: bytes32):
    """
    @dev Pending and accepted contributions always hold their own content and no other.
    """
    assert self._holder_of(canonical_hash) == contribution_id, "contributions: not its canonical hash"


@internal
@view
def _holder_of(canonical_hash: bytes32) -> uint256:
    """
    @dev The contribution that holds the content, 0 where it is free.
    """
    return self._contents[canonical_hash] >> 216


@internal
@view
def _revealed(contribution_id: uint256) -> uint256:
    """
    @dev The row of a revealed contribution, 0 for what is only committed or not even that.
    """
    row: uint256 = self._rows[contribution_id]
    return row if row >> 248 != 0 else 0


@internal
@pure
def _status_of(row: uint256) -> IDatanetRegistry.Status:
    """
    @dev The status in a revealed row; no flag is set for 0, which is no such contribution.
    """
    return convert(row >> 248, IDatanetRegistry.Status)


@internal
@pure
def _datanet_of(row: uint256) -> uint256:
    """
    @dev The Datanet in a revealed row.
    """
    return (row >> 160) & _MASK_32


@internal
@pure
def _contributor_of(row: uint256) -> address:
    """
    @dev The contributor in a revealed row.
    """
    return convert(row & _MASK_160, address)


@internal
@pure
def _score_of(row: uint256) -> uint256:
    """
    @dev The score in a revealed row, 0 but for what was accepted.
    """
    return (row >> 240) & _MASK_8
