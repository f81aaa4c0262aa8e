"""Past votes: checkpoints against a plain dictionary, second by second."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import boa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

OPEN = 10**18
ZERO = "0x" + "00" * 20


def now() -> int:
    return int(boa.env.evm.patch.timestamp)


def test_clock_is_block_time(staked_open: Any) -> None:
    assert staked_open.clock() == now()
    assert staked_open.CLOCK_MODE() == "mode=timestamp"


def test_past_votes__change_in_the_second_of_the_stake(staked_open: Any, staker: str) -> None:
    with boa.env.prank(staker):
        staked_open.delegate(staker)
        boa.env.time_travel(seconds=10)
        staked_open.stake(OPEN)
    staked_at = now()
    boa.env.time_travel(seconds=10)
    assert staked_open.getPastVotes(staker, staked_at - 1) == staked_open.getPastTotalSupply(staked_at - 1) == 0
    assert staked_open.getPastVotes(staker, staked_at) == staked_open.getPastTotalSupply(staked_at) == OPEN


@pytest.mark.parametrize("ahead_seconds", [0, 1, 2**48])
def test_past_votes__of_the_present_or_future__reverts(staked_open: Any, staker: str, ahead_seconds: int) -> None:
    with boa.reverts("checkpoints: timepoint not in the past"):
        staked_open.getPastVotes(staker, now() + ahead_seconds)
    with boa.reverts("checkpoints: timepoint not in the past"):
        staked_open.getPastTotalSupply(now() + ahead_seconds)


def test_stake_and_exit_in_one_second__leave_no_votes(staked_open: Any, staker: str) -> None:
    with boa.env.prank(staker):
        staked_open.delegate(staker)
        staked_open.stake(OPEN)
        staked_open.request_exit(OPEN)
    boa.env.time_travel(seconds=1)
    assert staked_open.getPastVotes(staker, now() - 1) == staked_open.getPastTotalSupply(now() - 1) == 0


def test_zero_address_never_has_votes(staked_open: Any, staker: str) -> None:
    with boa.env.prank(staker):
        staked_open.stake(OPEN)
    boa.env.time_travel(seconds=1)
    assert staked_open.getVotes(ZERO) == staked_open.getPastVotes(ZERO, now() - 1) == 0


steps = st.lists(
    st.tuples(
        st.sampled_from(["stake", "exit", "cancel", "delegate"]),
        st.integers(0, 2),
        st.integers(0, 3),
        st.integers(1, 10 * OPEN),
        st.sampled_from([0, 0, 1, 12, 5_000]),
    ),
    min_size=6,
    max_size=20,
)


@pytest.fixture
def stakers(actor: Callable[[str], str], fund: Callable[[str], None]) -> list[str]:
    accounts = [actor(f"staker_{number}") for number in range(3)]
    for account in accounts:
        fund(account)
    return accounts


class Model:
    """What gOPEN should say: stakes, queued exits, delegates, and the votes at the end of each second."""

    def __init__(self) -> None:
        self.stakes: dict[str, int] = defaultdict(int)
        self.queued: dict[str, int] = defaultdict(int)
        self.delegates: dict[str, str] = {}
        self.history: list[tuple[int, dict[str, int], int]] = []

    def votes(self) -> dict[str, int]:
        votes: dict[str, int] = defaultdict(int)
        for account, stake in self.stakes.items():
            votes[self.delegates.get(account, ZERO)] += stake
        votes.pop(ZERO, None)
        return votes

    def remember(self) -> None:
        self.history.append((now(), self.votes(), sum(self.stakes.values())))

    def run(self, staked_open: Any, kind: str, account: str, delegatee: str, amount_wei: int) -> None:
        """Runs one step on the contract and on the model; steps that would revert are left out."""
        with boa.env.prank(account):
            if kind == "stake":
                staked_open.stake(amount_wei)
                self.stakes[account] += amount_wei
            elif kind == "delegate":
                staked_open.delegate(delegatee)
                self.delegates[account] = delegatee
            elif kind == "exit" and self.stakes[account]:
                amount_wei = min(amount_wei, self.stakes[account])
                staked_open.request_exit(amount_wei)
                self.stakes[account] -= amount_wei
                self.queued[account] += amount_wei
            elif kind == "cancel" and self.queued[account]:
                staked_open.cancel_exit()
                self.stakes[account] += self.queued.pop(account)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
@given(plan=steps)
def test_votes_equal_the_model_at_every_second(
    staked_open: Any, stakers: list[str], plan: list[tuple[str, int, int, int, int]]
) -> None:
    model = Model()
    delegatees = [*stakers, ZERO]
    with boa.env.anchor():
        for kind, account, delegatee, amount_wei, seconds in plan:
            boa.env.time_travel(seconds=seconds)
            model.run(staked_open, kind, stakers[account], delegatees[delegatee], amount_wei)
            model.remember()
            votes = [staked_open.getVotes(account) for account in stakers]
            assert sum(votes) <= staked_open.totalSupply() == sum(model.stakes.values())
            assert votes == [model.votes().get(account, 0) for account in stakers]
        boa.env.time_travel(seconds=2)
        check_past(staked_open, stakers, model)


def check_past(staked_open: Any, stakers: list[str], model: Model) -> None:
    """Asks for the seconds before, at and after each step; the last step of a second is what counts."""
    for second in {time + offset for time, _, _ in model.history for offset in (-1, 0, 1)}:
        known = [entry for entry in model.history if entry[0] <= second]
        _, votes, total = known[-1] if known else (0, {}, 0)
        assert staked_open.getPastTotalSupply(second) == total
        for account in stakers:
            assert staked_open.getPastVotes(account, second) == votes.get(account, 0)
