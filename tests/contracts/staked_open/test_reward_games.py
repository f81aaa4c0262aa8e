"""What an attacker tries with rewards: donations, roundings, empty times, great indices, well-timed stakes."""

from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import boa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

OPEN = 10**18
SCALE = 10**18
MINIMUM_STAKED = OPEN


def now() -> int:
    return int(boa.env.evm.patch.timestamp)


def stake(staked_open: Any, account: str, amount_wei: int) -> None:
    with boa.env.prank(account):
        staked_open.stake(amount_wei)


def add_reward(staked_open: Any, payer: str, amount_wei: int) -> None:
    with boa.env.prank(payer):
        staked_open.add_reward(amount_wei)


def claim(staked_open: Any, account: str) -> int:
    with boa.env.prank(account):
        return int(staked_open.claim_reward())


@pytest.mark.parametrize("donor", ["staker", "fee_payer"])
def test_donation__before_and_after_a_reward__changes_no_share(
    staked_open: Any, open_token: Any, staker: str, second_staker: str, fee_payer: str, donor: str
) -> None:
    giver = {"staker": staker, "fee_payer": fee_payer}[donor]
    stake(staked_open, staker, 3 * OPEN)
    stake(staked_open, second_staker, OPEN)
    for amount_wei in (7, 1_000 * OPEN):
        with boa.env.prank(giver):
            open_token.transfer(staked_open, amount_wei)
        add_reward(staked_open, fee_payer, 8 * OPEN)
    assert (staked_open.earned(staker), staked_open.earned(second_staker)) == (12 * OPEN, 4 * OPEN)
    assert staked_open.held_reward() == 0


def test_dust_stake__does_not_make_later_stakes_round_to_nothing(
    staked_open: Any, open_token: Any, staker: str, second_staker: str, fee_payer: str
) -> None:
    """The inflation attack on share vaults: one wei of stake, a great donation, a victim whose share rounds to 0."""
    stake(staked_open, staker, 1)
    with boa.env.prank(staker):
        open_token.transfer(staked_open, 10_000 * OPEN)
    add_reward(staked_open, fee_payer, 10_000 * OPEN)
    stake(staked_open, second_staker, OPEN)
    assert staked_open.balanceOf(second_staker) == OPEN
    add_reward(staked_open, fee_payer, 0)
    # the held reward goes by stake; the attacker's one wei gets its share of it, and no donation came back
    assert staked_open.earned(second_staker) >= 10_000 * OPEN - 20_000
    assert staked_open.earned(staker) <= 10_000


@pytest.mark.parametrize("staked_wei", [0, 1, OPEN - 1])
def test_reward__while_too_little_is_staked__goes_to_nobody_until_enough_is(
    staked_open: Any, staker: str, second_staker: str, fee_payer: str, staked_wei: int
) -> None:
    if staked_wei:
        stake(staked_open, staker, staked_wei)
    for _ in range(3):
        add_reward(staked_open, fee_payer, 5 * OPEN)
    assert staked_open.held_reward() == 15 * OPEN
    assert staked_open.earned(staker) == 0
    stake(staked_open, second_staker, OPEN)
    assert staked_open.earned(second_staker) == 0
    assert claim(staked_open, second_staker) == 0


def test_reward__after_everybody_left__is_held_for_those_who_come(
    staked_open: Any, staker: str, second_staker: str, fee_payer: str
) -> None:
    stake(staked_open, staker, 2 * OPEN)
    add_reward(staked_open, fee_payer, 3 * OPEN)
    with boa.env.prank(staker):
        staked_open.request_exit(2 * OPEN)
    add_reward(staked_open, fee_payer, 4 * OPEN)
    assert (staked_open.earned(staker), staked_open.held_reward()) == (3 * OPEN, 4 * OPEN)
    stake(staked_open, second_staker, OPEN)
    with boa.env.prank(staker):
        staked_open.cancel_exit()
    add_reward(staked_open, fee_payer, 2 * OPEN)
    assert (staked_open.earned(staker), staked_open.earned(second_staker)) == (7 * OPEN, 2 * OPEN)


def test_stake_for_one_reward_only__locks_it_for_the_cooldown(
    staked_open: Any, staker: str, second_staker: str, fee_payer: str, cooldown_seconds: int
) -> None:
    stake(staked_open, staker, OPEN)
    stake(staked_open, second_staker, 3 * OPEN)
    add_reward(staked_open, fee_payer, 4 * OPEN)
    with boa.env.prank(second_staker):
        staked_open.request_exit(3 * OPEN)
        assert staked_open.exit_of(second_staker) == (3 * OPEN, now() + cooldown_seconds)
        # nothing borrowed can be given back in the same transaction
        with boa.reverts("staked_open: cooldown not over"):
            staked_open.withdraw()
    assert staked_open.earned(second_staker) == 3 * OPEN


def test_exit_cancelled_for_one_reward__starts_its_clock_anew(
    staked_open: Any, staker: str, second_staker: str, fee_payer: str, cooldown_seconds: int
) -> None:
    stake(staked_open, staker, OPEN)
    stake(staked_open, second_staker, OPEN)
    with boa.env.prank(second_staker):
        staked_open.request_exit(OPEN)
        boa.env.time_travel(seconds=cooldown_seconds)
        staked_open.cancel_exit()
    add_reward(staked_open, fee_payer, 2 * OPEN)
    with boa.env.prank(second_staker):
        staked_open.request_exit(OPEN)
        with boa.reverts("staked_open: cooldown not over"):
            staked_open.withdraw()
    assert staked_open.earned(second_staker) == OPEN


