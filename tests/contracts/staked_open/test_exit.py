from collections.abc import Callable
from typing import Any

import boa
import pytest

OPEN = 10**18
ZERO = "0x" + "00" * 20


@pytest.fixture(autouse=True)
def stake(staked_open: Any, staker: str) -> None:
    with boa.env.prank(staker):
        staked_open.delegate(staker)
        staked_open.stake(10 * OPEN)


def now() -> int:
    return int(boa.env.evm.patch.timestamp)


def test_request_exit__ends_votes_at_once_and_queues(staked_open: Any, staker: str, cooldown_seconds: int) -> None:
    with boa.env.prank(staker):
        staked_open.request_exit(4 * OPEN)
    assert staked_open.balanceOf(staker) == staked_open.getVotes(staker) == staked_open.totalSupply() == 6 * OPEN
    assert staked_open.exit_of(staker) == (4 * OPEN, now() + cooldown_seconds)


def test_request_exit__logs_burn_and_request(
    staked_open: Any, staker: str, cooldown_seconds: int, events: Callable[..., Any]
) -> None:
    with boa.env.prank(staker):
        staked_open.request_exit(4 * OPEN)
    assert events(staked_open, "Transfer") == [{"sender": staker, "receiver": ZERO, "amount": 4 * OPEN}]
    assert events(staked_open, "ExitRequested") == [
        {"account": staker, "amount_wei": 4 * OPEN, "ready_at": now() + cooldown_seconds}
    ]
    assert events(staked_open, "DelegateVotesChanged") == [
        {"delegate": staker, "previousVotes": 10 * OPEN, "newVotes": 6 * OPEN}
    ]


def test_request_exit__again__adds_up_and_restarts_the_clock(
    staked_open: Any, staker: str, cooldown_seconds: int
) -> None:
    with boa.env.prank(staker):
        staked_open.request_exit(4 * OPEN)
        boa.env.time_travel(seconds=cooldown_seconds - 1)
        staked_open.request_exit(1 * OPEN)
    assert staked_open.exit_of(staker) == (5 * OPEN, now() + cooldown_seconds)


def test_request_exit__of_nothing__reverts(staked_open: Any, staker: str) -> None:
    with boa.env.prank(staker), boa.reverts("staked_open: amount is zero"):
        staked_open.request_exit(0)


def test_request_exit__above_stake__reverts(staked_open: Any, staker: str) -> None:
    with boa.env.prank(staker), boa.reverts("staked_open: amount above stake"):
        staked_open.request_exit(10 * OPEN + 1)


def test_withdraw__after_the_cooldown__pays(
    staked_open: Any, open_token: Any, staker: str, cooldown_seconds: int, events: Callable[..., Any]
) -> None:
    before = open_token.balanceOf(staker)
    with boa.env.prank(staker):
        staked_open.request_exit(4 * OPEN)
        boa.env.time_travel(seconds=cooldown_seconds)
        assert staked_open.withdraw() == 4 * OPEN
    assert events(staked_open, "Withdrawn") == [{"account": staker, "amount_wei": 4 * OPEN}]
    assert open_token.balanceOf(staker) == before + 4 * OPEN
    assert staked_open.exit_of(staker) == (0, 0)


def test_withdraw__a_second_early__reverts(staked_open: Any, staker: str, cooldown_seconds: int) -> None:
    with boa.env.prank(staker):
        staked_open.request_exit(4 * OPEN)
        boa.env.time_travel(seconds=cooldown_seconds - 1)
        with boa.reverts("staked_open: cooldown not over"):
            staked_open.withdraw()


def test_withdraw__twice__reverts(staked_open: Any, staker: str, cooldown_seconds: int) -> None:
    with boa.env.prank(staker):
        staked_open.request_exit(4 * OPEN)
        boa.env.time_travel(seconds=cooldown_seconds)
        staked_open.withdraw()
        with boa.reverts("staked_open: no exit queued"):
            staked_open.withdraw()


def test_cancel_exit__stakes_and_votes_again(staked_open: Any, staker: str, events: Callable[..., Any]) -> None:
    with boa.env.prank(staker):
        staked_open.request_exit(4 * OPEN)
        staked_open.cancel_exit()
    assert events(staked_open, "ExitCancelled") == [{"account": staker, "amount_wei": 4 * OPEN}]
    assert staked_open.balanceOf(staker) == staked_open.getVotes(staker) == staked_open.totalSupply() == 10 * OPEN
    assert staked_open.exit_of(staker) == (0, 0)


def test_cancel_exit__with_nothing_queued__reverts(staked_open: Any, staker: str) -> None:
    with boa.env.prank(staker), boa.reverts("staked_open: no exit queued"):
        staked_open.cancel_exit()


def test_queued_amount__earns_nothing(staked_open: Any, staker: str, second_staker: str, fee_payer: str) -> None:
    with boa.env.prank(second_staker):
        staked_open.stake(10 * OPEN)
    with boa.env.prank(staker):
        staked_open.request_exit(10 * OPEN)
    with boa.env.prank(fee_payer):
        staked_open.add_reward(8 * OPEN)
    assert (staked_open.earned(staker), staked_open.earned(second_staker)) == (0, 8 * OPEN)
