import boa
import pytest

OPENED, VOTING, TALLIED, PROVISIONAL = 1, 2, 4, 8
FEE_WEI, REWARD_WEI = 3 * 10**17 + 1, 10**18 + 3
LOSS_WEI = 5 * REWARD_WEI


def cast(*by_position):
    return lambda position, validator: by_position[position]


@pytest.fixture
def drawn(reviews):
    contribution_id = reviews.contribute()
    reviews.start(contribution_id)
    return contribution_id


@pytest.mark.parametrize(
    ("committee", "is_accepted", "score", "is_abusive"),
    [
        ("accept accept accept", True, 80, False),
        # two thirds of three seats; the floor of the mean of 80 and 7
        ("accept seven reject", True, 43, False),
        ("accept seven silent", True, 43, False),
        ("accept reject reject", False, 0, False),
        # accepts are a majority of those who came, not of the seats
        ("accept reject silent", False, 0, False),
        ("abuse abuse reject", False, 0, True),
        ("abuse reject reject", False, 0, False),
        # half is not most
        ("abuse reject silent", False, 0, False),
        ("accept abuse abuse", False, 0, True),
    ],
)
def test_tally__decides_by_two_thirds_of_all_seats(
    reviews, drawn, votes, events, committee, is_accepted, score, is_abusive
):
    known = votes | {"seven": (True, 7, 0)}
    reviews.decide(drawn, cast(*(known[name] for name in committee.split())))
    assert events(reviews.court, "Tallied") == [
        {"contribution_id": drawn, "level": 0, "is_decided": True, "is_accepted": is_accepted, "score": score}
    ]
    round = reviews.court.round(drawn)
    assert (round.phase, round.is_decided, round.decided_level) == (TALLIED, True, 0)
    assert (round.is_accepted, round.score, round.is_abusive) == (is_accepted, score, is_abusive)
    assert (round.provisional_at, round.draw_block) == (boa.env.timestamp, reviews.block + 1)


@pytest.mark.parametrize("reason", range(1, 9))
def test_tally__duplicate_unlawful_and_spam_are_abuse(reviews, drawn, reason):
    reviews.decide(drawn, (False, 0, reason))
    assert reviews.court.round(drawn).is_abusive == (reason in (4, 6, 8))


def test_tally__when_all_committed_have_revealed__does_not_wait(reviews, drawn, votes):
    reviews.vote(drawn, cast(votes["accept"], votes["accept"], None))
    ends_at = reviews.court.round(drawn).reveal_ends_at
    assert boa.env.timestamp < ends_at
    reviews.court.tally([drawn])
    assert reviews.court.round(drawn).is_accepted


def test_tally__while_somebody_may_still_commit__reverts(reviews, drawn, votes):
    reviews.commit(drawn, cast(votes["accept"], votes["accept"], None))
    with boa.reverts("court: commit phase not over"):
        reviews.court.tally([drawn])


def test_tally__while_somebody_may_still_reveal__reverts(reviews, drawn, votes):
    strategy = cast(votes["accept"], votes["accept"], votes["silent"])
    reviews.commit(drawn, strategy)
    reviews.reveal(drawn, strategy)
    boa.env.timestamp = reviews.court.round(drawn).reveal_ends_at - 1
    with boa.reverts("court: reveal phase not over"):
        reviews.court.tally([drawn])
    boa.env.timestamp += 1
    reviews.court.tally([drawn])


def test_tally__without_a_committee__reverts(reviews, votes):
    contribution_id = reviews.contribute()
    with boa.reverts("court: no votes to count"):
        reviews.court.tally([contribution_id])
    reviews.start(contribution_id)
    reviews.decide(contribution_id, votes["accept"])
    with boa.reverts("court: no votes to count"):
        reviews.court.tally([contribution_id])


