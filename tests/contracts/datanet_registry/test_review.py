from collections.abc import Callable
from typing import Any

import boa
import pytest

PENDING, ACCEPTED, REJECTED = 1, 2, 4
REASONS = b"\x08" * 32


@pytest.fixture
def contribution_id(
    datanet_id: int, contributor: str, entry: Callable[..., Any], contribute: Callable[..., int]
) -> int:
    return contribute(contributor, entry())


@pytest.fixture
def vote(registry: Any, contribution_id: int) -> Callable[..., None]:
    """`vote(validator, score)` accepts; with score 0 it rejects as off topic."""

    def run(validator: str, score: int) -> None:
        with boa.env.prank(validator):
            registry.review(contribution_id, score > 0, score, 0 if score else 3, REASONS)

    return run


def test_review__logs_the_vote(
    registry: Any, contribution_id: int, validators: list[str], vote: Callable[..., None], events: Callable[..., Any]
) -> None:
    common = {"contribution_id": contribution_id, "reason_digest": REASONS}
    vote(validators[0], 70)
    assert events(registry, "Reviewed") == [
        {**common, "validator": validators[0], "is_accepted": True, "score": 70, "reason": 0}
    ]
    vote(validators[1], 0)
    assert events(registry, "Reviewed") == [
        {**common, "validator": validators[1], "is_accepted": False, "score": 0, "reason": 3}
    ]
    assert events(registry, "Resolved") == []
    assert registry.contribution(contribution_id).status == PENDING


def test_review__by_a_quorum__accepts_with_the_floor_of_the_mean(
    registry: Any,
    datanet_id: int,
    contribution_id: int,
    contributor: str,
    validators: list[str],
    vote: Callable[..., None],
    events: Callable[..., Any],
) -> None:
    vote(validators[0], 70)
    vote(validators[1], 0)
    vote(validators[2], 81)
    assert events(registry, "Resolved") == [
        {
            "contribution_id": contribution_id,
            "datanet_id": datanet_id,
            "contributor": contributor,
            "is_accepted": True,
            "score": 75,
        }
    ]
    contribution = registry.contribution(contribution_id)
    assert (contribution.status, contribution.score) == (ACCEPTED, 75)
    assert tuple(registry.contributor_stats(datanet_id, contributor)) == (1, 0, 75)


def test_review__by_a_quorum__rejects_and_frees_the_content(
    registry: Any,
    datanet_id: int,
    contribution_id: int,
    contributor: str,
    outsider: str,
    validators: list[str],
    vote: Callable[..., None],
    events: Callable[..., Any],
    entry: Callable[..., Any],
    contribute: Callable[..., int],
) -> None:
    vote(validators[0], 0)
    vote(validators[1], 100)
    vote(validators[2], 0)
    (event,) = events(registry, "Resolved")
    assert (event["is_accepted"], event["score"]) == (False, 0)
    assert registry.contribution(contribution_id).status == REJECTED
    assert tuple(registry.contributor_stats(datanet_id, contributor)) == (0, 1, 0)
    assert registry.contribution_by_canonical_hash(entry().canonical_hash) == 0
    assert contribute(outsider, entry()) == registry.contribution_by_canonical_hash(entry().canonical_hash) == 2


def test_stats_add_up_over_contributions(
    registry: Any, datanet_id: int, contributor: str, entry: Any, contribute: Any, accept: Any, reject: Any
) -> None:
    for number, score in enumerate([40, 0, 100, 0, 1]):
        contribution_id = contribute(contributor, entry(number))
        accept(contribution_id, score) if score else reject(contribution_id)
    assert tuple(registry.contributor_stats(datanet_id, contributor)) == (3, 2, 141)


def test_review__by_an_outsider__reverts(vote: Callable[..., None], outsider: str) -> None:
    with boa.reverts("datanet_registry: sender is not a validator"):
        vote(outsider, 70)


def test_review__by_a_dismissed_validator__reverts(
    registry: Any, datanet_id: int, datanet_owner: str, validators: list[str], vote: Callable[..., None]
) -> None:
    with boa.env.prank(datanet_owner):
        registry.set_validator(datanet_id, validators[0], False)
    with boa.reverts("datanet_registry: sender is not a validator"):
        vote(validators[0], 70)


