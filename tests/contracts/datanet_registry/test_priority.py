"""Whose a content is: the earliest commitment's, as long as its reveal comes within its day and before a decision."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

PENDING, ACCEPTED, REJECTED, WITHDRAWN = 1, 2, 4, 8
DAY = 86_400


@pytest.fixture
def reveal(registry: Any) -> Callable[[str, Any, int], None]:
    def run(account: str, revealed: Any, contribution_id: int) -> None:
        with boa.env.prank(account):
            registry.reveal(*revealed.arguments(contribution_id))

    return run


@pytest.fixture
def copier(actor: Callable[[str], str], add_deposits: Any, datanet_id: int) -> str:
    account = actor("copier")
    add_deposits(account, datanet_id, 5)
    return account


@pytest.fixture
def author(contributor: str, add_deposits: Any, datanet_id: int) -> str:
    add_deposits(contributor, datanet_id, 5)
    return contributor


def test_content__revealed_once__is_refused_to_later_commitments(
    registry: Any, author: str, copier: str, entry: Any, commit: Any, reveal: Any, create: Any, add_deposits: Any
) -> None:
    reveal(author, entry(), commit(author, entry()))
    add_deposits(copier, create())
    for copy in (entry(), entry(digest=b"\x66" * 32), entry(datanet_id=2)):
        contribution_id = commit(copier, copy)
        with boa.reverts("datanet_registry: content already contributed"):
            reveal(copier, copy, contribution_id)
    assert registry.contribution_by_canonical_hash(entry().canonical_hash) == 1


def test_content__of_a_copier_who_overtook__goes_to_the_earlier_commitment(
    registry: Any, author: str, copier: str, entry: Any, commit: Any, reveal: Any, events: Any
) -> None:
    authors_id = commit(author, entry())
    # the author's reveal waits or fails, is seen, and the copier commits and reveals in its place
    copiers_id = commit(copier, entry())
    reveal(copier, entry(), copiers_id)
    assert registry.contribution_by_canonical_hash(entry().canonical_hash) == copiers_id
    reveal(author, entry(), authors_id)
    assert events(registry, "Withdrawn") == [{"contribution_id": copiers_id}]
    assert events(registry, "DepositsChanged") == [
        {"datanet_id": 1, "contributor": copier, "free_count": 5, "amount_wei": 0}
    ]
    assert registry.contribution_by_canonical_hash(entry().canonical_hash) == authors_id
    assert [registry.contribution(wanted).status for wanted in (authors_id, copiers_id)] == [PENDING, WITHDRAWN]
    assert [registry.free_deposits(1, account) for account in (author, copier)] == [4, 5]


def test_displaced_copier__can_neither_return_nor_be_accepted(
    registry: Any, author: str, copier: str, entry: Any, commit: Any, reveal: Any, accept: Any
) -> None:
    authors_id, copiers_id = commit(author, entry()), commit(copier, entry())
    reveal(copier, entry(), copiers_id)
    reveal(author, entry(), authors_id)
    with boa.reverts("commitments: already revealed"):
        reveal(copier, entry(), copiers_id)
    with boa.reverts("datanet_registry: content already contributed"):
        reveal(copier, entry(), commit(copier, entry()))
    accept(copiers_id)
    accept(authors_id)
    assert [registry.contribution(wanted).status for wanted in (authors_id, copiers_id)] == [ACCEPTED, WITHDRAWN]
    assert registry.contribution_by_canonical_hash(entry().canonical_hash) == authors_id


def test_displacement__ends_with_the_day_of_the_commitment(
    registry: Any, author: str, copier: str, entry: Any, commit: Any, reveal: Any
) -> None:
    authors_id, copiers_id = commit(author, entry()), commit(copier, entry())
    reveal(copier, entry(), copiers_id)
    boa.env.time_travel(seconds=DAY + 1)
    with boa.reverts("commitments: reveal too late"):
        reveal(author, entry(), authors_id)


def test_displacement__ends_with_the_decision(
    registry: Any, author: str, copier: str, entry: Any, commit: Any, reveal: Any, accept: Any, withdraw: Any
) -> None:
    authors_id, copiers_id = commit(author, entry()), commit(copier, entry())
    reveal(copier, entry(), copiers_id)
    accept(copiers_id)
    with boa.reverts("datanet_registry: content already decided on"):
        reveal(author, entry(), authors_id)
    withdraw(copier, copiers_id)
    with boa.reverts("datanet_registry: content already decided on"):
        reveal(author, entry(), authors_id)


def test_displacement__under_review__leaves_the_deposit_to_the_verdict(
    registry: Any, author: str, copier: str, entry: Any, commit: Any, reveal: Any, begin_review: Any, reject: Any
) -> None:
    authors_id, copiers_id = commit(author, entry()), commit(copier, entry())
    reveal(copier, entry(), copiers_id)
    begin_review(copiers_id)
    reveal(author, entry(), authors_id)
    assert registry.free_deposits(1, copier) == 4
    reject(copiers_id, is_abusive=True)
    assert registry.contribution_by_canonical_hash(entry().canonical_hash) == authors_id
    assert [registry.contribution(wanted).status for wanted in (authors_id, copiers_id)] == [PENDING, WITHDRAWN]
    assert registry.free_deposits(1, copier) == 4


def test_displacement__of_ones_own__counts_deposits_right(
    registry: Any, author: str, entry: Any, commit: Any, reveal: Any
) -> None:
    first_id, second_id = commit(author, entry()), commit(author, entry(salt=b"\x06" * 32))
    reveal(author, entry(salt=b"\x06" * 32), second_id)
    assert registry.free_deposits(1, author) == 4
    reveal(author, entry(), first_id)
    assert registry.free_deposits(1, author) == 4
    assert registry.allowance_of(1, author)[2] == 18


def test_reveal__that_fails_after_displacing__changes_nothing(
    registry: Any, author: str, copier: str, datanet_owner: str, entry: Any, commit: Any, reveal: Any
) -> None:
    authors_id, copiers_id = commit(author, entry()), commit(copier, entry())
    reveal(copier, entry(), copiers_id)
    with boa.env.prank(datanet_owner):
        registry.set_open(1, False)
    with boa.reverts("allowances: datanet is not open"):
        reveal(author, entry(), authors_id)
    assert registry.contribution(copiers_id).status == PENDING
    assert registry.contribution_by_canonical_hash(entry().canonical_hash) == copiers_id


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_content__whatever_the_order_of_reveals__ends_with_the_earliest_commitment(
    registry: Any, datanet_id: int, actor: Any, entry: Any, commit: Any, reveal: Any, add_deposits: Any, order: Any
) -> None:
    accounts = [actor(f"contributor_{number}") for number in range(3)]
    for account in accounts:
        add_deposits(account, datanet_id)
    ids = [commit(account, entry()) for account in accounts]
    for number in order:
        try:
            reveal(accounts[number], entry(), ids[number])
        except boa.BoaError as error:
            assert "content already contributed" in str(error)
    assert registry.contribution_by_canonical_hash(entry().canonical_hash) == ids[0]
    statuses = [registry.contribution(contribution_id).status for contribution_id in ids]
    assert statuses[0] == PENDING and PENDING not in statuses[1:]
    locked = [int(registry.free_deposits(datanet_id, account) == 0) for account in accounts]
    assert locked == [1, 0, 0]
