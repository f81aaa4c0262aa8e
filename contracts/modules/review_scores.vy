# pragma version ~=0.4.3
"""
@title Review scores: what each seat of a committee earns or loses by its vote
@license AGPL-3.0-only
@notice Everyone who reveals gets the fee f. Who was right or wrong by the word of a larger committee gets r or loses
        5 r. Where none was asked, Dasgupta & Ghosh 2013: r for agreeing with a peer on this contribution, minus r for
        agreeing with the same peer on two other, different contributions, one of each's own earlier ones. Votes that
        follow no evidence agree on this one as often as on those, so they earn nothing on average, whatever the share
        of good work. Peer and earlier contributions are chosen by a seed that nobody knows before all have revealed:
        who knew his peer could agree with him beforehand. A seat that does not reveal loses 5 r.
"""

from . import committees
from . import review_votes

# how the committee's votes are judged: by nobody, since too few revealed; by a larger committee; by each other
UNDECIDED: constant(uint256) = 0
JUDGED: constant(uint256) = 1
PEERS: constant(uint256) = 2

# how many rewards a wrong vote or a missing one costs
LOSS_FACTOR: constant(uint256) = 5
_MASK_48: constant(uint256) = 2**48 - 1

struct Basis:
    contribution_id: uint256
    mode: uint256
    is_accepted: bool
    seed: bytes32
    fee_wei: uint256
    reward_wei: uint256


@internal
@pure
def _scores(
    votes: DynArray[uint256, committees.MAX_SIZE], validators: DynArray[address, committees.MAX_SIZE], basis: Basis
) -> DynArray[int256, committees.MAX_SIZE]:
    """
    @dev What each seat earns in wei, less than 0 for what it loses; never more than fee and reward together. A seat
         without a validator gets 0.
    """
    reward: int256 = convert(basis.reward_wei, int256)
    loss: int256 = convert(LOSS_FACTOR * basis.reward_wei, int256)
    amounts: DynArray[int256, committees.MAX_SIZE] = []
    for i: uint256 in range(len(votes), bound=committees.MAX_SIZE):
        amount: int256 = 0
        if votes[i] >> 248 == review_votes.REVEALED:
            amount = convert(basis.fee_wei, int256)
            if basis.mode == JUDGED:
                is_right: bool = (votes[i] >> 240) & 1 == convert(basis.is_accepted, uint256)
                amount += reward if is_right else -loss
            elif basis.mode == PEERS:
                random: uint256 = convert(keccak256(abi_encode(basis.seed, i)), uint256)
                peer: uint256 = len(votes)
                for step: uint256 in range(len(votes), bound=committees.MAX_SIZE):
                    candidate: uint256 = (random + step) % len(votes)
                    if votes[candidate] >> 248 == review_votes.REVEALED and validators[candidate] != validators[i]:
                        peer = candidate
                        break
                if peer < len(votes):
                    amount += reward * self._agreement(votes[i], votes[peer], basis.contribution_id, random >> 64)
        elif validators[i] != empty(address):
            amount = -loss
        amounts.append(amount)
    return amounts


@internal
@pure
def _agreement(vote: uint256, peer_vote: uint256, contribution_id: uint256, random: uint256) -> int256:
    """
    @dev 1 for agreeing on the contribution, minus 1 for agreeing on two different earlier ones; 0 where one of the two
         has no earlier vote to compare with, or newcomers would be paid for blind agreement.
    """
    own_earlier: uint256 = self._earlier(vote, contribution_id, 0, random)
    peer_earlier: uint256 = self._earlier(peer_vote, contribution_id, own_earlier >> 1, random >> 64)
    if own_earlier == 0 or peer_earlier == 0:
        return 0
    agrees_here: uint256 = convert((vote ^ peer_vote) & (1 << 240) == 0, uint256)
    agrees_elsewhere: uint256 = convert((own_earlier ^ peer_earlier) & 1 == 0, uint256)
    return convert(agrees_here, int256) - convert(agrees_elsewhere, int256)


@internal
@pure
def _earlier(vote: uint256, contribution_id: uint256, other_id: uint256, random: uint256) -> uint256:
    """
    @dev One of the votes before this one, on neither of the two contributions, from a random one on; 0 for none.
    """
    for step: uint256 in range(review_votes.EARLIER):
        slot: uint256 = (random % review_votes.EARLIER + step) % review_votes.EARLIER
        entry: uint256 = (vote >> (48 * slot)) & _MASK_48
        if entry != 0 and entry >> 1 != contribution_id and entry >> 1 != other_id:
            return entry
    return 0
