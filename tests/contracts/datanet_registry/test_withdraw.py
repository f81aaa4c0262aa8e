from collections.abc import Callable
from typing import Any

import boa
import pytest

WITHDRAWN = 8
DEPOSIT_WEI = 10**18 + 1
RELEASE_SECONDS = 90 * 86_400


@pytest.fixture
def contribution_id(datanet_id: int, contributor: str, entry: Any, contribute: Callable[..., int]) -> int:
    return contribute(contributor, entry())


def test_withdraw__of_a_pending_one__frees_content_and_deposit(
    registry: Any,
    datanet_id: int,
    contribution_id: int,
    contributor: str,
    outsider: str,
    withdraw: Any,
    events: Any,
    entry: Any,
    contribute: Any,
) -> None:
    withdraw(contributor, contribution_id)
    assert events(registry, "Withdrawn") == [{"contribution_id": contribution_id}]
    assert events(registry, "DepositsChanged") == [
        {"datanet_id": datanet_id, "contributor": contributor, "free_count": 1, "amount_wei": 0}
    ]
    contribution = registry.contribution(contribution_id)
    assert (contribution.status, contribution.decided_at) == (WITHDRAWN, 0)
    assert contribution.withdrawn_at == boa.env.evm.patch.timestamp
    assert not registry.is_content(contribution_id, entry().digest, entry().canonical_hash)
    assert contribute(outsider, entry()) == contribution_id + 1


def test_withdraw__of_an_accepted_one__keeps_the_content_and_undoes_the_rank(
    registry: Any,
    datanet_id: int,
    contribution_id: int,
    contributor: str,
    outsider: str,
    accept: Any,
    withdraw: Any,
    entry: Any,
    contribute: Any,
    events: Any,
) -> None:
    accept(contribution_id, 80)
    withdraw(contributor, contribution_id)
    assert (events(registry, "Withdrawn"), events(registry, "DepositsChanged")) == (
        [{"contribution_id": contribution_id}],
        [],
    )
    assert registry.contribution(contribution_id).status == WITHDRAWN
    assert tuple(registry.contributor_stats(datanet_id, contributor)) == (0, 0, 0)
    assert registry.is_content(contribution_id, entry().digest, entry().canonical_hash)
    with boa.reverts("datanet_registry: content already contributed"):
        contribute(outsider, entry())


def test_withdraw__by_another__reverts(
    contribution_id: int, datanet_owner: str, outsider: str, court: str, withdraw: Any
) -> None:
    for account in (outsider, datanet_owner, court):
        with boa.reverts("datanet_registry: sender is not the contributor"):
            withdraw(account, contribution_id)


@pytest.mark.parametrize("is_accepted", [True, False])
def test_withdraw__with_anothers_canonical_hash__reverts(
    contribution_id: int, contributor: str, entry: Any, contribute: Any, accept: Any, withdraw: Any, is_accepted: bool
) -> None:
    contribute(contributor, entry("second"))
    if is_accepted:
        accept(contribution_id)
    with boa.reverts("contributions: not its canonical hash"):
        withdraw(contributor, contribution_id, "second")


def test_withdraw__twice__reverts(contribution_id: int, contributor: str, withdraw: Any) -> None:
    withdraw(contributor, contribution_id)
    with boa.reverts("datanet_registry: already rejected or withdrawn"):
        withdraw(contributor, contribution_id)


def test_withdraw__of_a_rejected_one__reverts(
    contribution_id: int, contributor: str, reject: Any, withdraw: Any
) -> None:
    reject(contribution_id)
    with boa.reverts("datanet_registry: already rejected or withdrawn"):
        withdraw(contributor, contribution_id)


@pytest.mark.parametrize("is_abusive", [True, False])
def test_resolve__of_one_withdrawn_before_review__changes_nothing(
    registry: Any,
    datanet_id: int,
    contribution_id: int,
    contributor: str,
    withdraw: Any,
    accept: Any,
    reject: Any,
    is_abusive: bool,
) -> None:
    withdraw(contributor, contribution_id)
    before = registry.contribution(contribution_id)
    accept(contribution_id)
    reject(contribution_id, is_abusive=is_abusive)
    assert registry.get_logs() == []
    assert registry.contribution(contribution_id) == before
    assert registry.free_deposits(datanet_id, contributor) == 1


def test_withdraw__gives_no_allowance_back(
    registry: Any, datanet_id: int, contribution_id: int, contributor: str, withdraw: Any
) -> None:
    before = registry.allowance_of(datanet_id, contributor)
    withdraw(contributor, contribution_id)
    assert registry.allowance_of(datanet_id, contributor) == before


# A contributor who sees abuse being voted must not save his deposit by leaving.


