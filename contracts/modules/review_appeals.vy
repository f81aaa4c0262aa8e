# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Review appeals: who asked a larger committee, for which bond, and what came of it
@license AGPL-3.0-only
"""

from ..interfaces import IReviewCourt
from . import review_budgets
from . import review_cases
from . import review_draws
from . import review_rounds

uses: review_budgets
uses: review_cases
uses: review_draws
uses: review_rounds

APPEAL_SECONDS: public(immutable(uint256))
APPEAL_BOND_WEI: public(immutable(uint256))

# contribution => level => who appealed to it, zero for an audit
appellant: public(HashMap[uint256, HashMap[uint256, address]])


@deploy
def __init__(appeal_seconds: uint256, appeal_bond_wei: uint256):
    """
    @dev Without a window nobody could appeal, without a bond everybody would.
    """
    assert appeal_seconds > 0, "court: no time to appeal"
    assert appeal_bond_wei > 0, "court: no bond"
    APPEAL_SECONDS = appeal_seconds
    APPEAL_BOND_WEI = appeal_bond_wei


@external
def appeal(contribution_id: uint256, reason_digest: bytes32):
    """
    @notice Asks a larger committee, for a bond and that committee's fees and rewards; approve this contract first.
    @dev If the last word is not what you appealed against, you get all of it back: the bond, and the rest as far as the
         budget has it; fines of those who were wrong go there first. If it is, half of the bond is burned, half goes to
         the treasury. If no committee comes together, the bond and what is left of the rest come back.
    @param contribution_id A contribution in its appeal window, below level 2.
    @param reason_digest sha-256 of your reasons in words, zero for none.
    """
    round: review_rounds.Round = review_rounds._load(contribution_id)
    outcome: review_rounds.Outcome = review_rounds._load_outcome(contribution_id)
    assert round.phase in [review_rounds.TALLIED, review_rounds.PROVISIONAL], "court: nothing to appeal"
    assert block.timestamp < outcome.tallied_at + APPEAL_SECONDS, "court: appeal window over"
    level: uint256 = round.level + 1
    assert level < review_rounds.LEVELS, "court: no further appeal"
    case: review_cases.Case = review_cases._load(contribution_id)
    fees_wei: uint256 = review_cases._reserve_wei(case.terms, level)
    self.appellant[contribution_id][level] = msg.sender
    review_draws._open(contribution_id, case, level, 0)
    log IReviewCourt.Appealed(
        contribution_id=contribution_id,
        appellant=msg.sender,
        level=level,
        bond_wei=APPEAL_BOND_WEI,
        fees_wei=fees_wei,
        reason_digest=reason_digest,
    )
    review_budgets._pull(APPEAL_BOND_WEI + fees_wei)


@external
@view
def appeal_cost(contribution_id: uint256) -> (uint256, uint256):
    """
    @notice What an appeal against the present outcome takes.
    @dev Of use below level 2 only.
    @param contribution_id The contribution.
    @return The bond, and the next committee's fees and rewards, in wei of OPEN.
    """
    level: uint256 = review_rounds._load(contribution_id).level + 1
    return APPEAL_BOND_WEI, review_cases._reserve_wei(review_cases._load(contribution_id).terms, level)


@internal
def _close_level(
    contribution_id: uint256,
    case: review_cases.Case,
    level: uint256,
    outcome: review_rounds.Outcome,
    spent_wei: uint256,
):
    """
    @dev Gives back what a level's committee did not earn, and decides its appeal: it was right if the last word is not
         what the level before had said.
    """
    reserved_wei: uint256 = review_cases._reserve_wei(case.terms, level)
    review_budgets.budget[case.datanet_id] += reserved_wei - spent_wei
    appellant: address = self.appellant[contribution_id][level]
    if appellant == empty(address):
        return
    was_accepted: bool = (outcome.accepted >> (level - 1)) & 1 == 1
    if was_accepted != review_rounds._is_accepted(outcome):
        fees_wei: uint256 = review_budgets._take_up_to(case.datanet_id, reserved_wei)
        self._resolve_appeal(contribution_id, appellant, level, True, APPEAL_BOND_WEI + fees_wei)
    else:
        review_budgets._forfeit(APPEAL_BOND_WEI)
        self._resolve_appeal(contribution_id, appellant, level, False, 0)


@internal
def _resolve_appeal(contribution_id: uint256, appellant: address, level: uint256, is_upheld: bool, paid_wei: uint256):
    """
    @dev Books what comes back to an appellant.
    """
    review_budgets.earnings[appellant] += paid_wei
    log IReviewCourt.AppealResolved(
        contribution_id=contribution_id,
        appellant=appellant,
        level=level,
        is_upheld=is_upheld,
        paid_wei=paid_wei,
    )
