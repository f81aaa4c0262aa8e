from collections.abc import Callable
from typing import Any

import boa

OPEN = 10**18
ZERO = "0x" + "00" * 20


def test_delegate__moves_the_whole_stake_and_what_comes_later(staked_open: Any, staker: str, delegate: str) -> None:
    with boa.env.prank(staker):
        staked_open.stake(3 * OPEN)
        staked_open.delegate(delegate)
        staked_open.stake(2 * OPEN)
    assert staked_open.delegates(staker) == delegate
    assert (staked_open.getVotes(delegate), staked_open.getVotes(staker)) == (5 * OPEN, 0)


def test_delegate__logs_both_sides(staked_open: Any, staker: str, delegate: str, events: Callable[..., Any]) -> None:
    with boa.env.prank(staker):
        staked_open.stake(3 * OPEN)
        staked_open.delegate(staker)
        staked_open.delegate(delegate)
    assert events(staked_open, "DelegateChanged") == [
        {"delegator": staker, "fromDelegate": staker, "toDelegate": delegate}
    ]
    assert events(staked_open, "DelegateVotesChanged") == [
        {"delegate": staker, "previousVotes": 3 * OPEN, "newVotes": 0},
        {"delegate": delegate, "previousVotes": 0, "newVotes": 3 * OPEN},
    ]


def test_delegate__to_the_zero_address__gives_votes_to_nobody(staked_open: Any, staker: str, delegate: str) -> None:
    with boa.env.prank(staker):
        staked_open.stake(3 * OPEN)
        staked_open.delegate(delegate)
        staked_open.delegate(ZERO)
    assert staked_open.getVotes(delegate) == staked_open.getVotes(ZERO) == 0


def test_delegate__again_to_the_same__counts_once(
    staked_open: Any, staker: str, delegate: str, events: Callable[..., Any]
) -> None:
    with boa.env.prank(staker):
        staked_open.stake(3 * OPEN)
        staked_open.delegate(delegate)
        staked_open.delegate(delegate)
    assert events(staked_open, "DelegateVotesChanged") == []
    assert staked_open.getVotes(delegate) == 3 * OPEN


def test_stake__without_a_delegate__has_no_votes(staked_open: Any, staker: str) -> None:
    with boa.env.prank(staker):
        staked_open.stake(3 * OPEN)
    assert staked_open.getVotes(staker) == 0


def test_delegate__with_nothing_staked__changes_no_votes(
    staked_open: Any, staker: str, delegate: str, events: Callable[..., Any]
) -> None:
    with boa.env.prank(staker):
        staked_open.delegate(delegate)
    assert [len(events(staked_open, name)) for name in ("DelegateChanged", "DelegateVotesChanged")] == [1, 0]
    assert staked_open.numCheckpoints(delegate) == 0
