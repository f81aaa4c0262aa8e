# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Review verdicts: what an outcome, or none, means for every seat, the budget and the registry
@license AGPL-3.0-only
"""

from ..interfaces import IDatanetRegistry
from ..interfaces import IReviewCourt
from ..interfaces import IValidatorPool
from . import committees
from . import review_appeals
from . import review_budgets
from . import review_cases
from . import review_draws
from . import review_rounds
from . import review_scores
from . import review_votes

uses: committees
uses: review_appeals
uses: review_budgets
uses: review_cases
uses: review_draws
uses: review_rounds
uses: review_votes

# 16 first committees at their largest and 6 seats; a seat costs up to 22,000 gas
MAX_SCORED_SEATS: constant(uint256) = 246
# committees that are drawn for one appeal or audit before the outcome before it stands
MAX_ATTEMPTS: constant(uint256) = 3


@external
def settle(
    contribution_ids: DynArray[uint256, review_draws.MAX_ROUNDS],
    canonical_hashes: DynArray[bytes32, review_draws.MAX_ROUNDS],
):
    """
    @notice Makes outcomes final: pays and fines every seat of every committee, and tells the registry.
    @dev Once for each contribution. The registry checks the canonical hash. Calls go only to the pool, the registry and
         the token, all of the protocol.
    @param contribution_ids Contributions whose audit is decided and whose appeal window is over, at most 16, with 246
           seats in all.
    @param canonical_hashes Their canonical hashes, in the same order.
    """
    assert len(contribution_ids) == len(canonical_hashes), "court: hashes do not match ids"
    seats: uint256 = 0
    for i: uint256 in range(len(contribution_ids), bound=review_draws.MAX_ROUNDS):
        seats += self._settle(contribution_ids[i], canonical_hashes[i])
    self._finish(seats)


@internal
def _settle(contribution_id: uint256, canonical_hash: bytes32) -> uint256:
    """
    @dev Makes one outcome final. Returns how many seats it scored.
    """
    round: review_rounds.Round = review_rounds._load(contribution_id)
    outcome: review_rounds.Outcome = review_rounds._load_outcome(contribution_id)
    assert round.phase == review_rounds.PROVISIONAL, "court: nothing to settle"
    # nobody can appeal against the last level
    is_last: bool = round.level == review_rounds.LEVELS - 1
    window_ends_at: uint256 = outcome.tallied_at + review_appeals.APPEAL_SECONDS
    assert is_last or block.timestamp >= window_ends_at, "court: appeal window not over"
    round.phase = review_rounds.SETTLED
    review_rounds._store(contribution_id, round)
    case: review_cases.Case = review_cases._load(contribution_id)
    is_accepted: bool = review_rounds._is_accepted(outcome)
    deciding_level: uint256 = review_rounds._deciding_level(outcome)
    seats: uint256 = 0
    for level: uint256 in range(review_rounds.LEVELS):
        # one that did not decide is paid, and its appeal resolved
        if (outcome.decided >> level) & 1 == 1:
            mode: uint256 = review_scores.PEERS if level == deciding_level else review_scores.JUDGED
            spent_wei: uint256 = self._score(contribution_id, case, level, mode, outcome)
            review_appeals._close_level(contribution_id, case, level, outcome, spent_wei)
            seats += review_rounds._size_of(case.terms.committee_size, level)
    log IReviewCourt.Settled(
        contribution_id=contribution_id,
        level=deciding_level,
        is_accepted=is_accepted,
        score=outcome.score,
        is_abusive=outcome.is_abusive,
    )
    extcall IDatanetRegistry(review_cases.DATANET_REGISTRY).resolve(
        contribution_id, canonical_hash, is_accepted, outcome.score, outcome.is_abusive
    )
    return seats


@internal
def _draw_again(contribution_id: uint256, round: review_rounds.Round, outcome: review_rounds.Outcome):
    """
    @dev Pays and fines a committee that did not decide, and opens another attempt if the budget replaces its pay. Else
         a first level ends until somebody funds and opens it, and a higher one leaves the outcome before it to stand.
    """
    case: review_cases.Case = review_cases._load(contribution_id)
    spent_wei: uint256 = self._score(contribution_id, case, round.level, review_scores.UNDECIDED, outcome)
    review_votes._clear(committees._key(contribution_id, round.level), round.size)
    left_wei: uint256 = review_cases._reserve_wei(case.terms, round.level) - spent_wei
    attempt: uint256 = min(round.attempt + 1, 255)
    if (round.level == 0 or attempt < MAX_ATTEMPTS) and review_budgets._take(round.datanet_id, spent_wei):
        review_draws._open(contribution_id, case, round.level, attempt)
    elif round.level == 0:
        review_budgets.budget[round.datanet_id] += left_wei
        ended: review_rounds.Round = empty(review_rounds.Round)
        ended.datanet_id = round.datanet_id
        ended.attempt = attempt
        review_rounds._store(contribution_id, ended)
    else:
        self._stand(contribution_id, round, outcome, left_wei)


@internal
def _stand(contribution_id: uint256, round: review_rounds.Round, outcome: review_rounds.Outcome, left_wei: uint256):
    """
    @dev Lets the outcome of the level before stand for good, since no larger committee came together; nobody lost the
         appeal.
    """
    standing: review_rounds.Outcome = outcome
    standing.tallied_at = 0
    review_rounds._store_outcome(contribution_id, standing)
    ended: review_rounds.Round = round
    ended.phase = review_rounds.PROVISIONAL
    review_rounds._store(contribution_id, ended)
    appellant: address = review_appeals.appellant[contribution_id][round.level]
    if appellant == empty(address):
        review_budgets.budget[round.datanet_id] += left_wei
    else:
        paid_wei: uint256 = review_appeals.APPEAL_BOND_WEI + left_wei
        review_appeals._resolve_appeal(contribution_id, appellant, round.level, False, paid_wei)


@internal
def _score(
    contribution_id: uint256, case: review_cases.Case, level: uint256, mode: uint256, outcome: review_rounds.Outcome
) -> uint256:
    """
    @dev Pays and fines every seat of a committee. Returns what it paid in wei, at most what was reserved.
    """
    key: uint256 = committees._key(contribution_id, level)
    size: uint256 = review_rounds._size_of(case.terms.committee_size, level)
    validators: DynArray[address, committees.MAX_SIZE] = staticcall IValidatorPool(
        review_budgets.VALIDATOR_POOL
    ).validators_of(committees._get(key, size))
    basis: review_scores.Basis = review_scores.Basis(
        contribution_id=contribution_id,
        mode=mode,
        is_accepted=review_rounds._is_accepted(outcome),
        seed=keccak256(abi_encode(outcome.seed, key)),
        fee_wei=case.terms.review_fee_wei,
        reward_wei=case.terms.review_reward_wei,
    )
    amounts: DynArray[int256, committees.MAX_SIZE] = review_scores._scores(
        review_votes._get(key, size), validators, basis
    )
    spent_wei: uint256 = 0
    for i: uint256 in range(size, bound=committees.MAX_SIZE):
        if validators[i] == empty(address):
            continue
        amount: int256 = amounts[i]
        if amount < 0:
            taken_wei: uint256 = review_budgets._charge(case.datanet_id, validators[i], convert(-amount, uint256))
            amount = -convert(taken_wei, int256)
        else:
            spent_wei += convert(amount, uint256)
            review_budgets.earnings[validators[i]] += convert(amount, uint256)
        log IReviewCourt.SeatScored(
            contribution_id=contribution_id, validator=validators[i], level=level, position=i, amount_wei=amount
        )
    return spent_wei


@internal
def _finish(seats: uint256):
    """
    @dev Keeps a call that scored so many seats within a block's gas, and burns and pays what it took.
    """
    assert seats <= MAX_SCORED_SEATS, "court: too many seats"
    review_budgets._flush()
