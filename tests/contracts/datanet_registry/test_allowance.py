"""The limits of any 24 hours, against a list of everything that was revealed."""

from collections.abc import Callable
from typing import Any

import boa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

DAY = 86_400
LIMITS = (1_000, 1_500, 3, 600)


@pytest.fixture
def datanet(create: Callable[..., int]) -> int:
    return create(limits=LIMITS)


def now() -> int:
    return int(boa.env.evm.patch.timestamp)


def test_allowance__of_a_fresh_contributor_is_the_limits(registry: Any, datanet: int, contributor: str) -> None:
    assert registry.allowance_of(datanet, contributor) == (1_000, 1_500, 3)


def test_allowance__of_no_datanet_is_nothing(registry: Any, contributor: str) -> None:
    assert registry.allowance_of(9, contributor) == (0, 0, 0)


def test_allowance__falls_by_what_was_revealed(
    registry: Any, datanet: int, contributor: str, second_contributor: str, entry: Any, contribute: Any
) -> None:
    contribute(contributor, entry(byte_count=600))
    assert registry.allowance_of(datanet, contributor) == (400, 900, 2)
    assert registry.allowance_of(datanet, second_contributor) == (1_000, 900, 3)


@pytest.mark.parametrize(("wait_seconds", "left"), [(DAY - 1, (400, 900, 2)), (DAY, (1_000, 1_500, 3))])
def test_allowance__comes_back_24_hours_later_to_the_second(
    registry: Any, datanet: int, contributor: str, entry: Any, contribute: Any, wait_seconds: int, left: tuple[int, ...]
) -> None:
    contribute(contributor, entry(byte_count=600))
    boa.env.time_travel(seconds=wait_seconds)
    assert registry.allowance_of(datanet, contributor) == left


def test_reveal__above_the_contributors_bytes__reverts(
    datanet: int, contributor: str, entry: Any, contribute: Any
) -> None:
    contribute(contributor, entry(1, byte_count=600))
    with boa.reverts("allowances: contributor's bytes used up"):
        contribute(contributor, entry(2, byte_count=401))
    contribute(contributor, entry(3, byte_count=400))


def test_reveal__above_the_datanets_bytes__reverts(
    datanet: int, contributor: str, second_contributor: str, entry: Any, contribute: Any
) -> None:
    contribute(contributor, entry(1, byte_count=600))
    contribute(contributor, entry(2, byte_count=400))
    with boa.reverts("allowances: datanet's bytes used up"):
        contribute(second_contributor, entry(3, byte_count=501))
    contribute(second_contributor, entry(4, byte_count=500))


def test_reveal__above_the_files_a_day__reverts(
    datanet: int, contributor: str, second_contributor: str, entry: Any, contribute: Any
) -> None:
    for number in range(3):
        contribute(contributor, entry(number, byte_count=1))
    with boa.reverts("allowances: contributor's files used up"):
        contribute(contributor, entry(3, byte_count=1))
    contribute(second_contributor, entry(4, byte_count=1))


def test_reveal__rejected__still_counts(
    registry: Any, datanet_id: int, contributor: str, entry: Any, contribute: Any, reject: Any
) -> None:
    contribution_id = contribute(contributor, entry())
    before = registry.allowance_of(datanet_id, contributor)
    reject(contribution_id)
    assert registry.allowance_of(datanet_id, contributor) == before


def test_allowance__under_lowered_limits_is_zero_not_negative(
    registry: Any, datanet: int, datanet_owner: str, contributor: str, entry: Any, contribute: Any
) -> None:
    contribute(contributor, entry(1, byte_count=600))
    contribute(contributor, entry(2, byte_count=100))
    with boa.env.prank(datanet_owner):
        registry.set_limits(datanet, (500, 600, 1, 500))
    assert registry.allowance_of(datanet, contributor) == (0, 0, 0)


def test_windows_of_two_datanets__are_apart(
    registry: Any, datanet: int, create: Callable[..., int], contributor: str, entry: Any, contribute: Any
) -> None:
    second_id = create(limits=LIMITS)
    contribute(contributor, entry(byte_count=600))
    assert registry.allowance_of(second_id, contributor) == (1_000, 1_500, 3)


waits = st.sampled_from([0, 1, 7_200, 28_800, 43_200, DAY - 2, DAY - 1, DAY, DAY + 1]) | st.integers(0, DAY + 9)
steps = st.lists(st.tuples(waits, st.integers(0, 2), st.integers(1, 600)), min_size=5, max_size=16)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=steps)
@example(plan=[(0, 0, 600), (DAY - 1, 0, 600), (1, 0, 600), (DAY - 1, 0, 400), (1, 0, 1)])
@example(plan=[(0, 0, 1), (0, 0, 1), (0, 0, 1), (DAY - 1, 0, 1), (1, 0, 1), (0, 0, 1), (0, 0, 1), (0, 0, 1)])
def test_allowance_equals_the_brute_force_sum(
    registry: Any,
    datanet: int,
    actor: Callable[[str], str],
    entry: Callable[..., Any],
    contribute: Callable[..., int],
    plan: list[tuple[int, int, int]],
) -> None:
    contributors = [actor(f"contributor_{number}") for number in range(3)]
    revealed: list[tuple[int, int, int]] = []
    with boa.env.anchor():
        for number, (seconds, who, byte_count) in enumerate(plan):
            boa.env.time_travel(seconds=seconds)
            lately = [old for old in revealed if now() - old[0] < DAY]
            mine = [amount for _, account, amount in lately if account == who]
            left = (1_000 - sum(mine), 1_500 - sum(amount for _, _, amount in lately), 3 - len(mine))
            assert registry.allowance_of(datanet, contributors[who]) == left
            fits = byte_count <= min(left[0], left[1]) and left[2] > 0
            try:
                contribute(contributors[who], entry(number, byte_count=byte_count))
            except boa.BoaError as error:
                assert "used up" in str(error)
                assert not fits
            else:
                assert fits
                revealed.append((now(), who, byte_count))


def test_reveal__after_a_long_queue_expired__has_bounded_gas(
    registry: Any, create: Callable[..., int], contributor: str, entry: Any, contribute: Any
) -> None:
    create(limits=(10**6, 10**6, 1_000, 10))
    for number in range(130):
        contribute(contributor, entry(number, byte_count=1))
    boa.env.time_travel(seconds=DAY)
    contribute(contributor, entry("late", byte_count=1))
    # two binary searches over 130 entries; a walk over them would read 260 slots, 546,000 gas
    assert registry._computation.get_gas_used() < 300_000
    assert registry.allowance_of(1, contributor) == (10**6 - 1, 10**6 - 1, 999)