def test_tally__when_too_few_revealed__pays_fines_and_draws_again(reviews, drawn, votes, events):
    committee = reviews.committee(drawn)
    budget, supply = reviews.court.budget(1), reviews.token.totalSupply()
    stakes = {validator: reviews.pool.stake_of(validator) for validator in committee}
    reviews.decide(drawn, cast(votes["accept"], votes["silent"], None))
    court_events = {name: events(reviews.court, name) for name in ("Tallied", "SeatScored", "RoundOpened")}
    assert court_events["Tallied"] == [
        {"contribution_id": drawn, "level": 0, "is_decided": False, "is_accepted": False, "score": 0}
    ]
    assert [(event["position"], event["amount_wei"]) for event in court_events["SeatScored"]] == [
        (0, FEE_WEI),
        (1, -LOSS_WEI),
        (2, -LOSS_WEI),
    ]
    assert court_events["RoundOpened"] == [{"contribution_id": drawn, "level": 0, "draw_block": reviews.block + 1}]
    assert reviews.court.earnings(committee[0]) == FEE_WEI
    fines = {validator: committee[1:].count(validator) * LOSS_WEI for validator in committee[1:]}
    if committee[0] not in fines:
        assert all(stakes[account] - reviews.pool.stake_of(account) == fine for account, fine in fines.items())
    # half of each fine, rounded down, is burned; the other half replaces the fee that was paid
    assert supply - reviews.token.totalSupply() == 2 * (LOSS_WEI // 2)
    assert reviews.court.budget(1) == budget + 2 * (LOSS_WEI - LOSS_WEI // 2) - FEE_WEI
    round = reviews.court.round(drawn)
    assert (round.phase, round.attempt, round.committed, round.revealed) == (OPENED, 1, 0, 0)
    assert not round.is_decided
    # the same positions vote again
    reviews.draw(drawn)
    reviews.decide(drawn, votes["accept"])
    assert reviews.court.round(drawn).is_accepted


def test_tally__when_too_few_revealed_and_the_budget_is_empty__ends_the_review(reviews, votes):
    """With all seats silent and no stake left to fine, nothing comes in."""
    datanet_id = reviews.create_datanet()
    reviews.fund(reviews.reserve_wei(0), datanet_id)
    contribution_id = reviews.contribute(datanet_id=datanet_id)
    reviews.start(contribution_id)
    boa.env.set_balance(reviews.owner, 0)
    reviews.pool.set_court(reviews.owner, sender=reviews.owner)
    for validator in reviews.validators:
        reviews.pool.penalize(validator, 2**200, sender=reviews.owner)
    reviews.pool.set_court(reviews.court, sender=reviews.owner)
    reviews.decide(contribution_id, cast(votes["accept"], None, None))
    round = reviews.court.round(contribution_id)
    assert (round.phase, round.attempt, round.datanet_id, round.size) == (0, 1, datanet_id, 0)
    assert reviews.court.committee(contribution_id, 0) == ([], [])
    assert reviews.court.budget(datanet_id) == reviews.reserve_wei(0) - FEE_WEI
    with boa.reverts("court: review budget too small"):
        reviews.open(contribution_id)
    # a withdrawal under review leaves the verdict open, so the review can go on
    reviews.withdraw(contribution_id)
    reviews.fund(FEE_WEI, datanet_id)
    reviews.open(contribution_id)
    assert reviews.court.round(contribution_id).phase == OPENED
    assert reviews.court.round(contribution_id).attempt == 1


def test_tally__of_more_seats_than_fit_in_a_block__reverts(reviews, votes):
    """Seven audits of the largest committees, in which nobody votes: 41 seats each."""
    datanet_id = reviews.create_datanet(size=15)
    reviews.fund(2_000 * 10**18, datanet_id)
    ids = [reviews.contribute(datanet_id=datanet_id) for _ in range(7)]
    reviews.start(*ids)
    for contribution_id in ids:
        reviews.vote(contribution_id, votes["reject"])
    reviews.court.tally(ids)
    reviews.mine(300)
    reviews.court.audit(ids)
    reviews.draw(*ids)
    reviews.pass_phase(reviews.court.round(ids[0]).commit_ends_at)
    with boa.reverts("court: too many seats"):
        reviews.court.tally(ids)
    reviews.court.tally(ids[:6])
    assert {reviews.court.round(contribution_id).attempt for contribution_id in ids[:6]} == {1}
