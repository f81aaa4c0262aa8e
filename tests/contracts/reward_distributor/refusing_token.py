"""A token that can say no, or fail, where OPEN never does: the contracts must not take that for a payment."""

from collections.abc import Callable
from typing import Any

import boa

SOURCE = """
balances: HashMap[address, uint256]
is_refusing: public(bool)
is_failing: public(bool)

@deploy
def __init__(holder: address):
    self.balances[holder] = 10**27

@external
def refuse(is_refusing: bool):
    self.is_refusing = is_refusing

@external
def fail(is_failing: bool):
    self.is_failing = is_failing

@view
@external
def balanceOf(holder: address) -> uint256:
    assert not self.is_failing, "token: fails"
    return self.balances[holder]

@external
def approve(spender: address, amount_wei: uint256) -> bool:
    return True

@external
def burn(amount_wei: uint256):
    self.balances[msg.sender] -= amount_wei

@external
def transfer(recipient: address, amount_wei: uint256) -> bool:
    return self._move(msg.sender, recipient, amount_wei)

@external
def transferFrom(holder: address, recipient: address, amount_wei: uint256) -> bool:
    return self._move(holder, recipient, amount_wei)

@internal
def _move(holder: address, recipient: address, amount_wei: uint256) -> bool:
    assert not self.is_failing, "token: fails"
    if self.is_refusing:
        return False
    self.balances[holder] -= amount_wei
    self.balances[recipient] += amount_wei
    return True
"""


def with_refusing_token(factory: Callable[[str], Any]) -> Callable[[str], Any]:
    """The factory, with this token in the place of OPEN."""
    return lambda name: boa.loads_partial(SOURCE) if name == "OpenToken" else factory(name)
