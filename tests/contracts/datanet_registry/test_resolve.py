"""What the court may decide, and what follows from it."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

ACCEPTED, REJECTED = 2, 4
DEPOSIT_WEI = 10**18 + 1


@pytest.fixture
def contribution_id(datanet_id: int, contributor: str, entry: Any, contribute: Callable[..., int]) -> int:
    return contribute(contributor, entry())


def now() -> int:
    return int(boa.env.evm.patch.timestamp)


def test_accept__keeps_the_content_and_frees_the_deposit(
    registry: Any, datanet_id: int, contribution_id: int, contributor: str, accept: Any, entry: Any, events: Any
) -> None:
    boa.env.time_travel(seconds=50)
    accept(contribution_id, 75)
    common = {"datanet_id": datanet_id, "contributor": contributor}
    assert events(registry, "Resolved") == [
        {"contribution_id": contribution_id, "is_accepted": True, "score": 75, **common}
    ]
    assert events(registry, "DepositsChanged") == [{"free_count": 1, "amount_wei": 0, **common}]
    contribution = registry.contribution(contribution_id)
    assert (contribution.status, contribution.score) == (ACCEPTED, 75)
    assert (contribution.decided_at, contribution.withdrawn_at) == (now(), 0)
    assert (contribution.datanet_id, contribution.contributor, contribution.byte_count) == (1, contributor, 100)
    assert tuple(registry.contributor_stats(datanet_id, contributor)) == (1, 0, 75)
    assert registry.is_content(contribution_id, entry().digest, entry().canonical_hash)


def test_reject__frees_content_and_deposit(
    registry: Any,
    datanet_id: int,
    contribution_id: int,
    contributor: str,
    outsider: str,
    reject: Any,
    entry: Any,
    contribute: Any,
    events: Any,
) -> None:
    reject(contribution_id)
    common = {"datanet_id": datanet_id, "contributor": contributor}
    assert events(registry, "Resolved") == [
        {"contribution_id": contribution_id, "is_accepted": False, "score": 0, **common}
    ]
    assert events(registry, "DepositsChanged") == [{"free_count": 1, "amount_wei": 0, **common}]
    contribution = registry.contribution(contribution_id)
    assert (contribution.status, contribution.score, contribution.decided_at) == (REJECTED, 0, now())
    assert tuple(registry.contributor_stats(datanet_id, contributor)) == (0, 1, 0)
    assert not registry.is_content(contribution_id, entry().digest, entry().canonical_hash)
    second_id = contribute(outsider, entry())
    assert registry.contribution_by_canonical_hash(entry().canonical_hash) == second_id


def test_reject__as_abuse__burns_half_of_the_deposit_and_pays_the_rest_to_the_treasury(
    registry: Any,
    open_token: Any,
    datanet_id: int,
    contribution_id: int,
    contributor: str,
    treasury: str,
    reject: Any,
    events: Any,
) -> None:
    supply_wei = open_token.totalSupply()
    reject(contribution_id, is_abusive=True)
    assert events(registry, "DepositLost") == [
        {"contribution_id": contribution_id, "contributor": contributor, "amount_wei": DEPOSIT_WEI}
    ]
    assert (len(events(registry, "Resolved")), events(registry, "DepositsChanged")) == (1, [])
    assert supply_wei - open_token.totalSupply() == DEPOSIT_WEI // 2
    assert open_token.balanceOf(treasury) == DEPOSIT_WEI - DEPOSIT_WEI // 2
    assert open_token.balanceOf(registry) == 0
    assert registry.free_deposits(datanet_id, contributor) == 0
    assert tuple(registry.contributor_stats(datanet_id, contributor)) == (0, 1, 0)


def test_stats__add_up_over_contributions(
    registry: Any, datanet_id: int, contributor: str, entry: Any, contribute: Any, accept: Any, reject: Any
) -> None:
    for number, score in enumerate([40, 0, 100, 0, 1]):
        contribution_id = contribute(contributor, entry(number))
        accept(contribution_id, score, number) if score else reject(contribution_id, number)
    assert tuple(registry.contributor_stats(datanet_id, contributor)) == (3, 2, 141)


BAD_VERDICTS = [
    ((True, 0, False), "datanet_registry: score contradicts the verdict"),
    ((False, 1, False), "datanet_registry: score contradicts the verdict"),
    ((True, 101, False), "datanet_registry: score above 100"),
    ((True, 2**256 - 1, False), "datanet_registry: score above 100"),
    ((True, 1, True), "datanet_registry: accepted as abuse"),
]


@pytest.mark.parametrize(("verdict", "reason"), BAD_VERDICTS)
def test_resolve__with_a_bad_verdict__reverts(
    registry: Any, contribution_id: int, court: str, entry: Any, verdict: tuple[Any, ...], reason: str
) -> None:
    with boa.env.prank(court), boa.reverts(reason):
        registry.resolve(contribution_id, entry().canonical_hash, *verdict)


@pytest.mark.parametrize("is_accepted", [True, False])
def test_resolve__with_anothers_canonical_hash__reverts(
    registry: Any, contribution_id: int, contributor: str, court: str, entry: Any, contribute: Any, is_accepted: bool
) -> None:
    contribute(contributor, entry("second"))
    for name in ("second", "nobody's"):
        with boa.env.prank(court), boa.reverts("contributions: not its canonical hash"):
            registry.resolve(contribution_id, entry(name).canonical_hash, is_accepted, int(is_accepted), False)


def test_resolve__twice__reverts(contribution_id: int, accept: Any, reject: Any) -> None:
    accept(contribution_id)
    for decide in (accept, reject):
        with boa.reverts("datanet_registry: nothing to decide"):
            decide(contribution_id)


def test_resolve__of_a_rejected_one__reverts(contribution_id: int, accept: Any, reject: Any) -> None:
    reject(contribution_id)
    with boa.reverts("datanet_registry: nothing to decide"):
        accept(contribution_id)


def test_resolve__of_what_is_not_revealed__reverts(
    datanet_id: int, contributor: str, entry: Any, commit: Any, accept: Any
) -> None:
    for wanted in (commit(contributor, entry()), 99):
        with boa.reverts("datanet_registry: nothing to decide"):
            accept(wanted)


def test_court_functions__by_others__revert(
    registry: Any, contribution_id: int, registry_owner: str, datanet_owner: str, contributor: str, entry: Any
) -> None:
    for account in (registry_owner, datanet_owner, contributor):
        with boa.env.prank(account), boa.reverts("datanet_registry: sender is not the court"):
            registry.resolve(contribution_id, entry().canonical_hash, True, 100, False)
        with boa.env.prank(account), boa.reverts("datanet_registry: sender is not the court"):
            registry.begin_review(contribution_id)


def test_begin_review__of_what_is_not_pending__reverts(
    contribution_id: int, contributor: str, entry: Any, commit: Any, accept: Any, begin_review: Any
) -> None:
    accept(contribution_id)
    for wanted in (contribution_id, commit(contributor, entry()), 99):
        with boa.reverts("datanet_registry: contribution not pending"):
            begin_review(wanted)


def test_begin_review__is_seen_nowhere_and_may_be_repeated(
    registry: Any, datanet_id: int, contribution_id: int, contributor: str, begin_review: Any, accept: Any
) -> None:
    before = (registry.contribution(contribution_id), registry.review_terms(contribution_id))
    begin_review(contribution_id)
    begin_review(contribution_id)
    assert (registry.contribution(contribution_id), registry.review_terms(contribution_id)) == before
    accept(contribution_id)
    assert registry.free_deposits(datanet_id, contributor) == 1


def test_was_accepted__from_the_acceptance_to_the_withdrawal(
    registry: Any, contribution_id: int, contributor: str, accept: Any, withdraw: Any
) -> None:
    revealed_at = now()
    boa.env.time_travel(seconds=100)
    assert not registry.was_accepted(contribution_id, now())
    accept(contribution_id)
    boa.env.time_travel(seconds=100)
    assert [registry.was_accepted(contribution_id, revealed_at + at) for at in (99, 100, 200)] == [False, True, True]
    withdraw(contributor, contribution_id)
    boa.env.time_travel(seconds=100)
    expected = {0: False, 99: False, 100: True, 199: True, 200: False, 300: False, 2**200: False}
    assert {at: registry.was_accepted(contribution_id, revealed_at + at) for at in expected} == expected


def test_was_accepted__of_rejected_withdrawn_and_unknown__is_never(
    registry: Any, datanet_id: int, contributor: str, entry: Any, contribute: Any, reject: Any, withdraw: Any
) -> None:
    ids = [contribute(contributor, entry(name)) for name in ("rejected", "withdrawn", "pending")]
    reject(ids[0], "rejected")
    withdraw(contributor, ids[1], "withdrawn")
    for wanted in (*ids, 0, 99):
        assert not any(registry.was_accepted(wanted, at) for at in (0, now(), now() + 10**6, 2**256 - 1))


def test_times__of_neighbours__are_kept_apart(
    registry: Any, datanet_id: int, contributor: str, entry: Any, contribute: Any, accept: Any, withdraw: Any
) -> None:
    ids = [contribute(contributor, entry(number)) for number in range(7)]
    decided, withdrawn = {}, {}
    for number in (3, 0, 6, 2, 5, 1, 4):
        boa.env.time_travel(seconds=number + 1)
        accept(ids[number], 1 + number, number)
        decided[number] = now()
    for number in (4, 1, 5, 2):
        boa.env.time_travel(seconds=number + 1)
        withdraw(contributor, ids[number], number)
        withdrawn[number] = now()
    for number, contribution_id in enumerate(ids):
        contribution = registry.contribution(contribution_id)
        assert (contribution.decided_at, contribution.withdrawn_at) == (decided[number], withdrawn.get(number, 0))
        assert contribution.score == 1 + number
    assert tuple(registry.contributor_stats(datanet_id, contributor)) == (3, 0, 1 + 4 + 7)
