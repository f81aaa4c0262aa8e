"""The history of votes, as OpenZeppelin's Votes shows it: one checkpoint a second at most."""

from typing import Any

import boa
import pytest

OPEN = 10**18


def now() -> int:
    return int(boa.env.evm.patch.timestamp)


def history(staked_open: Any, account: str) -> list[tuple[int, int]]:
    return [tuple(staked_open.checkpoints(account, pos)) for pos in range(staked_open.numCheckpoints(account))]


def test_checkpoints__of_who_never_had_votes__are_none(staked_open: Any, staker: str) -> None:
    with boa.env.prank(staker):
        staked_open.stake(OPEN)
    assert staked_open.numCheckpoints(staker) == 0


def test_checkpoints__hold_each_change_from_the_oldest(staked_open: Any, staker: str) -> None:
    start = now()
    with boa.env.prank(staker):
        staked_open.delegate(staker)
        staked_open.stake(OPEN)
        boa.env.time_travel(seconds=5)
        staked_open.stake(2 * OPEN)
        boa.env.time_travel(seconds=7)
        staked_open.request_exit(3 * OPEN)
    assert history(staked_open, staker) == [(start, OPEN), (start + 5, 3 * OPEN), (start + 12, 0)]


def test_checkpoints__of_one_second__are_one(staked_open: Any, staker: str) -> None:
    with boa.env.prank(staker):
        staked_open.delegate(staker)
        staked_open.stake(OPEN)
        staked_open.stake(2 * OPEN)
        assert history(staked_open, staker) == [(now(), 3 * OPEN)]
        staked_open.request_exit(3 * OPEN)
    assert history(staked_open, staker) == [(now(), 0)]


def test_checkpoints__of_a_delegate__are_of_all_who_named_it(
    staked_open: Any, staker: str, second_staker: str, delegate: str
) -> None:
    start = now()
    for account in (staker, second_staker):
        with boa.env.prank(account):
            staked_open.stake(OPEN)
            staked_open.delegate(delegate)
        boa.env.time_travel(seconds=1)
    assert history(staked_open, delegate) == [(start, OPEN), (start + 1, 2 * OPEN)]
    assert history(staked_open, staker) == []


@pytest.mark.parametrize("pos", [2, 3, 2**32 - 1])
def test_checkpoints__beyond_the_newest__reverts(staked_open: Any, staker: str, pos: int) -> None:
    with boa.env.prank(staker):
        staked_open.delegate(staker)
        staked_open.stake(OPEN)
        boa.env.time_travel(seconds=1)
        staked_open.stake(OPEN)
    with boa.reverts("checkpoints: no such checkpoint"):
        staked_open.checkpoints(staker, pos)


def test_checkpoints__where_there_are_none__reverts(staked_open: Any, staker: str) -> None:
    with boa.reverts("checkpoints: no such checkpoint"):
        staked_open.checkpoints(staker, 0)


def test_past_votes__with_many_checkpoints__are_found(staked_open: Any, staker: str) -> None:
    start = now()
    with boa.env.prank(staker):
        staked_open.delegate(staker)
        for _ in range(33):
            staked_open.stake(OPEN)
            boa.env.time_travel(seconds=2)
    for number in range(33):
        for second in (0, 1):
            assert staked_open.getPastVotes(staker, start + 2 * number + second) == (number + 1) * OPEN
    assert staked_open.getPastVotes(staker, start - 1) == 0
