"""Deposits: prepaid, locked by contributions, taken back; and that they add up under any sequence of calls."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

DEPOSIT_WEI = 10**18 + 1
MAX_FREE = 65_535
RELEASE_SECONDS = 90 * 86_400


def test_add_deposits__pulls_and_counts(
    registry: Any, open_token: Any, datanet_id: int, contributor: str, fund: Any, events: Callable[..., Any]
) -> None:
    fund(contributor, 10 * DEPOSIT_WEI)
    for free_count in (3, 6):
        with boa.env.prank(contributor):
            registry.add_deposits(datanet_id, 3)
        assert events(registry, "DepositsChanged") == [
            {
                "datanet_id": datanet_id,
                "contributor": contributor,
                "free_count": free_count,
                "amount_wei": 3 * DEPOSIT_WEI,
            }
        ]
        assert registry.free_deposits(datanet_id, contributor) == free_count
        assert open_token.balanceOf(registry) == free_count * DEPOSIT_WEI
    assert open_token.balanceOf(contributor) == 4 * DEPOSIT_WEI


def test_withdraw_deposits__pays_back(
    registry: Any, open_token: Any, datanet_id: int, contributor: str, add_deposits: Any, events: Callable[..., Any]
) -> None:
    add_deposits(contributor, datanet_id, 5)
    with boa.env.prank(contributor):
        registry.withdraw_deposits(datanet_id, 2)
    assert events(registry, "DepositsChanged") == [
        {"datanet_id": datanet_id, "contributor": contributor, "free_count": 3, "amount_wei": -2 * DEPOSIT_WEI}
    ]
    assert open_token.balanceOf(contributor) == 2 * DEPOSIT_WEI
    assert (registry.free_deposits(datanet_id, contributor), open_token.balanceOf(registry)) == (3, 3 * DEPOSIT_WEI)


def test_deposits__of_nothing_or_of_no_datanet__revert(registry: Any, datanet_id: int, contributor: str) -> None:
    for function in (registry.add_deposits, registry.withdraw_deposits):
        with boa.env.prank(contributor):
            with boa.reverts("deposits: count is zero"):
                function(datanet_id, 0)
            for wanted in (0, 2, 2**96 + datanet_id):
                with boa.reverts("deposits: no such datanet"):
                    function(wanted, 1)


def test_add_deposits__beyond_what_may_be_free__reverts(
    registry: Any, datanet_id: int, contributor: str, fund: Any, contribute: Any, entry: Any, withdraw: Any
) -> None:
    fund(contributor, (MAX_FREE + 3) * DEPOSIT_WEI)
    with boa.env.prank(contributor):
        for count in (MAX_FREE + 1, 2**20, 2**236):
            with boa.reverts("deposits: too many free deposits"):
                registry.add_deposits(datanet_id, count)
        registry.add_deposits(datanet_id, MAX_FREE)
        with boa.reverts("deposits: too many free deposits"):
            registry.add_deposits(datanet_id, 1)
    # what contributions give back may go beyond, and disturbs nothing
    contribution_id = contribute(contributor, entry())
    before = registry.allowance_of(datanet_id, contributor)
    with boa.env.prank(contributor):
        registry.add_deposits(datanet_id, 1)
    withdraw(contributor, contribution_id)
    assert registry.free_deposits(datanet_id, contributor) == MAX_FREE + 1
    assert registry.allowance_of(datanet_id, contributor) == before


def test_add_deposits__without_an_allowance__reverts(
    registry: Any, open_token: Any, open_holder: str, datanet_id: int
) -> None:
    with boa.env.prank(open_holder), boa.reverts("erc20: insufficient allowance"):
        registry.add_deposits(datanet_id, 1)
    assert registry.free_deposits(datanet_id, open_holder) == 0


def test_withdraw_deposits__above_the_free_ones__reverts(
    registry: Any, datanet_id: int, contributor: str, add_deposits: Any, contribute: Any, entry: Any, outsider: str
) -> None:
    add_deposits(contributor, datanet_id, 2)
    contribute(contributor, entry())
    for account, count in [(contributor, 2), (contributor, 2**256 - 1), (outsider, 1)]:
        with boa.env.prank(account), boa.reverts("deposits: count above free deposits"):
            registry.withdraw_deposits(datanet_id, count)
    with boa.env.prank(contributor):
        registry.withdraw_deposits(datanet_id, 1)


class FalseToken:
    """Answers false to every transfer, as some tokens do, or reverts."""

    SOURCE = """
