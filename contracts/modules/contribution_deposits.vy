# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Contribution deposits: OPEN that answers for a contribution until it is decided
@license AGPL-3.0-only
@notice A contributor pays deposits into a Datanet beforehand. Each reveal locks one; a decision or a withdrawal frees
        it, and free ones can be taken back. A contribution that is rejected as abuse loses its deposit: half of it,
        rounded down, is burned and the rest goes to the treasury.
@dev Every deposit is free, locked by one contribution, or gone. Free ones are counted in the contributor's word;
     locked ones need no count, for each pending row, and each withdrawn one that is still under review, locks one. So
     `OPEN balance >= DEPOSIT_WEI x (free + locked)`.
"""

from ethereum.ercs import IERC20
from ..interfaces import IBurnable
from ..interfaces import IDatanetRegistry
from . import allowances
from . import datanets

uses: allowances
uses: datanets

MAX_DEPOSIT_WEI: constant(uint256) = 1_000 * 10**18
# Far below the 2^20 of the field: 62 files a day would have to stay undecided for 42 years to fill what is left.
MAX_FREE_DEPOSITS: constant(uint256) = 65_535

OPEN_TOKEN: public(immutable(address))
TREASURY: public(immutable(address))
DEPOSIT_WEI: public(immutable(uint256))


@deploy
def __init__(open_token: address, treasury: address, deposit_wei: uint256):
    """
    @dev More than 0, or nothing would be at stake, and at most 1,000 OPEN.
    """
    assert open_token != empty(address), "deposits: token is the zero address"
    assert treasury != empty(address), "deposits: treasury is the zero address"
    assert 0 < deposit_wei, "deposits: deposit is zero"
    assert deposit_wei <= MAX_DEPOSIT_WEI, "deposits: deposit too large"
    OPEN_TOKEN = open_token
    TREASURY = treasury
    DEPOSIT_WEI = deposit_wei


@external
def add_deposits(datanet_id: uint256, count: uint256):
    """
    @notice Pays deposits for your next contributions to a Datanet; approve this contract for `count` x DEPOSIT_WEI.
    @dev Counted before the transfer; if that fails, everything is undone.
    @param datanet_id The Datanet.
    @param count Deposits to add, more than 0; at most 65,535 may be free.
    """
    self._check_request(datanet_id, count)
    free_count: uint256 = self._free_count(datanet_id, msg.sender) + count
    assert free_count <= MAX_FREE_DEPOSITS, "deposits: too many free deposits"
    allowances._accounts[allowances._key(datanet_id, msg.sender)] += count * allowances.ONE_DEPOSIT
    amount_wei: uint256 = count * DEPOSIT_WEI
    self._log(datanet_id, msg.sender, free_count, convert(amount_wei, int256))
    assert extcall IERC20(OPEN_TOKEN).transferFrom(msg.sender, self, amount_wei), "deposits: transfer failed"


@external
def withdraw_deposits(datanet_id: uint256, count: uint256):
    """
    @notice Pays free deposits back to you.
    @dev Counted before the transfer. What a contribution locks stays.
    @param datanet_id The Datanet.
    @param count Deposits to take back, more than 0 and at most your free ones.
    """
    self._check_request(datanet_id, count)
    free_count: uint256 = self._free_count(datanet_id, msg.sender)
    assert count <= free_count, "deposits: count above free deposits"
    allowances._accounts[allowances._key(datanet_id, msg.sender)] -= count * allowances.ONE_DEPOSIT
    amount_wei: uint256 = count * DEPOSIT_WEI
    self._log(datanet_id, msg.sender, free_count - count, -convert(amount_wei, int256))
    assert extcall IERC20(OPEN_TOKEN).transfer(msg.sender, amount_wei), "deposits: transfer failed"


@external
@view
def free_deposits(datanet_id: uint256, contributor: address) -> uint256:
    """
    @notice Deposits that no contribution locks: how many reveals they are good for.
    @param datanet_id The Datanet.
    @param contributor The contributor.
    @return Their number; times DEPOSIT_WEI in wei of OPEN.
    """
    return self._free_count(datanet_id, contributor)


@internal
def _free(datanet_id: uint256, contributor: address):
    """
    @dev Frees the deposit of a contribution that locks one.
    """
    allowances._accounts[allowances._key(datanet_id, contributor)] += allowances.ONE_DEPOSIT
    self._log(datanet_id, contributor, self._free_count(datanet_id, contributor), 0)


@internal
def _lose(contribution_id: uint256, contributor: address):
    """
    @dev Burns half of a locked deposit and pays the rest to the treasury, last thing in every caller. The odd wei goes
         to the treasury.
    """
    log IDatanetRegistry.DepositLost(
        contribution_id=contribution_id, contributor=contributor, amount_wei=DEPOSIT_WEI
    )
    burned_wei: uint256 = DEPOSIT_WEI // 2
    extcall IBurnable(OPEN_TOKEN).burn(burned_wei)
    assert extcall IERC20(OPEN_TOKEN).transfer(TREASURY, DEPOSIT_WEI - burned_wei), "deposits: transfer failed"


@internal
@view
def _check_request(datanet_id: uint256, count: uint256):
    """
    @dev Something moves, in a Datanet that exists: keys of ids that no Datanet has would meet those of others.
    """
    assert datanets._rows[datanet_id] != 0, "deposits: no such datanet"
    assert 0 < count, "deposits: count is zero"


@internal
@view
def _free_count(datanet_id: uint256, contributor: address) -> uint256:
    """
    @dev The top of the contributor's word.
    """
    return allowances._accounts[allowances._key(datanet_id, contributor)] // allowances.ONE_DEPOSIT


@internal
def _log(datanet_id: uint256, contributor: address, free_count: uint256, amount_wei: int256):
    """
    @dev What was paid in, or out as a negative amount; 0 where a deposit became free.
    """
    log IDatanetRegistry.DepositsChanged(
        datanet_id=datanet_id, contributor=contributor, free_count=free_count, amount_wei=amount_wei
    )
