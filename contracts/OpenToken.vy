# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title OPEN, the token that the market pays in
@license AGPL-3.0-only
@notice A fixed supply of one billion, minted once to the holder that the deployer names. ERC-20 with EIP-2612 permit,
        EIP-5267 domain and burning.
@dev Nobody holds any power over this token: there is no owner, no minter, no pause, no upgrade. The supply can only
     fall, and only by what holders burn of their own.
@custom:halt It cannot be halted.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

from snekmate.auth import ownable
from snekmate.tokens import erc20
from snekmate.tokens.interfaces import IERC20Permit
from snekmate.utils.interfaces import IERC5267

implements: IERC20
implements: IERC20Detailed
implements: IERC20Permit
implements: IERC5267

# The token module asks for an owner; none of its functions is exported, and the constructor empties it.
initializes: ownable
initializes: erc20[ownable := ownable]

# Left out on purpose: `mint`, `set_minter`, `is_minter`, `owner`, `transfer_ownership` and `renounce_ownership`. What is
# not exported cannot be called, so that no key, not even a stolen one, can raise the supply.
exports: (
    erc20.name,
    erc20.symbol,
    erc20.decimals,
    erc20.totalSupply,
    erc20.balanceOf,
    erc20.allowance,
    erc20.transfer,
    erc20.approve,
    erc20.transferFrom,
    erc20.burn,
    erc20.burn_from,
    erc20.permit,
    erc20.nonces,
    erc20.DOMAIN_SEPARATOR,
    erc20.eip712Domain,
)

SUPPLY_WEI: public(constant(uint256)) = 1_000_000_000 * 10**18

_NAME: constant(String[25]) = "OpenLedger"
_SYMBOL: constant(String[5]) = "OPEN"
_DECIMALS: constant(uint8) = 18
_DOMAIN_NAME: constant(String[50]) = "OpenLedger"
_DOMAIN_VERSION: constant(String[20]) = "1"


@deploy
def __init__(holder: address):
    """
    @notice Mints the whole supply.
    @dev The modules give the deployer their two roles; both are taken back before the constructor ends, so that
         their events show on chain that nobody kept one.
    @param holder Who receives the supply: the treasury, or a named account on a development chain. Not zero.
    """
    ownable.__init__()
    erc20.__init__(_NAME, _SYMBOL, _DECIMALS, _DOMAIN_NAME, _DOMAIN_VERSION)
    erc20._mint(holder, SUPPLY_WEI)
    erc20.is_minter[msg.sender] = False
    log erc20.RoleMinterChanged(minter=msg.sender, status=False)
    ownable._transfer_ownership(empty(address))
