"""Stake in one transaction: the permit gives the allowance, whoever brought it to the token."""

from collections.abc import Callable
from typing import Any

import boa
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

OPEN = 10**18
ZERO = "0x" + "00" * 20
SIGNER = Account.from_key(b"\x07" * 32)
FIELDS = [("owner", "address"), ("spender", "address"), ("value", "uint256"), ("nonce", "uint256")]
PERMIT = {"Permit": [{"name": name, "type": type_} for name, type_ in [*FIELDS, ("deadline", "uint256")]]}


def now() -> int:
    return int(boa.env.evm.patch.timestamp)


@pytest.fixture
def signer(open_token: Any, open_holder: str) -> str:
    """Holds 10 OPEN and has approved nobody."""
    with boa.env.prank(open_holder):
        open_token.transfer(SIGNER.address, 10 * OPEN)
    return str(SIGNER.address)


@pytest.fixture
def permit(open_token: Any, staked_open: Any) -> Callable[..., tuple[Any, ...]]:
    """`permit(amount_wei)`: (deadline, v, r, s) for this contract; a keyword replaces a field of the message."""

    def signed(amount_wei: int, **changes: Any) -> tuple[Any, ...]:
        domain = {
            "name": "OpenLedger",
            "version": "1",
            "chainId": boa.env.evm.patch.chain_id,
            "verifyingContract": open_token.address,
        }
        message = {
            "owner": SIGNER.address,
            "spender": staked_open.address,
            "value": amount_wei,
            "nonce": open_token.nonces(SIGNER.address),
            "deadline": now() + 60,
            **changes,
        }
        signature = SIGNER.sign_message(encode_typed_data(domain, PERMIT, message))
        return message["deadline"], signature.v, signature.r.to_bytes(32, "big"), signature.s.to_bytes(32, "big")

    return signed


def test_stake_with_permit__stakes_and_leaves_no_allowance(
    staked_open: Any, open_token: Any, signer: str, permit: Callable[..., Any], events: Callable[..., Any]
) -> None:
    signature = permit(3 * OPEN)
    with boa.env.prank(signer):
        staked_open.stake_with_permit(3 * OPEN, *signature)
    assert events(staked_open, "Staked") == [{"account": signer, "amount_wei": 3 * OPEN}]
    assert events(staked_open, "Transfer") == [{"sender": ZERO, "receiver": signer, "amount": 3 * OPEN}]
    assert staked_open.balanceOf(signer) == open_token.balanceOf(staked_open) == 3 * OPEN
    assert open_token.allowance(signer, staked_open) == 0
    assert open_token.nonces(signer) == 1


def test_stake_with_permit__with_a_delegate__moves_votes(
    staked_open: Any, signer: str, delegate: str, permit: Callable[..., Any]
) -> None:
    signature = permit(3 * OPEN)
    with boa.env.prank(signer):
        staked_open.delegate(delegate)
        staked_open.stake_with_permit(3 * OPEN, *signature)
    assert staked_open.getVotes(delegate) == 3 * OPEN


def test_stake_with_permit__whose_permit_another_sent_first__stakes(
    staked_open: Any, open_token: Any, signer: str, outsider: str, permit: Callable[..., Any]
) -> None:
    signature = permit(3 * OPEN)
    with boa.env.prank(outsider):
        open_token.permit(signer, staked_open, 3 * OPEN, *signature)
    with boa.env.prank(signer):
        staked_open.stake_with_permit(3 * OPEN, *signature)
    assert staked_open.balanceOf(signer) == 3 * OPEN


def test_stake_with_permit__with_an_earlier_approval__needs_no_valid_permit(
    staked_open: Any, open_token: Any, signer: str
) -> None:
    with boa.env.prank(signer):
        open_token.approve(staked_open, 3 * OPEN)
        staked_open.stake_with_permit(3 * OPEN, 0, 27, bytes(32), bytes(32))
    assert staked_open.balanceOf(signer) == 3 * OPEN


@pytest.mark.parametrize(
    "change",
    [{"value": OPEN}, {"nonce": 1}, {"spender": "0x" + "11" * 20}, {"owner": "0x" + "22" * 20}],
    ids=lambda change: next(iter(change)),
)
def test_stake_with_permit__of_something_else__changes_nothing(
    staked_open: Any, open_token: Any, signer: str, permit: Callable[..., Any], change: dict[str, Any]
) -> None:
    signature = permit(3 * OPEN, **change)
    with boa.env.prank(signer), boa.reverts("erc20: insufficient allowance"):
        staked_open.stake_with_permit(3 * OPEN, *signature)
    assert staked_open.totalSupply() == open_token.nonces(signer) == 0


def test_stake_with_permit__after_its_deadline__reverts(
    staked_open: Any, signer: str, permit: Callable[..., Any]
) -> None:
    signature = permit(3 * OPEN)
    boa.env.time_travel(seconds=61)
    with boa.env.prank(signer), boa.reverts("erc20: insufficient allowance"):
        staked_open.stake_with_permit(3 * OPEN, *signature)


def test_stake_with_permit__of_another_account__stakes_nothing_of_it(
    staked_open: Any, signer: str, outsider: str, permit: Callable[..., Any]
) -> None:
    signature = permit(3 * OPEN)
    with boa.env.prank(outsider), boa.reverts("erc20: insufficient allowance"):
        staked_open.stake_with_permit(3 * OPEN, *signature)


def test_stake_with_permit__with_nothing__reverts(staked_open: Any, signer: str, permit: Callable[..., Any]) -> None:
    signature = permit(0)
    with boa.env.prank(signer), boa.reverts("staked_open: amount is zero"):
        staked_open.stake_with_permit(0, *signature)


def test_stake_with_permit__above_the_balance__reverts(
    staked_open: Any, signer: str, permit: Callable[..., Any]
) -> None:
    signature = permit(11 * OPEN)
    with boa.env.prank(signer), boa.reverts("erc20: transfer amount exceeds balance"):
        staked_open.stake_with_permit(11 * OPEN, *signature)