def test_review__of_ones_own_contribution__reverts(
    registry: Any, datanet_id: int, datanet_owner: str, contributor: str, vote: Callable[..., None]
) -> None:
    with boa.env.prank(datanet_owner):
        registry.set_validator(datanet_id, contributor, True)
    with boa.reverts("datanet_registry: own contribution"):
        vote(contributor, 70)


def test_review__twice__reverts(validators: list[str], vote: Callable[..., None]) -> None:
    vote(validators[0], 70)
    with boa.reverts("reviews: already reviewed"):
        vote(validators[0], 0)


def test_review__once_decided__reverts(validators: list[str], vote: Callable[..., None]) -> None:
    vote(validators[0], 70)
    vote(validators[1], 70)
    with boa.reverts("datanet_registry: contribution not pending"):
        vote(validators[2], 70)


def test_review__of_no_contribution__reverts(registry: Any, datanet_id: int, validators: list[str]) -> None:
    with boa.env.prank(validators[0]), boa.reverts("datanet_registry: contribution not pending"):
        registry.review(1, True, 70, 0, REASONS)


def test_review__with_fewer_validators_than_the_quorum__reverts(
    registry: Any, datanet_id: int, datanet_owner: str, validators: list[str], vote: Callable[..., None]
) -> None:
    with boa.env.prank(datanet_owner):
        for validator in validators[1:]:
            registry.set_validator(datanet_id, validator, False)
    with boa.reverts("datanets: fewer validators than the quorum"):
        vote(validators[0], 70)


def test_vote_of_a_dismissed_validator__still_counts(
    registry: Any,
    datanet_id: int,
    datanet_owner: str,
    contribution_id: int,
    validators: list[str],
    vote: Callable[..., None],
) -> None:
    vote(validators[0], 60)
    with boa.env.prank(datanet_owner):
        registry.set_validator(datanet_id, validators[0], False)
    vote(validators[1], 80)
    assert registry.contribution(contribution_id).score == 70


BAD_VOTES = [
    ((True, 0, 0), "reviews: acceptance without a score"),
    ((True, 101, 0), "reviews: score above 100"),
    ((True, 50, 1), "reviews: acceptance with a reason"),
    ((False, 1, 1), "reviews: rejection with a score"),
    ((False, 0, 0), "reviews: rejection without a reason"),
    ((False, 0, 8), "reviews: unknown reason"),
]


@pytest.mark.parametrize(("ballot", "reason"), BAD_VOTES)
def test_review__with_a_bad_ballot__reverts(
    registry: Any, contribution_id: int, validators: list[str], ballot: tuple[Any, ...], reason: str
) -> None:
    with boa.env.prank(validators[0]), boa.reverts(reason):
        registry.review(contribution_id, *ballot, REASONS)


def test_reviews_of_neighbouring_contributions__are_kept_apart(
    registry: Any, datanet_id: int, contributor: str, validators: list[str], entry: Any, contribute: Any
) -> None:
    ids = [contribute(contributor, entry(number)) for number in range(3)]
    for contribution_id in ids:
        with boa.env.prank(validators[0]):
            registry.review(contribution_id, True, 50, 0, REASONS)
        with boa.env.prank(validators[0]), boa.reverts("reviews: already reviewed"):
            registry.review(contribution_id, True, 50, 0, REASONS)


def test_largest_committee__decides_at_its_last_vote(
    registry: Any,
    actor: Callable[[str], str],
    create: Callable[..., int],
    datanet_owner: str,
    contributor: str,
    entry: Callable[..., Any],
    contribute: Callable[..., int],
) -> None:
    datanet_id = create(quorum=64)
    committee = [actor(f"committee_{number}") for number in range(127)]
    contribution_id = contribute(contributor, entry(datanet_id=datanet_id))
    for validator in committee:
        with boa.env.prank(datanet_owner):
            registry.set_validator(datanet_id, validator, True)
    for number, validator in enumerate(committee):
        assert registry.contribution(contribution_id).status == PENDING
        is_accepted = number % 2 == 0
        with boa.env.prank(validator):
            registry.review(contribution_id, is_accepted, 100 * is_accepted, 7 * (not is_accepted), REASONS)
    contribution = registry.contribution(contribution_id)
    assert (contribution.status, contribution.score) == (ACCEPTED, 100)