# pragma version ~=0.4.3
@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    return self._answer()

@external
def transfer(to: address, amount: uint256) -> bool:
    return self._answer()

@external
def burn(amount: uint256):
    pass

answer: public(bool)
paused: public(bool)

@external
def set_answer(answer: bool):
    self.answer = answer

@external
def pause():
    self.paused = True

@internal
def _answer() -> bool:
    assert not self.paused, "token: paused"
    return self.answer
"""


@pytest.mark.parametrize(
    ("is_paused", "reason"), [(False, "deposits: transfer failed"), (True, "token: paused")], ids=["false", "revert"]
)
def test_transfers__that_fail__revert(
    factory: Any,
    treasury: str,
    court: str,
    contributor: str,
    terms: Any,
    limits: Any,
    entry: Any,
    is_paused: bool,
    reason: str,
) -> None:
    token = boa.loads(FalseToken.SOURCE)
    registry = factory("DatanetRegistry").deploy(token, treasury, DEPOSIT_WEI, court)
    with boa.env.prank(court):
        registry.set_court(court)
        registry.create_datanet(1, 1, terms, limits, bytes(32))
    with boa.env.prank(contributor):
        with boa.reverts("deposits: transfer failed"):
            registry.add_deposits(1, 1)
        token.set_answer(True)
        registry.add_deposits(1, 2)
        contribution_id = registry.commit(entry().commitment(contributor))
        boa.env.time_travel(blocks=1)
        registry.reveal(*entry().arguments(contribution_id))
    if is_paused:
        token.pause()
    else:
        token.set_answer(False)
    for account, function, arguments in [
        (contributor, registry.add_deposits, (1, 1)),
        (contributor, registry.withdraw_deposits, (1, 1)),
        (court, registry.resolve, (contribution_id, entry().canonical_hash, False, 0, True)),
    ]:
        with boa.env.prank(account), boa.reverts(reason):
            function(*arguments)
    assert registry.free_deposits(1, contributor) == 1


@dataclass
class Model:
    """Every deposit is free, locked by one contribution, or lost."""

    free: Counter[tuple[int, int]] = field(default_factory=Counter)
    # contribution id -> (contributor, Datanet, content)
    pending: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    reviewed: set[int] = field(default_factory=set)
    # withdrawn under review
    awaiting: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    accepted: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    lost: int = 0

    @property
    def held(self) -> int:
        return self.free.total() + len(self.pending) + len(self.awaiting)

    def contents(self) -> set[int]:
        return {content for _, _, content in (*self.pending.values(), *self.accepted.values())}


# long plans are wanted: that many of the first, short tries overrun is no fault
CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
CALLS = ("add", "withdraw_deposits", "contribute", "begin", "accept", "reject", "abuse", "withdraw", "release")
steps = st.lists(
    st.tuples(st.sampled_from(CALLS), st.integers(0, 1), st.integers(1, 2), st.integers(0, 5)),
    min_size=10,
    max_size=40,
)


@settings(max_examples=20, deadline=None, suppress_health_check=CHECKS)
@given(plan=steps)
@example(
    plan=[
        ("add", 0, 1, 5),
        *[("contribute", 0, 1, content) for content in range(4)],
        *[("begin", 0, 1, place) for place in range(4)],
        ("withdraw", 0, 1, 0),
        ("withdraw", 0, 1, 0),
        ("abuse", 0, 1, 5),
        ("release", 0, 1, 0),
        ("abuse", 0, 1, 0),
        ("accept", 0, 1, 0),
        ("withdraw", 0, 1, 0),
        ("withdraw_deposits", 0, 1, 5),
    ]
)
def test_deposits__under_any_calls__are_free_locked_or_lost(
    registry: Any,
    open_token: Any,
    treasury: str,
    court: str,
    create: Callable[..., int],
    actor: Callable[[str], str],
    fund: Callable[..., None],
    entry: Callable[..., Any],
    plan: list[tuple[str, int, int, int]],
) -> None:
    accounts = [actor(f"contributor_{number}") for number in range(2)]
    with boa.env.anchor():
        create()
        create()
        for account in accounts:
            fund(account, 100 * DEPOSIT_WEI)
        supply_wei = open_token.totalSupply()
        model = Model()
        for step in plan:
            _call(registry, model, accounts, court, entry, *step)
            assert open_token.balanceOf(registry) == DEPOSIT_WEI * model.held
            for who, account in enumerate(accounts):
                for datanet_id in (1, 2):
                    assert registry.free_deposits(datanet_id, account) == model.free[who, datanet_id]
        assert supply_wei - open_token.totalSupply() == model.lost * (DEPOSIT_WEI // 2)
        assert open_token.balanceOf(treasury) == model.lost * (DEPOSIT_WEI - DEPOSIT_WEI // 2)
        in_hand_wei = sum(open_token.balanceOf(account) for account in accounts)
        assert in_hand_wei == (200 - model.held - model.lost) * DEPOSIT_WEI


def _call(
    registry: Any,
    model: Model,
    accounts: list[str],
    court: str,
    entry: Any,
    call: str,
    who: int,
    datanet_id: int,
    number: int,
) -> None:
    """Makes one call; what the model says cannot be done must revert."""
    place = (who, datanet_id)
    if call in ("add", "withdraw_deposits"):
        function = registry.add_deposits if call == "add" else registry.withdraw_deposits
        is_allowed = number > 0 and (call == "add" or number <= model.free[place])
        if _succeeds(accounts[who], is_allowed, function, datanet_id, number):
            model.free[place] += number if call == "add" else -number
    elif call == "contribute":
        revealed = entry(number, datanet_id=datanet_id)
        with boa.env.prank(accounts[who]):
            contribution_id = registry.commit(revealed.commitment(accounts[who]))
        boa.env.time_travel(blocks=1, block_delta=0)
        is_allowed = model.free[place] > 0 and number not in model.contents()
        if _succeeds(accounts[who], is_allowed, registry.reveal, *revealed.arguments(contribution_id)):
            model.free[place] -= 1
            model.pending[contribution_id] = (who, datanet_id, number)
    elif call == "release":
        contribution_id = _pick({**model.awaiting, **model.pending}, number)
        boa.env.time_travel(seconds=RELEASE_SECONDS)
        if _succeeds(court, contribution_id in model.awaiting, registry.release_deposit, contribution_id):
            model.free[model.awaiting.pop(contribution_id)[:2]] += 1
    elif call == "withdraw":
        contribution_id = _pick({**model.pending, **model.accepted}, number)
        owner = {**model.pending, **model.accepted}.get(contribution_id, (who, 0, 0))
        arguments = (contribution_id, entry(owner[2]).canonical_hash)
        is_allowed = contribution_id in model.pending or contribution_id in model.accepted
        if _succeeds(accounts[owner[0]], is_allowed, registry.withdraw_contribution, *arguments):
            if contribution_id in model.accepted:
                # its content stays taken: keep it under an id that nobody picks
                model.accepted[-contribution_id] = model.accepted.pop(contribution_id)
            elif contribution_id in model.reviewed:
                model.awaiting[contribution_id] = model.pending.pop(contribution_id)
            else:
                model.free[model.pending.pop(contribution_id)[:2]] += 1
    elif call == "begin":
        contribution_id = _pick(model.pending, number)
        if _succeeds(court, contribution_id in model.pending, registry.begin_review, contribution_id):
            model.reviewed.add(contribution_id)
    else:
        decidable = {**model.pending, **model.awaiting}
        contribution_id = _pick(decidable, number)
        _, _, content = decidable.get(contribution_id, (0, 0, 0))
        verdict = (call == "accept", 50 if call == "accept" else 0, call == "abuse")
        arguments = (contribution_id, entry(content).canonical_hash, *verdict)
        if _succeeds(court, contribution_id in decidable, registry.resolve, *arguments):
            owner = model.awaiting.pop(contribution_id, None) or model.pending[contribution_id]
            if model.pending.pop(contribution_id, None) and call == "accept":
                model.accepted[contribution_id] = owner
            if call == "abuse":
                model.lost += 1
            else:
                model.free[owner[:2]] += 1


def _pick(choices: dict[int, Any], number: int) -> int:
    """One of the ids, or one that no contribution has."""
    ids = sorted(wanted for wanted in choices if wanted > 0)
    return ids[number] if number < len(ids) else 10**6


def _succeeds(sender: str, is_allowed: bool, function: Any, *arguments: Any) -> bool:
    """Whether the call succeeds, which it must exactly if the model allows it."""
    with boa.env.prank(sender):
        if is_allowed:
            function(*arguments)
        else:
            with pytest.raises(boa.BoaError):
                function(*arguments)
    return is_allowed
