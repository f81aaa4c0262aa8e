# pragma version ~=0.4.3
"""
@title Review rounds: where each contribution's review stands
@license AGPL-3.0-only
@notice One word for the committee at work, one for what the committees so far decided.
"""

from . import committees

struct Round:
    datanet_id: uint256
    score_sum: uint256
    abuse_rejects: uint256
    accepts: uint256
    revealed: uint256
    committed: uint256
    present: uint256
    size: uint256
    attempt: uint256
    phase: uint256
    level: uint256
    draw_block: uint256
    drawn_at: uint256
    commit_ends_at: uint256


# `decided` and `accepted` have a bit for each level; score and abuse are those of the highest decided one
struct Outcome:
    decided: uint256
    accepted: uint256
    score: uint256
    is_abusive: bool
    tallied_at: uint256
    seed: uint256


# members of IReviewCourt.Phase, which Vyper 0.4.3 cannot name through the interface
OPENED: constant(uint256) = 1
VOTING: constant(uint256) = 2
TALLIED: constant(uint256) = 4
PROVISIONAL: constant(uint256) = 8
SETTLED: constant(uint256) = 16

LEVELS: constant(uint256) = 3
_MASK_8: constant(uint256) = 2**8 - 1
_MASK_16: constant(uint256) = 2**16 - 1
_MASK_32: constant(uint256) = 2**32 - 1
_MASK_40: constant(uint256) = 2**40 - 1
_MASK_48: constant(uint256) = 2**48 - 1

# commit_ends_at (40 bits) | drawn_at (40) | draw block (40) | level (8) | phase (8) | attempt (8) | size (8)
# | present (8) | committed (8) | revealed (8) | accepts (8) | abuse rejects (8) | score sum (16) | Datanet (32)
_rounds: HashMap[uint256, uint256]
# seed (176 bits) | tallied_at (48) | is abusive (8) | score (8) | accepted (8) | decided (8)
_outcomes: HashMap[uint256, uint256]


@internal
@view
def _load(contribution_id: uint256) -> Round:
    """
    @dev The contribution's latest round, unpacked; all zero before the first.
    """
    word: uint256 = self._rounds[contribution_id]
    return Round(
        datanet_id=word & _MASK_32,
        score_sum=(word >> 32) & _MASK_16,
        abuse_rejects=(word >> 48) & _MASK_8,
        accepts=(word >> 56) & _MASK_8,
        revealed=(word >> 64) & _MASK_8,
        committed=(word >> 72) & _MASK_8,
        present=(word >> 80) & _MASK_8,
        size=(word >> 88) & _MASK_8,
        attempt=(word >> 96) & _MASK_8,
        phase=(word >> 104) & _MASK_8,
        level=(word >> 112) & _MASK_8,
        draw_block=(word >> 120) & _MASK_40,
        drawn_at=(word >> 160) & _MASK_40,
        commit_ends_at=word >> 200,
    )


@internal
def _store(contribution_id: uint256, round: Round):
    """
    @dev Packs the round into its word. No count passes the size, at most 41, and no sum 41 scores of 100.
    """
    self._rounds[contribution_id] = (
        round.commit_ends_at << 200
        | round.drawn_at << 160
        | round.draw_block << 120
        | round.level << 112
        | round.phase << 104
        | round.attempt << 96
        | round.size << 88
        | round.present << 80
        | round.committed << 72
        | round.revealed << 64
        | round.accepts << 56
        | round.abuse_rejects << 48
        | round.score_sum << 32
        | round.datanet_id
    )


@internal
@view
def _load_outcome(contribution_id: uint256) -> Outcome:
    """
    @dev What the committees so far decided, unpacked.
    """
    word: uint256 = self._outcomes[contribution_id]
    return Outcome(
        decided=word & _MASK_8,
        accepted=(word >> 8) & _MASK_8,
        score=(word >> 16) & _MASK_8,
        is_abusive=(word >> 24) & _MASK_8 != 0,
        tallied_at=(word >> 32) & _MASK_48,
        seed=word >> 80,
    )


@internal
def _store_outcome(contribution_id: uint256, outcome: Outcome):
    """
    @dev Packs the outcome into its word; of the seed, the lowest 176 bits stay.
    """
    self._outcomes[contribution_id] = (
        outcome.seed << 80
        | outcome.tallied_at << 32
        | convert(outcome.is_abusive, uint256) << 24
        | outcome.score << 16
        | outcome.accepted << 8
        | outcome.decided
    )


@internal
@pure
def _deciding_level(outcome: Outcome) -> uint256:
    """
    @dev The highest level that decided, 0 where none did.
    """
    return 2 if outcome.decided & 4 != 0 else (outcome.decided >> 1) & 1


@internal
@pure
def _is_accepted(outcome: Outcome) -> bool:
    """
    @dev What the highest level that decided said.
    """
    return (outcome.accepted >> self._deciding_level(outcome)) & 1 == 1


@internal
@pure
def _count(round: Round, outcome: Outcome) -> Outcome:
    """
    @dev The outcome with the votes of this round counted in. Two thirds of all seats accept, absent ones count against;
         the score is the floor of the accepting votes' mean; abuse is what more than half of the rejecting votes name.
    """
    counted: Outcome = outcome
    counted.decided |= 1 << round.level
    counted.score = 0
    counted.is_abusive = False
    if 3 * round.accepts >= 2 * round.size:
        counted.accepted |= 1 << round.level
        counted.score = round.score_sum // round.accepts
    else:
        counted.is_abusive = 2 * round.abuse_rejects > round.revealed - round.accepts
    return counted


@internal
@pure
def _size_of(committee_size: uint256, level: uint256) -> uint256:
    """
    @dev Seats of the committee of a level: n, 3 n, 41; never more than 41.
    """
    if level == 0:
        return committee_size
    return min(3 * committee_size, committees.MAX_SIZE) if level == 1 else committees.MAX_SIZE
