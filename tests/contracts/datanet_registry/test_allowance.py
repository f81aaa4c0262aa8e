"""The limits of any 24 hours (INV-9), against a list of everything that was revealed."""

from collections.abc import Callable
from typing import Any

import boa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

DAY = 86_400
BUCKET = 3 * 3_600
KIB = 1_024
LIMITS = (10 * KIB, 15 * KIB, 3, 6 * KIB)


@pytest.fixture
def datanet(create: Callable[..., int]) -> int:
    return create(limits=LIMITS)


def now() -> int:
    return int(boa.env.evm.patch.timestamp)


def travel_to_bucket_start() -> None:
    boa.env.time_travel(seconds=-now() % BUCKET)


def test_allowance__of_a_fresh_contributor_is_the_limits(registry: Any, datanet: int, contributor: str) -> None:
    assert registry.allowance_of(datanet, contributor) == (10 * KIB, 15 * KIB, 3)


def test_allowance__of_no_datanet_is_nothing(registry: Any, contributor: str) -> None:
    assert registry.allowance_of(9, contributor) == (0, 0, 0)


@pytest.mark.parametrize(("byte_count", "kib"), [(1, 1), (KIB, 1), (KIB + 1, 2), (6 * KIB, 6)])
def test_allowance__falls_by_what_was_revealed_in_whole_kib(
    registry: Any,
    datanet: int,
    contributor: str,
    second_contributor: str,
    entry: Any,
    contribute: Any,
    byte_count: int,
    kib: int,
) -> None:
    contribute(contributor, entry(byte_count=byte_count))
    assert registry.allowance_of(datanet, contributor) == ((10 - kib) * KIB, (15 - kib) * KIB, 2)
    assert registry.allowance_of(datanet, second_contributor) == (10 * KIB, (15 - kib) * KIB, 3)


@pytest.mark.parametrize("second_of_bucket", [0, 1, BUCKET - 1])
def test_allowance__comes_back_when_the_three_hours_are_wholly_outside_the_day(
    registry: Any, datanet: int, contributor: str, entry: Any, contribute: Any, second_of_bucket: int
) -> None:
    travel_to_bucket_start()
    boa.env.time_travel(seconds=second_of_bucket)
    contribute(contributor, entry(byte_count=6 * KIB))
    # 24 hours later in the last second of its three hours, 27 hours later in their first
    wait_seconds = 9 * BUCKET - second_of_bucket
    assert DAY < wait_seconds <= DAY + BUCKET
    boa.env.time_travel(seconds=wait_seconds - 1)
    assert registry.allowance_of(datanet, contributor) == (4 * KIB, 9 * KIB, 2)
    boa.env.time_travel(seconds=1)
    assert registry.allowance_of(datanet, contributor) == (10 * KIB, 15 * KIB, 3)


def test_reveal__above_the_contributors_bytes__reverts(
    datanet: int, contributor: str, entry: Any, contribute: Any
) -> None:
    contribute(contributor, entry(1, byte_count=6 * KIB))
    with boa.reverts("allowances: contributor's bytes used up"):
        contribute(contributor, entry(2, byte_count=4 * KIB + 1))
    contribute(contributor, entry(3, byte_count=4 * KIB))


def test_reveal__above_the_datanets_bytes__reverts(
    datanet: int, contributor: str, second_contributor: str, entry: Any, contribute: Any
) -> None:
    contribute(contributor, entry(1, byte_count=6 * KIB))
    contribute(contributor, entry(2, byte_count=4 * KIB))
    with boa.reverts("allowances: datanet's bytes used up"):
        contribute(second_contributor, entry(3, byte_count=5 * KIB + 1))
    contribute(second_contributor, entry(4, byte_count=5 * KIB))


def test_reveal__above_the_files_a_day__reverts(
    datanet: int, contributor: str, second_contributor: str, entry: Any, contribute: Any
) -> None:
    for number in range(3):
        contribute(contributor, entry(number, byte_count=1))
    with boa.reverts("allowances: contributor's files used up"):
        contribute(contributor, entry(3, byte_count=1))
    contribute(second_contributor, entry(4, byte_count=1))


