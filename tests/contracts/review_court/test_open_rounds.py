import boa
import pytest

OPENED, VOTING = 1, 2


def test_open_rounds__reserves_and_fixes_the_next_block(reviews, events):
    first, second = reviews.contribute(), reviews.contribute()
    budget = reviews.court.budget(1)
    reviews.open(first, second)
    assert events(reviews.court, "RoundOpened") == [
        {"contribution_id": first, "level": 0, "draw_block": reviews.block + 1},
        {"contribution_id": second, "level": 0, "draw_block": reviews.block + 1},
    ]
    assert reviews.court.budget(1) == budget - 2 * reviews.reserve_wei(0)
    round = reviews.court.round(first)
    assert (round.datanet_id, round.level, round.attempt, round.phase, round.size) == (1, 0, 0, OPENED, 3)
    assert round.draw_block == reviews.block + 1
    assert (round.drawn_at, round.commit_ends_at, round.reveal_ends_at) == (0, 0, 0)
    assert reviews.court.committee(first, 0) == ([], [])


def test_open_rounds__of_one_that_is_open__reverts(reviews):
    contribution_id = reviews.contribute()
    with boa.reverts("court: review already open"):
        reviews.open(contribution_id, contribution_id)
    reviews.open(contribution_id)
    with boa.reverts("court: review already open"):
        reviews.open(contribution_id)


def test_open_rounds__of_one_that_is_decided__reverts(reviews, votes):
    contribution_id = reviews.contribute()
    reviews.review(contribution_id, votes["accept"])
    with boa.reverts("court: review already open"):
        reviews.open(contribution_id)


@pytest.mark.parametrize("contribution_id", [0, 99])
def test_open_rounds__of_one_that_does_not_exist__reverts(reviews, contribution_id):
    with boa.reverts("court: contribution not pending"):
        reviews.open(contribution_id)


def test_open_rounds__of_one_that_was_withdrawn__reverts(reviews):
    contribution_id = reviews.contribute()
    reviews.withdraw(contribution_id)
    with boa.reverts("court: contribution not pending"):
        reviews.open(contribution_id)


def test_open_rounds__above_the_budget__reverts(reviews):
    datanet_id = reviews.create_datanet()
    contribution_id = reviews.contribute(datanet_id=datanet_id)
    reviews.fund(reviews.reserve_wei(0) - 1, datanet_id)
    with boa.reverts("court: review budget too small"):
        reviews.open(contribution_id)
    reviews.fund(1, datanet_id)
    reviews.open(contribution_id)
    assert reviews.court.budget(datanet_id) == 0


def test_open_rounds__lets_the_deposit_answer_for_the_contribution(reviews):
    """Whoever withdraws while abuse is being voted on does not get his deposit back."""
    contribution_id = reviews.contribute()
    reviews.open(contribution_id)
    reviews.withdraw(contribution_id)
    assert reviews.registry.free_deposits(1, reviews.contributor) == 0