def test_withdraw__under_review__frees_the_content_alone(
    registry: Any,
    datanet_id: int,
    contribution_id: int,
    contributor: str,
    begin_review: Any,
    withdraw: Any,
    events: Any,
    entry: Any,
) -> None:
    begin_review(contribution_id)
    withdraw(contributor, contribution_id)
    assert (len(events(registry, "Withdrawn")), events(registry, "DepositsChanged")) == (1, [])
    assert registry.contribution(contribution_id).status == WITHDRAWN
    assert registry.contribution_by_canonical_hash(entry().canonical_hash) == 0
    assert registry.free_deposits(datanet_id, contributor) == 0


@pytest.mark.parametrize("verdict", ["accepted", "rejected"])
def test_resolve__of_one_withdrawn_under_review__only_frees_the_deposit(
    registry: Any,
    datanet_id: int,
    contribution_id: int,
    contributor: str,
    begin_review: Any,
    withdraw: Any,
    accept: Any,
    reject: Any,
    events: Any,
    verdict: str,
) -> None:
    begin_review(contribution_id)
    withdraw(contributor, contribution_id)
    decide = accept if verdict == "accepted" else reject
    decide(contribution_id, name="any hash")
    assert events(registry, "Resolved") == []
    assert events(registry, "DepositsChanged") == [
        {"datanet_id": datanet_id, "contributor": contributor, "free_count": 1, "amount_wei": 0}
    ]
    contribution = registry.contribution(contribution_id)
    assert (contribution.status, contribution.score, contribution.decided_at) == (WITHDRAWN, 0, 0)
    assert tuple(registry.contributor_stats(datanet_id, contributor)) == (0, 0, 0)
    decide(contribution_id, name="any hash")
    assert (registry.get_logs(), registry.free_deposits(datanet_id, contributor)) == ([], 1)


def test_resolve__as_abuse_of_one_withdrawn_under_review__takes_the_deposit(
    registry: Any,
    open_token: Any,
    datanet_id: int,
    contribution_id: int,
    contributor: str,
    treasury: str,
    begin_review: Any,
    withdraw: Any,
    reject: Any,
    events: Any,
) -> None:
    begin_review(contribution_id)
    withdraw(contributor, contribution_id)
    reject(contribution_id, is_abusive=True)
    assert [event["amount_wei"] for event in events(registry, "DepositLost")] == [DEPOSIT_WEI]
    assert (open_token.balanceOf(registry), open_token.balanceOf(treasury)) == (0, DEPOSIT_WEI - DEPOSIT_WEI // 2)
    assert registry.free_deposits(datanet_id, contributor) == 0


def test_release_deposit__after_90_days_without_a_verdict__frees_it(
    registry: Any,
    datanet_id: int,
    contribution_id: int,
    contributor: str,
    outsider: str,
    begin_review: Any,
    withdraw: Any,
    reject: Any,
    events: Any,
) -> None:
    begin_review(contribution_id)
    withdraw(contributor, contribution_id)
    boa.env.time_travel(seconds=RELEASE_SECONDS - 1)
    with boa.env.prank(outsider), boa.reverts("datanet_registry: verdict still possible"):
        registry.release_deposit(contribution_id)
    boa.env.time_travel(seconds=1)
    with boa.env.prank(outsider):
        registry.release_deposit(contribution_id)
    assert events(registry, "DepositsChanged") == [
        {"datanet_id": datanet_id, "contributor": contributor, "free_count": 1, "amount_wei": 0}
    ]
    with boa.reverts("datanet_registry: no verdict awaited"):
        registry.release_deposit(contribution_id)
    # a late verdict finds nothing, and does not keep the court from its other business
    reject(contribution_id, is_abusive=True)
    assert registry.free_deposits(datanet_id, contributor) == 1


def test_release_deposit__of_what_locks_none__reverts(
    registry: Any, datanet_id: int, contributor: str, entry: Any, contribute: Any, begin_review: Any, accept: Any,
    reject: Any, withdraw: Any,
) -> None:  # fmt: skip
    names = ("pending", "accepted", "rejected", "withdrawn", "withdrawn once accepted")
    ids = [contribute(contributor, entry(name)) for name in names]
    for contribution_id in ids[:3] + ids[4:]:
        begin_review(contribution_id)
    accept(ids[1], name="accepted")
    reject(ids[2], name="rejected")
    withdraw(contributor, ids[3], "withdrawn")
    accept(ids[4], name="withdrawn once accepted")
    withdraw(contributor, ids[4], "withdrawn once accepted")
    boa.env.time_travel(seconds=RELEASE_SECONDS)
    for contribution_id in (*ids, 0, 99):
        with boa.reverts("datanet_registry: no verdict awaited"):
            registry.release_deposit(contribution_id)