def test_reveal__that_fails__uses_nothing(
    registry: Any, datanet: int, contributor: str, entry: Any, contribute: Any, add_deposits: Any
) -> None:
    add_deposits(contributor, datanet)
    with boa.reverts("allowances: file too large"):
        contribute(contributor, entry(byte_count=6 * KIB + 1))
    assert registry.allowance_of(datanet, contributor) == (10 * KIB, 15 * KIB, 3)
    assert registry.free_deposits(datanet, contributor) == 1


@pytest.mark.parametrize("outcome", ["accept", "reject"])
def test_allowance__whatever_became_of_the_file__stays_used(
    registry: Any, datanet: int, contributor: str, entry: Any, contribute: Any, accept: Any, reject: Any, outcome: str
) -> None:
    contribution_id = contribute(contributor, entry())
    before = registry.allowance_of(datanet, contributor)
    accept(contribution_id) if outcome == "accept" else reject(contribution_id)
    assert registry.allowance_of(datanet, contributor) == before


def test_allowance__under_lowered_limits_is_zero_not_negative(
    registry: Any, datanet: int, datanet_owner: str, contributor: str, entry: Any, contribute: Any
) -> None:
    contribute(contributor, entry(1, byte_count=6 * KIB))
    contribute(contributor, entry(2, byte_count=KIB))
    with boa.env.prank(datanet_owner):
        registry.set_limits(datanet, (5 * KIB, 6 * KIB, 1, 5 * KIB))
    assert registry.allowance_of(datanet, contributor) == (0, 0, 0)
    with boa.reverts("allowances: contributor's bytes used up"):
        contribute(contributor, entry(3, byte_count=1))


def test_windows_of_two_datanets__are_apart(
    registry: Any, datanet: int, create: Callable[..., int], contributor: str, entry: Any, contribute: Any
) -> None:
    second_id = create(limits=LIMITS)
    contribute(contributor, entry(byte_count=6 * KIB))
    assert registry.allowance_of(second_id, contributor) == (10 * KIB, 15 * KIB, 3)


def test_fields__filled_to_their_bounds__do_not_run_into_each_other(
    registry: Any, create: Callable[..., int], contributor: str, entry: Any, contribute: Any, add_deposits: Any
) -> None:
    contributor_kib, datanet_kib = 2**18 - 2, 2**24 - 2
    datanet_id = create(limits=(contributor_kib * KIB, datanet_kib * KIB, 62, contributor_kib * KIB))
    add_deposits(contributor, datanet_id, 62 + 62)
    for bucket in range(9):
        for number in range(7 if bucket < 8 else 6):
            contribute(contributor, entry((bucket, number), byte_count=1))
        boa.env.time_travel(seconds=BUCKET if bucket < 8 else 0)
    rest_kib = contributor_kib - 62
    assert registry.allowance_of(datanet_id, contributor) == (rest_kib * KIB, (datanet_kib - 62) * KIB, 0)
    boa.env.time_travel(seconds=BUCKET)
    # seven files of the first bucket are gone
    contribute(contributor, entry("large", byte_count=(rest_kib + 7) * KIB))
    assert registry.allowance_of(datanet_id, contributor) == (0, (datanet_kib - contributor_kib) * KIB, 6)
    boa.env.time_travel(seconds=8 * BUCKET)
    assert registry.allowance_of(datanet_id, contributor)[::2] == (55 * KIB, 61)
    boa.env.time_travel(seconds=BUCKET)
    assert registry.allowance_of(datanet_id, contributor)[::2] == (contributor_kib * KIB, 62)
    for number in range(61):
        contribute(contributor, entry(("again", number), byte_count=1))
    assert registry.allowance_of(datanet_id, contributor)[::2] == ((contributor_kib - 61) * KIB, 1)
    assert registry.free_deposits(datanet_id, contributor) == 0


