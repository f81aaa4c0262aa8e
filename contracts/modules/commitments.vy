# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Commitments: say first that you have something, show later what it is
@license AGPL-3.0-only
@notice A contribution is revealed at least one block and at most a day after its commitment, and its rank in time is
        the commitment's block. Whoever copies a reveal out of the mempool has no older commitment to it.
@dev A commitment is kept by sender, so that nobody blocks another's by sending the same hash first.
"""

from ..interfaces import IDatanetRegistry

MAX_REVEAL_SECONDS: constant(uint256) = 86_400

# sender -> commitment -> time (48 bits) | block number (48 bits)
_commitments: HashMap[address, HashMap[bytes32, uint256]]


@external
def commit(commitment: bytes32):
    """
    @notice Commits you to a contribution without showing it; `commitment_of` says what to commit.
    @dev One that waits is not renewed, so that it keeps its block; after a day it is void and may be made again.
    @param commitment The hash that your reveal must match.
    """
    assert commitment != empty(bytes32), "commitments: commitment is zero"
    waiting: uint256 = self._commitments[msg.sender][commitment]
    assert waiting == 0 or self._is_stale(waiting), "commitments: already committed"
    self._commitments[msg.sender][commitment] = block.timestamp << 48 | block.number
    log IDatanetRegistry.Committed(contributor=msg.sender, commitment=commitment)


@external
@pure
def commitment_of(
    contributor: address, datanet_id: uint256, digest: bytes32, canonical_hash: bytes32, salt: bytes32
) -> bytes32:
    """
    @notice The commitment of a contribution. Compute it on your own machine: a node that you ask learns the digest.
    @dev Binds the contributor, so that another's commitment is of no use.
    @param contributor Who will reveal.
    @param datanet_id The Datanet contributed to.
    @param digest sha-256 digest of the file's CID.
    @param canonical_hash Hash of the content in its canonical form.
    @param salt 32 random bytes.
    @return The hash to commit.
    """
    return self._commitment_of(contributor, datanet_id, digest, canonical_hash, salt)


@internal
@pure
def _commitment_of(
    contributor: address, datanet_id: uint256, digest: bytes32, canonical_hash: bytes32, salt: bytes32
) -> bytes32:
    """
    @dev As docs/formats.md says, "Content".
    """
    return keccak256(abi_encode(contributor, datanet_id, digest, canonical_hash, salt))


@internal
def _consume(commitment: bytes32) -> uint256:
    """
    @dev Uses up the sender's commitment and returns its block number.
    """
    waiting: uint256 = self._commitments[msg.sender][commitment]
    assert waiting != 0, "commitments: nothing committed"
    commit_block: uint256 = waiting & (2**48 - 1)
    assert block.number > commit_block, "commitments: reveal needs a later block"
    assert not self._is_stale(waiting), "commitments: reveal too late"
    self._commitments[msg.sender][commitment] = 0
    return commit_block


@internal
@view
def _is_stale(waiting: uint256) -> bool:
    """
    @dev Whether more than a day has passed since the commitment.
    """
    return block.timestamp > (waiting >> 48) + MAX_REVEAL_SECONDS
