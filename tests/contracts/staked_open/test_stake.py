from collections.abc import Callable
from typing import Any

import boa

OPEN = 10**18
ZERO = "0x" + "00" * 20


def test_stake__moves_open_and_mints_as_much_gopen(staked_open: Any, open_token: Any, staker: str) -> None:
    before = open_token.balanceOf(staker)
    with boa.env.prank(staker):
        staked_open.stake(5 * OPEN)
    assert staked_open.balanceOf(staker) == staked_open.totalSupply() == 5 * OPEN
    assert open_token.balanceOf(staked_open) == before - open_token.balanceOf(staker) == 5 * OPEN


def test_stake__logs_transfer_from_zero_and_staked(staked_open: Any, staker: str, events: Callable[..., Any]) -> None:
    with boa.env.prank(staker):
        staked_open.stake(5 * OPEN)
    assert events(staked_open, "Transfer") == [{"sender": ZERO, "receiver": staker, "amount": 5 * OPEN}]
    assert events(staked_open, "Staked") == [{"account": staker, "amount_wei": 5 * OPEN}]


def test_stake__with_nothing__reverts(staked_open: Any, staker: str) -> None:
    with boa.env.prank(staker), boa.reverts("staked_open: amount is zero"):
        staked_open.stake(0)


def test_stake__without_approval__changes_nothing(staked_open: Any, open_token: Any, open_holder: str) -> None:
    with boa.env.prank(open_holder), boa.reverts():
        staked_open.stake(OPEN)
    assert staked_open.totalSupply() == 0


def test_stake__above_ninety_six_bits__reverts(staked_open: Any, staker: str) -> None:
    with boa.env.prank(staker), boa.reverts("stakes: stake too large"):
        staked_open.stake(2**96)


def test_plain_transfer_of_open__changes_nothing(staked_open: Any, open_token: Any, staker: str) -> None:
    with boa.env.prank(staker):
        staked_open.stake(5 * OPEN)
        open_token.transfer(staked_open, 7 * OPEN)
    assert staked_open.balanceOf(staker) == staked_open.totalSupply() == 5 * OPEN
    assert staked_open.earned(staker) == staked_open.held_reward() == 0
