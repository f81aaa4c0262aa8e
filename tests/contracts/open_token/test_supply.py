"""The supply is fixed at deployment, and nobody has a power over it."""

import boa
import pytest
from eth.exceptions import Revert
from eth_utils import function_signature_to_4byte_selector

SUPPLY_WEI = 1_000_000_000 * 10**18
NO_ONE = "0x" + "00" * 20
LEFT_OUT = [
    "mint(address,uint256)",
    "set_minter(address,bool)",
    "is_minter(address)",
    "owner()",
    "transfer_ownership(address)",
    "renounce_ownership()",
]


def test_deploy__gives_the_whole_supply_to_the_holder(token, holder, deployer):
    assert token.totalSupply() == SUPPLY_WEI == token.SUPPLY_WEI()
    assert token.balanceOf(holder) == SUPPLY_WEI
    assert token.balanceOf(deployer) == 0


def test_deploy__names_the_token(token):
    assert (token.name(), token.symbol(), token.decimals()) == ("OpenLedger", "OPEN", 18)


def test_deploy__with_zero_holder__reverts(token_factory):
    with boa.reverts("erc20: mint to the zero address"):
        token_factory.deploy(NO_ONE)


def test_deploy__takes_both_roles_back_from_the_deployer(token, deployer):
    logs = [(type(log).__name__, log) for log in token.get_logs(strict=False)]
    owners = [log.new_owner for name, log in logs if name == "OwnershipTransferred"]
    minters = [(log.minter, log.status) for name, log in logs if name == "RoleMinterChanged"]
    assert owners[-1] == NO_ONE
    assert minters == [(deployer, True), (deployer, False)]
    # the state itself, though nothing exports it
    assert token.eval("ownable.owner") == NO_ONE
    assert token.eval(f"erc20.is_minter[{deployer}]") is False


@pytest.mark.parametrize("signature", LEFT_OUT)
def test_power_of_the_module__is_not_callable(token, deployer, signature):
    call = function_signature_to_4byte_selector(signature) + bytes(64)
    with pytest.raises(Revert):
        token.env.raw_call(token.address, sender=deployer, data=call)


def test_burn__lowers_balance_and_supply(token, holder):
    token.burn(7, sender=holder)
    assert token.balanceOf(holder) == token.totalSupply() == SUPPLY_WEI - 7


def test_burn__above_balance__reverts(token, outsider):
    with boa.reverts("erc20: burn amount exceeds balance"):
        token.burn(1, sender=outsider)


def test_burn_from__with_allowance__lowers_both(token, holder, outsider):
    token.approve(outsider, 10, sender=holder)
    token.burn_from(holder, 4, sender=outsider)
    assert token.allowance(holder, outsider) == 6
    assert token.totalSupply() == SUPPLY_WEI - 4


def test_burn_from__without_allowance__reverts(token, holder, outsider):
    with boa.reverts("erc20: insufficient allowance"):
        token.burn_from(holder, 1, sender=outsider)
