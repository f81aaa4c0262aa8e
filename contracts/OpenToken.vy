# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title OPEN, the token that the market pays in
@license AGPL-3.0-only
@notice A fixed supply of one billion, minted once to the holder that the deployer names. ERC-20 with allowances and
        transfers by signature (EIP-2612, EIP-3009), EIP-5267 domain, ERC-165 and burning.
@dev Nobody holds any power over this token: there is no owner, no minter, no pause, no upgrade. The supply can only
     fall, and only by what holders burn of their own.
@custom:halt It cannot be halted.
"""

from ethereum.ercs import IERC165
from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

from .interfaces import IOpenToken
from .modules import authorizations
from snekmate.auth import ownable
from snekmate.tokens import erc20
from snekmate.tokens.interfaces import IERC20Permit
from snekmate.utils import eip712_domain_separator
from snekmate.utils.interfaces import IERC5267

implements: IERC165
implements: IERC20
implements: IERC20Detailed
implements: IERC20Permit
implements: IERC5267
implements: IOpenToken

# The token module asks for an owner; none of its functions is exported, and the constructor empties it.
initializes: ownable
initializes: erc20[ownable := ownable]
# erc20 initializes the domain; authorizations share it
initializes: authorizations[erc20 := erc20, eip712_domain_separator := eip712_domain_separator]

# Left out on purpose: `mint`, `set_minter`, `is_minter`, `owner`, `transfer_ownership`, `renounce_ownership`. What is
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
exports: (
    authorizations.TRANSFER_WITH_AUTHORIZATION_TYPEHASH,
    authorizations.RECEIVE_WITH_AUTHORIZATION_TYPEHASH,
    authorizations.CANCEL_AUTHORIZATION_TYPEHASH,
    authorizations.transferWithAuthorization,
    authorizations.receiveWithAuthorization,
    authorizations.cancelAuthorization,
    authorizations.authorizationState,
)

SUPPLY_WEI: public(constant(uint256)) = 1_000_000_000 * 10**18

_NAME: constant(String[25]) = "OpenLedger"
_SYMBOL: constant(String[5]) = "OPEN"
_DECIMALS: constant(uint8) = 18
_DOMAIN_NAME: constant(String[50]) = "OpenLedger"
_DOMAIN_VERSION: constant(String[20]) = "1"
_INTERFACE_IDS: constant(bytes4[5]) = [
    0x01ffc9a7,  # ERC-165
    0x36372b07,  # ERC-20
    0xa219a025,  # ERC-20's metadata
    0x9d8ff7da,  # EIP-2612
    0x84b0196e,  # EIP-5267
]


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


@external
@view
@reentrant
def supportsInterface(interface_id: bytes4) -> bool:
    """
    @notice Whether the token has an interface (ERC-165).
    @dev A constant answer. EIP-3009 has no interface id.
    @param interface_id The interface's id: its selectors, each a term of an exclusive or.
    @return True for ERC-165, ERC-20 and its metadata, EIP-2612 and EIP-5267.
    """
    return interface_id in _INTERFACE_IDS
