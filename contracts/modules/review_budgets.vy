# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Review budgets: what Datanets have put down for reviews, what accounts have earned, and where penalties go
@license AGPL-3.0-only
@notice Solvency: `OPEN balance >= budgets + reserved for open reviews + earnings + bonds`. A penalty takes earnings
        first, then stake; half of it, rounded down, is burned, the rest goes to the Datanet's budget. What is burned or
        goes to the treasury within a call leaves once, at its end.
"""

from ethereum.ercs import IERC20
from ..interfaces import IBurnable
from ..interfaces import IReviewCourt
from ..interfaces import IValidatorPool

OPEN_TOKEN: public(immutable(address))
VALIDATOR_POOL: public(immutable(address))
TREASURY: public(immutable(address))

# wei of OPEN
budget: public(HashMap[uint256, uint256])
earnings: public(HashMap[address, uint256])

_burned_wei: transient(uint256)
_treasury_wei: transient(uint256)


@deploy
def __init__(open_token: address, validator_pool: address, treasury: address):
    """
    @dev Where money comes from and goes to, for ever.
    """
    assert empty(address) not in [open_token, validator_pool, treasury], "court: zero address"
    OPEN_TOKEN = open_token
    VALIDATOR_POOL = validator_pool
    TREASURY = treasury


@external
def withdraw_earnings(account: address) -> uint256:
    """
    @notice Pays an account what it has earned: validators their pay, appellants what came back to them.
    @dev Anyone may call; only the account is paid. Forgotten before the transfer.
    @param account Who is paid.
    @return Wei of OPEN paid.
    """
    amount_wei: uint256 = self.earnings[account]
    assert amount_wei > 0, "court: nothing earned"
    self.earnings[account] = 0
    log IReviewCourt.EarningsPaid(account=account, amount_wei=amount_wei)
    self._pay(account, amount_wei)
    return amount_wei


@internal
def _take(datanet_id: uint256, amount_wei: uint256) -> bool:
    """
    @dev Reserves an amount of a Datanet's budget; changes nothing and says so where there is too little.
    """
    left_wei: uint256 = self.budget[datanet_id]
    if left_wei < amount_wei:
        return False
    self.budget[datanet_id] = left_wei - amount_wei
    return True


@internal
def _take_up_to(datanet_id: uint256, amount_wei: uint256) -> uint256:
    """
    @dev Takes what there is of an amount, and returns it.
    """
    taken_wei: uint256 = min(self.budget[datanet_id], amount_wei)
    self.budget[datanet_id] -= taken_wei
    return taken_wei


@internal
def _charge(datanet_id: uint256, validator: address, amount_wei: uint256) -> uint256:
    """
    @dev Takes a penalty, as far as there is anything to take. Returns what was taken.
    """
    earned_wei: uint256 = min(self.earnings[validator], amount_wei)
    self.earnings[validator] -= earned_wei
    taken_wei: uint256 = earned_wei
    if earned_wei < amount_wei:
        taken_wei += extcall IValidatorPool(VALIDATOR_POOL).penalize(validator, amount_wei - earned_wei)
    self._burned_wei += taken_wei // 2
    self.budget[datanet_id] += taken_wei - taken_wei // 2
    return taken_wei


@internal
def _forfeit(bond_wei: uint256):
    """
    @dev Half of a lost bond, rounded down, is burned; the rest goes to the treasury.
    """
    self._burned_wei += bond_wei // 2
    self._treasury_wei += bond_wei - bond_wei // 2


@internal
def _flush():
    """
    @dev Burns and pays what this call took, last thing in every caller.
    """
    burned_wei: uint256 = self._burned_wei
    treasury_wei: uint256 = self._treasury_wei
    self._burned_wei = 0
    self._treasury_wei = 0
    if burned_wei > 0:
        extcall IBurnable(OPEN_TOKEN).burn(burned_wei)
    if treasury_wei > 0:
        self._pay(TREASURY, treasury_wei)


@internal
def _pull(amount_wei: uint256):
    """
    @dev Takes OPEN from the sender, last thing in every caller.
    """
    assert extcall IERC20(OPEN_TOKEN).transferFrom(msg.sender, self, amount_wei), "court: pull failed"


@internal
def _pay(account: address, amount_wei: uint256):
    """
    @dev Pays OPEN.
    """
    assert extcall IERC20(OPEN_TOKEN).transfer(account, amount_wei), "court: payment failed"
