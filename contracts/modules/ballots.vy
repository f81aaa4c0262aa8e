# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Ballots: votes by the voter or by the voter's signature
@license AGPL-3.0-only
@notice One vote an account and proposal, with the power that it had at the proposal's snapshot.
"""

from ..interfaces import IOpenGovernor
from . import account_signatures
from . import proposal_rows
from . import proposals
from . import quorum_fraction
from . import tallies
from snekmate.utils import eip712_domain_separator

uses: proposal_rows
uses: proposals
uses: quorum_fraction
uses: tallies
uses: eip712_domain_separator

BALLOT_TYPEHASH: public(constant(bytes32)) = keccak256(
    "Ballot(uint256 proposalId,uint8 support,address voter,uint256 nonce)"
)
EXTENDED_BALLOT_TYPEHASH: public(constant(bytes32)) = keccak256(
    "ExtendedBallot(uint256 proposalId,uint8 support,address voter,uint256 nonce,string reason,bytes params)"
)
MAX_REASON_BYTES: constant(uint256) = 2_048
MAX_PARAMS_BYTES: constant(uint256) = 1_024
MAX_SIGNATURE_BYTES: constant(uint256) = account_signatures.MAX_BYTES

nonces: public(reentrant(HashMap[address, uint256]))
hasVoted: public(reentrant(HashMap[uint256, HashMap[address, bool]]))


@external
@pure
def COUNTING_MODE() -> String[32]:
    """
    @notice How votes are counted, for machines.
    @dev A constant.
    @return `support=bravo&quorum=for,abstain`.
    """
    return "support=bravo&quorum=for,abstain"


@external
def castVote(proposalId: uint256, support: uint8) -> uint256:
    """
    @notice Casts your vote.
    @dev The power is that of a second in the past, which no transaction of now can change.
    @param proposalId An active proposal.
    @param support 0 against, 1 for, 2 abstaining.
    @return The vote's weight in wei of gOPEN.
    """
    return self._cast(proposalId, msg.sender, support, "", b"")


@external
def castVoteWithReason(proposalId: uint256, support: uint8, reason: String[MAX_REASON_BYTES]) -> uint256:
    """
    @notice Casts your vote and says why.
    @dev As `castVote`; the reason is in the event alone.
    @param proposalId An active proposal.
    @param support 0 against, 1 for, 2 abstaining.
    @param reason At most 2,048 bytes.
    @return The vote's weight in wei of gOPEN.
    """
    return self._cast(proposalId, msg.sender, support, reason, b"")


@external
def castVoteWithReasonAndParams(
    proposalId: uint256, support: uint8, reason: String[MAX_REASON_BYTES], params: Bytes[MAX_PARAMS_BYTES]
) -> uint256:
    """
    @notice Casts your vote, says why and logs bytes for other readers.
    @dev As `castVote`; simple counting takes nothing from the parameters.
    @param proposalId An active proposal.
    @param support 0 against, 1 for, 2 abstaining.
    @param reason At most 2,048 bytes.
    @param params At most 1,024 bytes.
    @return The vote's weight in wei of gOPEN.
    """
    return self._cast(proposalId, msg.sender, support, reason, params)


@external
def castVoteBySig(
    proposalId: uint256, support: uint8, voter: address, signature: Bytes[MAX_SIGNATURE_BYTES]
) -> uint256:
    """
    @notice Casts the vote of whoever signed an EIP-712 `Ballot`; anyone may send it.
    @dev The nonce counts once, the domain binds chain and contract. A contract is asked by ERC-1271.
    @param proposalId An active proposal.
    @param support 0 against, 1 for, 2 abstaining.
    @param voter Who signed.
    @param signature 65 bytes r, s, v of an account; at most 2,048 bytes of whatever a contract expects.
    @return The vote's weight in wei of gOPEN.
    """
    nonce: uint256 = self._use_nonce(voter)
    self._check_signature(
        voter, keccak256(abi_encode(BALLOT_TYPEHASH, proposalId, support, voter, nonce)), signature
    )
    return self._cast(proposalId, voter, support, "", b"")


@external
def castVoteWithReasonAndParamsBySig(
    proposalId: uint256,
    support: uint8,
    voter: address,
    reason: String[MAX_REASON_BYTES],
    params: Bytes[MAX_PARAMS_BYTES],
    signature: Bytes[MAX_SIGNATURE_BYTES],
) -> uint256:
    """
    @notice Casts the vote of whoever signed an EIP-712 `ExtendedBallot`; anyone may send it.
    @dev As `castVoteBySig`; reason and parameters are signed too.
    @param proposalId An active proposal.
    @param support 0 against, 1 for, 2 abstaining.
    @param voter Who signed.
    @param reason At most 2,048 bytes.
    @param params At most 1,024 bytes.
    @param signature 65 bytes r, s, v of an account; at most 2,048 bytes of whatever a contract expects.
    @return The vote's weight in wei of gOPEN.
    """
    nonce: uint256 = self._use_nonce(voter)
    struct_hash: bytes32 = keccak256(
        abi_encode(
            EXTENDED_BALLOT_TYPEHASH, proposalId, support, voter, nonce, keccak256(reason), keccak256(params)
        )
    )
    self._check_signature(voter, struct_hash, signature)
    return self._cast(proposalId, voter, support, reason, params)


@internal
def _cast(
    proposal_id: uint256,
    voter: address,
    support: uint8,
    reason: String[MAX_REASON_BYTES],
    params: Bytes[MAX_PARAMS_BYTES],
) -> uint256:
    """
    @dev Counts one vote and looks whether it reaches the quorum.
    """
    assert proposals._state(proposal_id) == proposals.ACTIVE, "governor: vote is not open"
    assert not self.hasVoted[proposal_id][voter], "governor: already voted"
    self.hasVoted[proposal_id][voter] = True
    snapshot: uint256 = proposal_rows._snapshot(proposal_rows._rows[proposal_id])
    weight: uint256 = quorum_fraction._votes(voter, snapshot)
    tallies._count(proposal_id, support, weight)
    if len(params) == 0:
        log IOpenGovernor.VoteCast(
            voter=voter, proposalId=proposal_id, support=support, weight=weight, reason=reason
        )
    else:
        log IOpenGovernor.VoteCastWithParams(
            voter=voter, proposalId=proposal_id, support=support, weight=weight, reason=reason, params=params
        )
    if support != tallies.AGAINST:
        tallies._look_for_quorum(proposal_id)
    return weight


@internal
def _use_nonce(voter: address) -> uint256:
    """
    @dev The voter's next nonce, which no other ballot can have after this.
    """
    nonce: uint256 = self.nonces[voter]
    self.nonces[voter] = nonce + 1
    return nonce


@internal
@view
def _check_signature(voter: address, struct_hash: bytes32, signature: Bytes[MAX_SIGNATURE_BYTES]):
    """
    @dev The digest binds the struct to this chain and this contract.
    """
    digest: bytes32 = eip712_domain_separator._hash_typed_data_v4(struct_hash)
    assert account_signatures._is_valid(voter, digest, signature), "governor: not signed by voter"