def test_datanets_window__filled_to_its_bound__refuses_one_more(
    registry: Any, create: Callable[..., int], actor: Callable[[str], str], entry: Any, contribute: Any
) -> None:
    contributor_kib, datanet_kib = 2**18 - 2, 2**24 - 2
    datanet_id = create(limits=(contributor_kib * KIB, datanet_kib * KIB, 1, contributor_kib * KIB))
    # 64 full days of contributors and 126 KiB
    for number in range(64):
        contribute(actor(f"crowd_{number}"), entry(number, byte_count=contributor_kib * KIB))
    last, outsider = actor("last"), actor("outsider")
    contribute(last, entry("last", byte_count=126 * KIB))
    assert registry.allowance_of(datanet_id, outsider) == (contributor_kib * KIB, 0, 1)
    with boa.reverts("allowances: datanet's bytes used up"):
        contribute(outsider, entry("more", byte_count=1))
    boa.env.time_travel(seconds=9 * BUCKET)
    assert registry.allowance_of(datanet_id, outsider) == (contributor_kib * KIB, datanet_kib * KIB, 1)


# long plans are wanted: that many of the first, short tries overrun is no fault
CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
waits = st.sampled_from([0, 1, BUCKET, 28_800, 43_200, DAY - 1, DAY, DAY + BUCKET]) | st.integers(0, DAY + BUCKET + 9)
steps = st.lists(st.tuples(waits, st.integers(0, 2), st.integers(1, 6 * KIB)), min_size=5, max_size=25)


@settings(max_examples=25, deadline=None, suppress_health_check=CHECKS)
@given(plan=steps, second_of_bucket=st.integers(0, BUCKET - 1))
@example(plan=[(0, 0, 6 * KIB), (DAY - 1, 0, 6 * KIB), (1, 0, 6 * KIB), (DAY + BUCKET, 0, 6 * KIB)], second_of_bucket=0)
@example(plan=[(BUCKET, number % 2, 3 * KIB) for number in range(25)], second_of_bucket=1)
@example(
    plan=[(0, 0, 1)] * 3 + [(DAY - 1, 0, 1), (1, 0, 1), (BUCKET, 0, 1)] + [(0, 0, 1)] * 2, second_of_bucket=BUCKET - 1
)
def test_any_24_hours__stay_within_the_limits_and_27_hours_are_forgotten(
    registry: Any,
    datanet: int,
    actor: Callable[[str], str],
    entry: Callable[..., Any],
    contribute: Callable[..., int],
    plan: list[tuple[int, int, int]],
    second_of_bucket: int,
) -> None:
    contributors = [actor(f"contributor_{number}") for number in range(3)]
    revealed: list[tuple[int, int, int]] = []
    with boa.env.anchor():
        travel_to_bucket_start()
        boa.env.time_travel(seconds=second_of_bucket)
        for number, (seconds, who, byte_count) in enumerate(plan):
            boa.env.time_travel(seconds=seconds)
            kib = -(-byte_count // KIB)
            left = _left(revealed, who, lambda at: now() // BUCKET - at // BUCKET < 9, _in_kib)
            assert registry.allowance_of(datanet, contributors[who]) == left
            try:
                contribute(contributors[who], entry(number, byte_count=byte_count))
            except boa.BoaError as error:
                assert "used up" in str(error)
                # refused only for what the last 27 hours hold
                held = _left(revealed, who, lambda at: now() - at < DAY + BUCKET, _in_kib)
                assert kib * KIB > min(held[:2]) or held[2] == 0
            else:
                assert kib * KIB <= min(left[:2]) and left[2] > 0
                revealed.append((now(), who, byte_count))
                # a fullest 24 hours end with a reveal: none passes a limit, counted in bytes
                assert min(_left(revealed, who, lambda at: now() - at < DAY, lambda amount: amount)) >= 0


def _in_kib(byte_count: int) -> int:
    return -(-byte_count // KIB) * KIB


def _left(
    revealed: list[tuple[int, int, int]], who: int, counts: Callable[[int], bool], size: Callable[[int], int]
) -> tuple[int, int, int]:
    """What the limits leave to a contributor, given which times count and how large a file is."""
    lately = [(account, size(amount)) for at, account, amount in revealed if counts(at)]
    mine = [amount for account, amount in lately if account == who]
    return 10 * KIB - sum(mine), 15 * KIB - sum(amount for _, amount in lately), 3 - len(mine)