def test_claim_between_two_rewards__changes_no_sum(
    staked_open: Any, staker: str, second_staker: str, fee_payer: str
) -> None:
    stake(staked_open, staker, 7 * OPEN // 3)
    stake(staked_open, second_staker, 7 * OPEN // 3)
    paid = 0
    for amount_wei in (1, 10, 3, OPEN, 1):
        add_reward(staked_open, fee_payer, amount_wei)
        paid += claim(staked_open, staker)
    assert paid + staked_open.earned(staker) == staked_open.earned(second_staker)


def test_earned__with_a_debt_beyond_its_bits__is_exact(
    staked_open: Any, open_token: Any, open_holder: str, staker: str, fee_payer: str
) -> None:
    """An index of 1.8e27 and a stake of 9e26 wei: their product has 180 bits, the debt keeps 160 of them."""
    great_wei = 900_000_000 * OPEN
    stake(staked_open, staker, OPEN)
    with boa.env.prank(open_holder):
        open_token.approve(staked_open, 2**256 - 1)
    for _ in range(2):
        add_reward(staked_open, open_holder, great_wei)
        assert claim(staked_open, staker) == great_wei
        with boa.env.prank(staker):
            open_token.transfer(open_holder, great_wei)
    stake(staked_open, open_holder, great_wei)
    assert (staked_open.earned(open_holder), staked_open.earned(staker)) == (0, 0)
    add_reward(staked_open, fee_payer, 900_000_001)
    assert (staked_open.earned(open_holder), staked_open.earned(staker)) == (900_000_000, 1)
    with boa.env.prank(open_holder):
        staked_open.request_exit(great_wei - OPEN)
    assert staked_open.earned(open_holder) == 900_000_000
    add_reward(staked_open, fee_payer, 10)
    assert claim(staked_open, open_holder) == 900_000_005
    assert claim(staked_open, staker) == 6


class Ledger:
    """Rewards booked one by one to every staker, without an index: in 1 / SCALE wei, and as exact fractions."""

    def __init__(self) -> None:
        self.stakes: dict[str, int] = defaultdict(int)
        self.queued: dict[str, int] = defaultdict(int)
        self.owed: dict[str, int] = defaultdict(int)
        self.held = 0
        self.ideal: dict[str, Fraction] = defaultdict(Fraction)
        self.ideal_held = Fraction(0)
        self.paid: dict[str, int] = defaultdict(int)
        self.allowed = 1

    def total(self) -> int:
        return sum(self.stakes.values())

    def reward(self, amount_wei: int) -> None:
        total = self.total()
        self.held += amount_wei * SCALE
        self.ideal_held += amount_wei
        if total < MINIMUM_STAKED:
            return
        for account, staked in self.stakes.items():
            self.owed[account] += self.held // total * staked
            self.ideal[account] += self.ideal_held * staked / total
        self.held %= total
        self.ideal_held = Fraction(0)
        # what the division leaves is shared with the next reward, perhaps by others: less than this, in wei
        self.allowed += total // SCALE + 1

    def run(self, staked_open: Any, open_token: Any, kind: str, account: str, amount_wei: int) -> None:
        """Runs one step on the contract and in the books; steps that would revert are left out."""
        with boa.env.prank(account):
            if kind == "stake":
                staked_open.stake(amount_wei)
                self.stakes[account] += amount_wei
            elif kind == "exit" and self.stakes[account]:
                amount_wei = min(amount_wei, self.stakes[account])
                staked_open.request_exit(amount_wei)
                self.stakes[account] -= amount_wei
                self.queued[account] += amount_wei
            elif kind == "cancel" and self.queued[account]:
                staked_open.cancel_exit()
                self.stakes[account] += self.queued.pop(account)
            elif kind == "donate":
                open_token.transfer(staked_open, amount_wei)
            elif kind == "reward":
                staked_open.add_reward(amount_wei)
                self.reward(amount_wei)
            elif kind == "claim":
                assert staked_open.claim_reward() == self.owed[account] // SCALE
                self.paid[account] += self.owed[account] // SCALE
                self.owed[account] %= SCALE


amounts = st.integers(1, 9) | st.integers(1, 10**22) | st.integers(OPEN, 10 * OPEN)
kinds = st.sampled_from(["stake", "stake", "stake", "reward", "reward", "reward", "exit", "cancel", "donate", "claim"])
plans = st.lists(st.tuples(kinds, st.integers(0, 2), amounts), min_size=8, max_size=20)


@pytest.fixture
def stakers(actor: Callable[[str], str], fund: Callable[[str], None]) -> list[str]:
    accounts = [actor(f"staker_{number}") for number in range(3)]
    for account in accounts:
        fund(account)
    return accounts


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
@given(plan=plans)
@example(plan=[("reward", 0, 9), ("stake", 0, OPEN), ("stake", 1, 1), ("reward", 2, 10), ("exit", 0, OPEN)])
@example(plan=[("stake", 0, OPEN), ("reward", 1, 7), ("exit", 0, OPEN), ("reward", 1, 7), ("cancel", 0, 1)])
def test_everybody_earns_what_the_books_say_after_every_step(
    staked_open: Any, open_token: Any, stakers: list[str], plan: list[tuple[str, int, int]]
) -> None:
    ledger = Ledger()
    with boa.env.anchor():
        for kind, number, amount_wei in plan:
            ledger.run(staked_open, open_token, kind, stakers[number], amount_wei)
            for account in stakers:
                assert staked_open.earned(account) == ledger.owed[account] // SCALE
                assert staked_open.balanceOf(account) == ledger.stakes[account]
            assert staked_open.held_reward() == ledger.held // SCALE
            assert staked_open.totalSupply() == ledger.total()
        for account in stakers:
            earned = ledger.paid[account] + Fraction(ledger.owed[account], SCALE)
            assert abs(earned - ledger.ideal[account]) <= ledger.allowed
