# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title The court: committees of validators, drawn by lot, decide on contributions
@license AGPL-3.0-only
@notice A contribution's review: `open_rounds` fixes a block, whose hash draws the committee in `draw_committees`; its
        seats `commit_votes`, then `reveal_votes`; `tally` counts. One outcome in ten, by a block that is fixed only
        then, goes to a larger committee (`audit`), as does any that somebody appeals against with a bond (`appeal`).
        `settle` pays and fines every seat and tells the registry. Anyone may take every step that is not a vote.
@dev Powers: nobody has any; parameters are fixed for ever. The court is the only one that decides contributions and
     takes validators' stake, by the rules here. Solvency: the review budgets module says it. Nobody knows a committee
     when its draw is fixed; nobody knows, when he reveals, whether his vote is audited or with whose it is compared.
     The registry, the pool and the token are the protocol's own and call nobody back.
@custom:halt Nothing can be halted here. The owner of registry and pool, the timelock, can name another court there.
"""

from .interfaces import IDatanetRegistry
from .interfaces import IReviewCourt
from .interfaces import IValidatorPool
from .modules import committees
from .modules import review_appeals
from .modules import review_budgets
from .modules import review_cases
from .modules import review_draws
from .modules import review_rounds
from .modules import review_verdicts
from .modules import review_votes
from .modules import review_voting

implements: IReviewCourt
initializes: committees
initializes: review_budgets
initializes: review_cases
initializes: review_rounds
initializes: review_votes
initializes: review_voting[
    committees := committees,
    review_budgets := review_budgets,
    review_rounds := review_rounds,
    review_votes := review_votes,
]
initializes: review_draws[
    committees := committees,
    review_budgets := review_budgets,
    review_cases := review_cases,
    review_rounds := review_rounds,
    review_voting := review_voting,
]
initializes: review_appeals[
    review_budgets := review_budgets,
    review_cases := review_cases,
    review_draws := review_draws,
    review_rounds := review_rounds,
]
initializes: review_verdicts[
    committees := committees,
    review_appeals := review_appeals,
    review_budgets := review_budgets,
    review_cases := review_cases,
    review_draws := review_draws,
    review_rounds := review_rounds,
    review_votes := review_votes,
]

exports: (
    review_budgets.OPEN_TOKEN,
    review_budgets.VALIDATOR_POOL,
    review_budgets.TREASURY,
    review_budgets.budget,
    review_budgets.earnings,
    review_budgets.withdraw_earnings,
)
exports: review_cases.DATANET_REGISTRY
exports: (review_draws.open_rounds, review_draws.draw_committees)
exports: (
    review_voting.COMMIT_SECONDS,
    review_voting.REVEAL_SECONDS,
    review_voting.commit_votes,
    review_voting.reveal_votes,
    review_votes.vote_commitment,
)
exports: (
    review_appeals.APPEAL_SECONDS,
    review_appeals.APPEAL_BOND_WEI,
    review_appeals.appeal,
    review_appeals.appeal_cost,
    review_appeals.appellant,
)
exports: review_verdicts.settle

FULL_BPS: constant(uint256) = 10_000

AUDIT_BPS: public(immutable(uint256))
LONGEST_REVIEW_SECONDS: public(immutable(uint256))


@deploy
def __init__(
    open_token: address,
    datanet_registry: address,
    validator_pool: address,
    treasury: address,
    commit_seconds: uint256,
    reveal_seconds: uint256,
    appeal_seconds: uint256,
    appeal_bond_wei: uint256,
    audit_bps: uint256,
):
    """
    @notice Binds the court to its parameters for ever.
    @dev A seat may have to wait for its verdict through one committee of level 0, three each of levels 1 and 2, and two
         appeal windows; one more of each is for whoever takes the steps in between. Stake leaves more slowly than that.
    @param open_token The OPEN token.
    @param datanet_registry What the court decides on.
    @param validator_pool Whom it draws, and whose stake it takes.
    @param treasury Gets half of the bonds of lost appeals.
    @param commit_seconds How long a committee has to commit, more than 0.
    @param reveal_seconds How long it then has to reveal, more than 0.
    @param appeal_seconds How long an outcome can be appealed against, more than 0.
    @param appeal_bond_wei Wei of OPEN that an appellant puts down, more than 0.
    @param audit_bps Which share of first outcomes is audited, at most 10,000.
    """
    assert audit_bps <= FULL_BPS, "court: audits above all"
    review_budgets.__init__(open_token, validator_pool, treasury)
    review_cases.__init__(datanet_registry)
    review_voting.__init__(commit_seconds, reveal_seconds)
    review_appeals.__init__(appeal_seconds, appeal_bond_wei)
    AUDIT_BPS = audit_bps
    LONGEST_REVIEW_SECONDS = (2 + 2 * review_verdicts.MAX_ATTEMPTS) * (commit_seconds + reveal_seconds) + (
        3 * appeal_seconds
    )
    cooldown_seconds: uint256 = staticcall IValidatorPool(validator_pool).LEAVE_COOLDOWN_SECONDS()
    assert cooldown_seconds >= LONGEST_REVIEW_SECONDS, "court: cooldown too short"


# anyone
@external
def fund(datanet_id: uint256, amount_wei: uint256):
    """
    @notice Adds your OPEN to a Datanet's review budget, for ever; approve this contract first.
    @dev Pays reviews of that Datanet only; half of its validators' penalties comes back to it.
    @param datanet_id A Datanet that exists.
    @param amount_wei Wei of OPEN, more than 0.
    """
    assert amount_wei > 0, "court: amount is zero"
    datanet_count: uint256 = staticcall IDatanetRegistry(review_cases.DATANET_REGISTRY).datanet_count()
    assert 0 < datanet_id and datanet_id <= datanet_count, "court: no such datanet"
    review_budgets.budget[datanet_id] += amount_wei
    log IReviewCourt.Funded(datanet_id=datanet_id, payer=msg.sender, amount_wei=amount_wei)
    review_budgets._pull(amount_wei)


@external
def tally(contribution_ids: DynArray[uint256, review_draws.MAX_ROUNDS]):
    """
    @notice Counts the votes of committees that are done, and starts the appeal window.
    @dev Where fewer than two thirds of the seats revealed, nothing is decided: the committee is paid and fined, and
         another one is drawn if the budget replaces what this one cost.
    @param contribution_ids Contributions whose votes are all revealed, or whose time is over; at most 16.
    """
    seats: uint256 = 0
    for contribution_id: uint256 in contribution_ids:
        round: review_rounds.Round = review_rounds._load(contribution_id)
        assert round.phase == review_rounds.VOTING, "court: no votes to count"
        assert block.timestamp >= round.commit_ends_at, "court: commit phase not over"
        is_over: bool = block.timestamp >= round.commit_ends_at + review_voting.REVEAL_SECONDS
        assert is_over or round.revealed == round.committed, "court: reveal phase not over"
        outcome: review_rounds.Outcome = review_rounds._load_outcome(contribution_id)
        if 3 * round.revealed >= 2 * round.size:
            outcome = review_rounds._count(round, outcome)
            outcome.tallied_at = block.timestamp
            round.phase = review_rounds.TALLIED
            round.draw_block = block.number + 1
            review_rounds._store(contribution_id, round)
            review_rounds._store_outcome(contribution_id, outcome)
            self._log_tally(contribution_id, round.level, True, review_rounds._is_accepted(outcome), outcome.score)
        else:
            self._log_tally(contribution_id, round.level, False, False, 0)
            review_verdicts._draw_again(contribution_id, round, outcome)
            seats += round.size
    review_verdicts._finish(seats)


@external
def audit(contribution_ids: DynArray[uint256, review_draws.MAX_ROUNDS]):
    """
    @notice Decides by lot whether a first outcome is audited, and with whom each vote is compared if it is not.
    @dev By the hash of the block after the tally. A first outcome whose hash is gone is audited, so that nobody waits
         for that. A Datanet whose budget cannot pay for a larger committee is not audited.
    @param contribution_ids Contributions that were tallied in an earlier block, at most 16.
    """
    for contribution_id: uint256 in contribution_ids:
        round: review_rounds.Round = review_rounds._load(contribution_id)
        assert round.phase == review_rounds.TALLIED, "court: no audit due"
        assert block.number > round.draw_block, "court: audit block not mined"
        is_late: bool = block.number > round.draw_block + review_draws.BLOCK_HASHES
        block_hash: bytes32 = blockhash(block.number - 1 if is_late else round.draw_block)
        seed: uint256 = convert(keccak256(abi_encode(block_hash, contribution_id, round.level)), uint256)
        is_audited: bool = False
        if round.level == 0 and (is_late or seed % FULL_BPS < AUDIT_BPS):
            case: review_cases.Case = review_cases._load(contribution_id)
            is_audited = review_budgets._take(case.datanet_id, review_cases._reserve_wei(case.terms, 1))
            if is_audited:
                review_draws._open(contribution_id, case, 1, 0)
        if not is_audited:
            outcome: review_rounds.Outcome = review_rounds._load_outcome(contribution_id)
            outcome.seed = seed >> 80
            review_rounds._store_outcome(contribution_id, outcome)
            round.phase = review_rounds.PROVISIONAL
            review_rounds._store(contribution_id, round)
        log IReviewCourt.AuditDecided(contribution_id=contribution_id, level=round.level, is_audited=is_audited)


@external
@view
def round(contribution_id: uint256) -> IReviewCourt.Round:
    """
    @notice Where a contribution's review stands.
    @dev All zero where none was opened.
    @param contribution_id The contribution.
    @return The committee of the highest level, its votes, and the outcome so far; IReviewCourt explains the fields.
    """
    round: review_rounds.Round = review_rounds._load(contribution_id)
    outcome: review_rounds.Outcome = review_rounds._load_outcome(contribution_id)
    return IReviewCourt.Round(
        datanet_id=round.datanet_id,
        level=round.level,
        attempt=round.attempt,
        phase=convert(round.phase, IReviewCourt.Phase),
        size=round.size,
        present=round.present,
        draw_block=round.draw_block,
        drawn_at=round.drawn_at,
        commit_ends_at=round.commit_ends_at,
        reveal_ends_at=round.commit_ends_at + review_voting.REVEAL_SECONDS if round.drawn_at > 0 else 0,
        committed=round.committed,
        revealed=round.revealed,
        accepts=round.accepts,
        provisional_at=outcome.tallied_at,
        is_decided=outcome.decided != 0,
        decided_level=review_rounds._deciding_level(outcome),
        is_accepted=review_rounds._is_accepted(outcome),
        score=outcome.score,
        is_abusive=outcome.is_abusive,
    )


@external
@view
def committee(
    contribution_id: uint256, level: uint256
) -> (DynArray[uint256, committees.MAX_SIZE], DynArray[address, committees.MAX_SIZE]):
    """
    @notice The committee of a level, as it was drawn last.
    @dev Empty until it is drawn, and until it is drawn again.
    @param contribution_id The contribution.
    @param level 0 to 2.
    @return Seats by position, 0 where nobody votes, and their validators.
    """
    assert level < review_rounds.LEVELS, "court: no such level"
    seats: DynArray[uint256, committees.MAX_SIZE] = []
    round: review_rounds.Round = review_rounds._load(contribution_id)
    if level < round.level or (level == round.level and round.drawn_at > 0):
        size: uint256 = review_rounds._size_of(review_cases._load(contribution_id).terms.committee_size, level)
        seats = committees._get(committees._key(contribution_id, level), size)
    return seats, staticcall IValidatorPool(review_budgets.VALIDATOR_POOL).validators_of(seats)


@internal
def _log_tally(contribution_id: uint256, level: uint256, is_decided: bool, is_accepted: bool, score: uint256):
    """
    @dev What a committee's votes came to.
    """
    log IReviewCourt.Tallied(
        contribution_id=contribution_id, level=level, is_decided=is_decided, is_accepted=is_accepted, score=score
    )
