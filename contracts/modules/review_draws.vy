# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Review draws: opening rounds, and drawing their committees by the hash of a block fixed before
@license AGPL-3.0-only
"""

from ..interfaces import IDatanetRegistry
from ..interfaces import IReviewCourt
from ..interfaces import IValidatorPool
from . import committees
from . import review_budgets
from . import review_cases
from . import review_rounds
from . import review_voting

uses: committees
uses: review_budgets
uses: review_cases
uses: review_rounds
uses: review_voting

MAX_ROUNDS: constant(uint256) = 16
# how far back a block's hash can be read
BLOCK_HASHES: constant(uint256) = 256

# members of IDatanetRegistry.Status, which Vyper 0.4.3 cannot name through the interface
_PENDING: constant(uint256) = 1
_WITHDRAWN: constant(uint256) = 8


@external
def open_rounds(contribution_ids: DynArray[uint256, MAX_ROUNDS]):
    """
    @notice Opens reviews, which fixes the next block to draw their committees.
    @dev Reserves fee and reward of every seat, so that whoever votes is paid. A contribution that was withdrawn after
         its review began can be opened again, or its deposit would never be decided.
    @param contribution_ids Contributions that wait for a review, at most 16.
    """
    for contribution_id: uint256 in contribution_ids:
        round: review_rounds.Round = review_rounds._load(contribution_id)
        assert round.phase == 0, "court: review already open"
        case: review_cases.Case = review_cases._load(contribution_id)
        was_withdrawn_later: bool = case.status == _WITHDRAWN and round.datanet_id != 0
        assert case.status == _PENDING or was_withdrawn_later, "court: contribution not pending"
        reserved_wei: uint256 = review_cases._reserve_wei(case.terms, 0)
        assert review_budgets._take(case.datanet_id, reserved_wei), "court: review budget too small"
        self._open(contribution_id, case, 0, round.attempt)
        if case.status == _PENDING:
            extcall IDatanetRegistry(review_cases.DATANET_REGISTRY).begin_review(contribution_id)


@external
def draw_committees(contribution_ids: DynArray[uint256, MAX_ROUNDS]):
    """
    @notice Draws committees by the hash of the blocks that were fixed for them.
    @dev A hash older than 256 blocks is gone: a new block is fixed then. Seats that joined since the block was fixed
         are not drawn. Where the lot falls on the contributor nobody votes.
    @param contribution_ids Contributions whose draw block is mined, at most 16.
    """
    for contribution_id: uint256 in contribution_ids:
        round: review_rounds.Round = review_rounds._load(contribution_id)
        assert round.phase == review_rounds.OPENED, "court: no draw due"
        assert block.number > round.draw_block, "court: draw block not mined"
        if block.number > round.draw_block + BLOCK_HASHES:
            self._fix_draw_block(contribution_id, round)
        else:
            self._draw(contribution_id, round)


@internal
def _open(contribution_id: uint256, case: review_cases.Case, level: uint256, attempt: uint256):
    """
    @dev Starts a level, or another attempt at it; fee and reward of all its seats are reserved.
    """
    round: review_rounds.Round = empty(review_rounds.Round)
    round.datanet_id = case.datanet_id
    round.level = level
    round.attempt = attempt
    round.phase = review_rounds.OPENED
    round.size = review_rounds._size_of(case.terms.committee_size, level)
    self._fix_draw_block(contribution_id, round)


@internal
def _fix_draw_block(contribution_id: uint256, round: review_rounds.Round):
    """
    @dev Nobody knows the hash of the next block yet.
    """
    fixed: review_rounds.Round = round
    fixed.draw_block = block.number + 1
    review_rounds._store(contribution_id, fixed)
    log IReviewCourt.RoundOpened(contribution_id=contribution_id, level=fixed.level, draw_block=fixed.draw_block)


@internal
def _draw(contribution_id: uint256, round: review_rounds.Round):
    """
    @dev Draws the committee. Above level 0 the hash, younger than all votes below, is what scores those if this level
         cannot decide.
    """
    case: review_cases.Case = review_cases._load(contribution_id)
    seed: bytes32 = keccak256(abi_encode(blockhash(round.draw_block), contribution_id, round.level))
    pool: address = review_budgets.VALIDATOR_POOL
    seats: DynArray[uint256, committees.MAX_SIZE] = staticcall IValidatorPool(pool).draw(
        case.modality, seed, round.size, round.draw_block
    )
    validators: DynArray[address, committees.MAX_SIZE] = staticcall IValidatorPool(pool).validators_of(seats)
    drawn: review_rounds.Round = round
    for i: uint256 in range(len(seats), bound=committees.MAX_SIZE):
        if validators[i] == case.contributor:
            seats[i] = 0
            validators[i] = empty(address)
        elif seats[i] != 0:
            drawn.present += 1
    committees._set(committees._key(contribution_id, round.level), seats)
    drawn.phase = review_rounds.VOTING
    drawn.drawn_at = block.timestamp
    # nobody to wait for in an empty committee
    drawn.commit_ends_at = block.timestamp + (review_voting.COMMIT_SECONDS if drawn.present > 0 else 0)
    review_rounds._store(contribution_id, drawn)
    if round.level > 0:
        outcome: review_rounds.Outcome = review_rounds._load_outcome(contribution_id)
        outcome.seed = convert(keccak256(seed), uint256) >> 80
        review_rounds._store_outcome(contribution_id, outcome)
    log IReviewCourt.CommitteeDrawn(
        contribution_id=contribution_id, level=round.level, seats=seats, validators=validators
    )
