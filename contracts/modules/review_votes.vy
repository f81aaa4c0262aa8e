# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Review votes: what each seat committed to and revealed, and what its validator had voted before
@license AGPL-3.0-only
@notice A commitment binds validator, contribution, level and position, so that a copied one cannot be revealed by
        anyone else, or anywhere else. A revealed vote keeps its validator's five votes before it in the same Datanet:
        they are what the scoring compares with, and a seed picks from them that nobody knows yet.
"""

from . import committees

MAX_SCORE: constant(uint256) = 100
# reasons of a rejection, 1 to 8; docs/formats.md lists them
DUPLICATE: constant(uint256) = 4
UNLAWFUL: constant(uint256) = 6
SPAM: constant(uint256) = 8
MAX_REASON: constant(uint256) = 8

COMMITTED: constant(uint256) = 1
REVEALED: constant(uint256) = 2
EARLIER: constant(uint256) = 5
_MASK_48: constant(uint256) = 2**48 - 1
_MASK_240: constant(uint256) = 2**240 - 1

# committee key => position => state (8 bits) | commitment (248), and once revealed
# state (8 bits) | is accepted (8) | five earlier votes (48 each: contribution id << 1 | is accepted), newest lowest
_votes: HashMap[uint256, uint256[committees.MAX_SIZE]]
# Datanet => validator => the last five votes, as above
_histories: HashMap[uint256, HashMap[address, uint256]]


@external
@pure
def vote_commitment(
    validator: address,
    contribution_id: uint256,
    level: uint256,
    position: uint256,
    is_accepted: bool,
    score: uint256,
    reason: uint256,
    reason_digest: bytes32,
    salt: bytes32,
) -> bytes32:
    """
    @notice What a seat commits to before it reveals its vote.
    @dev The salt must be random and new for every vote, also where a validator votes again at the same position: there
         are few votes, and without it anyone can try them all.
    @param validator The seat's validator.
    @param contribution_id The contribution.
    @param level The committee's level, 0 to 2.
    @param position The seat's position in the committee.
    @param is_accepted The vote.
    @param score 1 to 100 to accept, 0 to reject.
    @param reason 0 to accept, 1 to 8 to reject.
    @param reason_digest sha-256 of the reasons in words, zero for none.
    @param salt 32 random bytes.
    @return keccak-256 of the ABI encoding of all of these.
    """
    return self._commitment(
        validator, contribution_id, level, position, is_accepted, score, reason, reason_digest, salt
    )


@internal
@pure
def _commitment(
    validator: address,
    contribution_id: uint256,
    level: uint256,
    position: uint256,
    is_accepted: bool,
    score: uint256,
    reason: uint256,
    reason_digest: bytes32,
    salt: bytes32,
) -> bytes32:
    """
    @dev As `vote_commitment` says.
    """
    return keccak256(
        abi_encode(validator, contribution_id, level, position, is_accepted, score, reason, reason_digest, salt)
    )


@internal
def _commit(key: uint256, position: uint256, commitment: bytes32):
    """
    @dev Keeps the commitment's highest 248 bits, once for each seat.
    """
    assert self._votes[key][position] == 0, "court: already committed"
    self._votes[key][position] = COMMITTED << 248 | convert(commitment, uint256) >> 8


@internal
def _reveal(key: uint256, position: uint256, commitment: bytes32, datanet_id: uint256, is_accepted: bool):
    """
    @dev Replaces the sender's commitment by the vote and the votes before it, and remembers it as the newest of them.
    """
    committed: uint256 = COMMITTED << 248 | convert(commitment, uint256) >> 8
    assert self._votes[key][position] == committed, "court: not what was committed"
    history: uint256 = self._histories[datanet_id][msg.sender]
    accepted: uint256 = convert(is_accepted, uint256)
    self._votes[key][position] = REVEALED << 248 | accepted << 240 | history
    contribution_id: uint256 = key >> 8
    # a second seat in one committee adds nothing that the scoring could compare with
    if (history & _MASK_48) >> 1 != contribution_id:
        self._histories[datanet_id][msg.sender] = (history << 48 | contribution_id << 1 | accepted) & _MASK_240


@internal
@view
def _get(key: uint256, size: uint256) -> DynArray[uint256, committees.MAX_SIZE]:
    """
    @dev The words of a committee's votes.
    """
    votes: DynArray[uint256, committees.MAX_SIZE] = []
    for position: uint256 in range(size, bound=committees.MAX_SIZE):
        votes.append(self._votes[key][position])
    return votes


@internal
def _clear(key: uint256, size: uint256):
    """
    @dev Makes room for the votes of a committee that is drawn again.
    """
    for position: uint256 in range(size, bound=committees.MAX_SIZE):
        self._votes[key][position] = 0


@internal
@pure
def _check(is_accepted: bool, score: uint256, reason: uint256):
    """
    @dev An acceptance has a score and no reason, a rejection a reason and no score.
    """
    if is_accepted:
        assert 0 < score, "court: accepts without a score"
        assert score <= MAX_SCORE, "court: score above 100"
        assert reason == 0, "court: accepts with a reason"
    else:
        assert score == 0, "court: rejects with a score"
        assert 0 < reason, "court: rejects without a reason"
        assert reason <= MAX_REASON, "court: unknown reason"
