"""Who shares the owner part of a fee: the shares always sum to 10,000 basis points."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import boa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TOTAL_BPS = 10_000


@pytest.fixture
def owners(actor: Callable[[str], str]) -> list[str]:
    return [actor(f"owner_{number}") for number in range(8)]


def line(register: Callable[..., int], owners: list[str], royalties: list[int]) -> int:
    """Registers a line of adapters from the oldest to the youngest; returns the youngest's id."""
    adapter_id = 0
    for owner, royalty_bps in zip(owners, royalties, strict=False):
        adapter_id = register(owner, parent_id=adapter_id, royalty_bps=royalty_bps)
    return adapter_id


def test_payees__without_a_parent__is_the_owner(registry: Any, register: Callable[..., int], owners: list[str]) -> None:
    assert registry.payees(line(register, owners, [2_000])) == ([owners[0]], [10_000])


def test_payees__with_ancestors__pass_royalties_up(
    registry: Any, register: Callable[..., int], owners: list[str]
) -> None:
    youngest = line(register, owners, [1_000, 2_000, 500])
    # 2,000 of 10,000 reach the parent, and 1,000 / 10,000 of those go on to the grandparent
    assert registry.payees(youngest) == ([owners[2], owners[1], owners[0]], [8_000, 1_800, 200])


def test_payees__above_a_free_parent__get_nothing(
    registry: Any, register: Callable[..., int], owners: list[str]
) -> None:
    youngest = line(register, owners, [2_000, 0, 500])
    assert registry.payees(youngest) == ([owners[2]], [10_000])


def test_payees__follow_the_ancestors_new_owner(
    registry: Any, register: Callable[..., int], owners: list[str], outsider: str
) -> None:
    youngest = line(register, owners, [2_000, 500])
    with boa.env.prank(owners[0]):
        registry.transfer_adapter(1, outsider)
    assert registry.payees(youngest) == ([owners[1], outsider], [8_000, 2_000])


def test_payees__of_no_adapter__reverts(registry: Any) -> None:
    with boa.reverts("model_registry: no such adapter"):
        registry.payees(1)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(royalties=st.lists(st.sampled_from([0, 1, 1_999, 2_000]) | st.integers(0, 2_000), min_size=1, max_size=8))
def test_payees__sum_to_the_whole_and_follow_the_geometric_rule(
    registry: Any, register: Callable[..., int], owners: list[str], royalties: list[int]
) -> None:
    with boa.env.anchor():
        accounts, shares_bps = registry.payees(line(register, owners, royalties))
    assert sum(shares_bps) == TOTAL_BPS
    assert accounts == list(reversed(owners[: len(royalties)]))[: len(accounts)]
    reaching = Fraction(TOTAL_BPS)
    ancestors = [*reversed(royalties[:-1]), 0]
    for share_bps, royalty_bps in zip(shares_bps, ancestors, strict=False):
        kept = reaching * (TOTAL_BPS - royalty_bps) / TOTAL_BPS
        # each step floors a share by less than one basis point, on its way in and on its way out
        assert abs(share_bps - kept) < 2
        reaching -= kept
