from collections.abc import Callable
from typing import Any

import boa
import pytest

WITHDRAWN = 8


@pytest.fixture
def contribution_id(
    datanet_id: int, contributor: str, entry: Callable[..., Any], contribute: Callable[..., int]
) -> int:
    return contribute(contributor, entry())


def withdraw(registry: Any, account: str, contribution_id: int) -> None:
    with boa.env.prank(account):
        registry.withdraw_contribution(contribution_id)


def test_withdraw__of_a_pending_one__frees_the_content(
    registry: Any,
    contribution_id: int,
    contributor: str,
    outsider: str,
    events: Callable[..., Any],
    entry: Any,
    contribute: Any,
) -> None:
    withdraw(registry, contributor, contribution_id)
    assert events(registry, "Withdrawn") == [{"contribution_id": contribution_id}]
    assert registry.contribution(contribution_id).status == WITHDRAWN
    assert contribute(outsider, entry()) == contribution_id + 1


def test_withdraw__of_an_accepted_one__keeps_the_content_and_undoes_the_rank(
    registry: Any,
    datanet_id: int,
    contribution_id: int,
    contributor: str,
    outsider: str,
    accept: Any,
    entry: Any,
    contribute: Any,
) -> None:
    accept(contribution_id, 80)
    withdraw(registry, contributor, contribution_id)
    assert registry.contribution(contribution_id).status == WITHDRAWN
    assert tuple(registry.contributor_stats(datanet_id, contributor)) == (0, 0, 0)
    with boa.reverts("datanet_registry: content already contributed"):
        contribute(outsider, entry())


def test_withdraw__by_another__reverts(registry: Any, contribution_id: int, datanet_owner: str, outsider: str) -> None:
    for account in (outsider, datanet_owner):
        with boa.reverts("datanet_registry: sender is not the contributor"):
            withdraw(registry, account, contribution_id)


def test_withdraw__twice__reverts(registry: Any, contribution_id: int, contributor: str) -> None:
    withdraw(registry, contributor, contribution_id)
    with boa.reverts("datanet_registry: already rejected or withdrawn"):
        withdraw(registry, contributor, contribution_id)


def test_withdraw__of_a_rejected_one__reverts(
    registry: Any, contribution_id: int, contributor: str, reject: Any
) -> None:
    reject(contribution_id)
    with boa.reverts("datanet_registry: already rejected or withdrawn"):
        withdraw(registry, contributor, contribution_id)


def test_review__of_a_withdrawn_one__reverts(
    registry: Any, contribution_id: int, contributor: str, accept: Any
) -> None:
    withdraw(registry, contributor, contribution_id)
    with boa.reverts("datanet_registry: contribution not pending"):
        accept(contribution_id)


def test_withdraw__gives_no_allowance_back(
    registry: Any, datanet_id: int, contribution_id: int, contributor: str
) -> None:
    before = registry.allowance_of(datanet_id, contributor)
    withdraw(registry, contributor, contribution_id)
    assert registry.allowance_of(datanet_id, contributor) == before
