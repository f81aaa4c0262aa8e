# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Commitments: say first that you have something, show later what it is
@license AGPL-3.0-only
@notice A contribution is revealed at least one block and at most a day after its commitment, and its id, which the
        commitment gets, is its rank in time. Whoever copies a reveal out of the mempool has no older commitment to it.
@dev A commitment binds its contributor, and each call gets its own id: to repeat another's is of no use and blocks
     nobody. The row keeps 160 bits: a second file for a commitment is 2^160 hashes away. With 2^80 a committer could
     hold two files for one commitment, and gains no more than a choice between his own.
"""

from ..interfaces import IDatanetRegistry
from . import contributions

uses: contributions

MAX_REVEAL_SECONDS: constant(uint256) = 86_400
_MASK_48: constant(uint256) = 2**48 - 1


@external
@reentrant  # it calls nobody, and the lock costs 330 gas
def commit(commitment: bytes32) -> uint256:
    """
    @notice Commits you to a contribution without showing it; `commitment_of` says what to commit.
    @dev Not renewed: after a day the id is void for ever, and you commit again.
    @param commitment The hash that your reveal must match.
    @return The contribution's id, from 1, in the order of commitments.
    """
    contribution_id: uint256 = contributions._commit(commitment)
    log IDatanetRegistry.Committed(contribution_id=contribution_id, contributor=msg.sender, commitment=commitment)
    return contribution_id


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
@view
def _check_opens(contribution_id: uint256, commitment: bytes32) -> uint256:
    """
    @dev The contribution is committed to this and may be revealed now; returns the commitment's block number.
    """
    row: uint256 = contributions._rows[contribution_id]
    assert row >> 248 == 0, "commitments: already revealed"
    # what is left of the difference are the lowest 160 bits
    assert (row ^ convert(commitment, uint256)) << 96 == 0, "commitments: not what was committed"
    commit_block: uint256 = (row >> 160) & _MASK_48
    assert block.number > commit_block, "commitments: reveal needs a later block"
    assert block.timestamp <= unsafe_add(row >> 208, MAX_REVEAL_SECONDS), "commitments: reveal too late"
    return commit_block
