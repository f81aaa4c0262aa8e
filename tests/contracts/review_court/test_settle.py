import boa
import pytest

ACCEPTED, REJECTED, WITHDRAWN = 2, 4, 8
SETTLED = 16
FEE_WEI, REWARD_WEI = 3 * 10**17 + 1, 10**18 + 3
LOSS_WEI = 5 * REWARD_WEI
OPEN = 10**18


@pytest.fixture
def decided(reviews):
    """`decided(vote)`: a contribution with an outcome that was not audited."""

    def run(vote, **where):
        contribution_id = reviews.contribute(**where)
        reviews.start(contribution_id)
        reviews.decide(contribution_id, vote)
        reviews.audit(contribution_id)
        return contribution_id

    return run


def test_settle__accepts_pays_and_tells_the_registry(reviews, decided, votes, events):
    budget = reviews.court.budget(1)
    contribution_id = decided(votes["accept"])
    committee = reviews.committee(contribution_id)
    reviews.settle(contribution_id)
    # newcomers have no earlier votes to be compared by: the fee, and nothing for blind agreement
    assert events(reviews.court, "SeatScored") == [
        {
            "contribution_id": contribution_id,
            "validator": validator,
            "level": 0,
            "position": position,
            "amount_wei": FEE_WEI,
        }
        for position, validator in enumerate(committee)
    ]
    assert events(reviews.court, "Settled") == [
        {"contribution_id": contribution_id, "level": 0, "is_accepted": True, "score": 80, "is_abusive": False}
    ]
    assert {account: reviews.court.earnings(account) for account in committee} == {
        account: committee.count(account) * FEE_WEI for account in committee
    }
    # what the seats did not earn goes back
    assert reviews.court.budget(1) == budget - 3 * FEE_WEI
    decision = reviews.registry.contribution(contribution_id)
    assert (decision.status, decision.score) == (ACCEPTED, 80)
    assert reviews.court.round(contribution_id).phase == SETTLED
    assert reviews.registry.free_deposits(1, reviews.contributor) == 1


def test_settle__of_abuse__costs_the_deposit(reviews, decided, votes):
    contribution_id = decided(votes["abuse"])
    reviews.settle(contribution_id)
    assert reviews.registry.contribution(contribution_id).status == REJECTED
    assert reviews.registry.free_deposits(1, reviews.contributor) == 0


def test_settle__of_a_withdrawn_contribution__still_pays_and_decides_on_the_deposit(reviews, votes):
    contribution_id = reviews.contribute()
    reviews.start(contribution_id)
    reviews.withdraw(contribution_id)
    reviews.decide(contribution_id, votes["abuse"])
    reviews.audit(contribution_id)
    reviews.settle(contribution_id)
    assert reviews.registry.contribution(contribution_id).status == WITHDRAWN
    assert reviews.registry.free_deposits(1, reviews.contributor) == 0
    assert sum(map(reviews.court.earnings, reviews.validators)) == 3 * FEE_WEI


def test_settle__fines_a_seat_that_did_not_reveal__first_from_earnings(reviews, decided, votes, events):
    first = decided(votes["accept"])
    reviews.settle(first)
    earned = {account: reviews.court.earnings(account) for account in reviews.validators}
    stakes = {account: reviews.pool.stake_of(account) for account in reviews.validators}
    for _ in range(40):
        contribution_id = reviews.contribute()
        reviews.start(contribution_id)
        missing = reviews.committee(contribution_id)[2]
        if earned[missing] and missing not in reviews.committee(contribution_id)[:2]:
            break
    reviews.decide(contribution_id, lambda position, validator: votes["silent"] if position == 2 else votes["accept"])
    reviews.audit(contribution_id)
    supply = reviews.token.totalSupply()
    reviews.settle(contribution_id)
    assert events(reviews.court, "SeatScored")[2]["amount_wei"] == -LOSS_WEI
    assert reviews.court.earnings(missing) == 0
    assert stakes[missing] - reviews.pool.stake_of(missing) == LOSS_WEI - earned[missing]
    assert supply - reviews.token.totalSupply() == LOSS_WEI // 2


def test_settle__of_a_fine_that_earnings_cover__leaves_the_stake_alone(reviews, votes, events):
    datanet_id = reviews.create_datanet(fee_wei=1, reward_wei=3)
    reviews.fund(OPEN, datanet_id)
    reviews.review(reviews.contribute(), votes["accept"])
    earned = {account: reviews.court.earnings(account) for account in reviews.validators}
    stakes = {account: reviews.pool.stake_of(account) for account in reviews.validators}
    for _ in range(40):
        contribution_id = reviews.contribute(datanet_id=datanet_id)
        reviews.start(contribution_id)
        committee = reviews.committee(contribution_id)
        missing = committee[2]
        if earned[missing] and missing not in committee[:2]:
            break
    reviews.decide(contribution_id, lambda position, validator: None if validator == missing else votes["accept"])
    reviews.audit(contribution_id)
    supply_wei = reviews.token.totalSupply()
    reviews.settle(contribution_id)
    scored = {event["validator"]: event["amount_wei"] for event in events(reviews.court, "SeatScored")}
    assert scored[missing] == -15
    assert reviews.court.earnings(missing) == earned[missing] - 15
    assert {account: reviews.pool.stake_of(account) for account in reviews.validators} == stakes
    assert supply_wei - reviews.token.totalSupply() == 7


def test_settle__fines_only_what_there_is(reviews, votes, events):
    contribution_id = reviews.contribute()
    reviews.start(contribution_id)
    committee = reviews.committee(contribution_id)
    missing = next(account for account in committee if committee.count(account) == 1)
    reviews.pool.set_court(reviews.owner, sender=reviews.owner)
    reviews.pool.penalize(missing, 4_000 * OPEN - 7, sender=reviews.owner)
    reviews.pool.set_court(reviews.court, sender=reviews.owner)
    reviews.decide(contribution_id, lambda position, validator: None if validator == missing else votes["accept"])
    reviews.audit(contribution_id)
    supply, budget = reviews.token.totalSupply(), reviews.court.budget(1)
    reviews.settle(contribution_id)
    scored = {event["validator"]: event["amount_wei"] for event in events(reviews.court, "SeatScored")}
    assert scored[missing] == -7
    assert reviews.pool.stake_of(missing) == 0
    assert supply - reviews.token.totalSupply() == 3
    assert reviews.court.budget(1) == budget + 4 + reviews.reserve_wei(0) - 2 * FEE_WEI


def test_settle__reaches_a_validator_who_left_meanwhile(reviews, votes):
    """The cooldown outlasts the review: nobody has his stake back before he is fined."""
    contribution_id = reviews.contribute()
    reviews.start(contribution_id)
    committee = reviews.committee(contribution_id)
    missing = next(account for account in committee if committee.count(account) == 1)
    seats = [seat for seat in range(1, 49) if reviews.pool.validator_of(seat) == missing]
    reviews.pool.leave(seats, sender=missing)
    reviews.decide(contribution_id, lambda position, validator: None if validator == missing else votes["accept"])
    reviews.audit(contribution_id)
    reviews.settle(contribution_id)
    assert reviews.pool.leaving_of(missing)[0] == 4_000 * OPEN - LOSS_WEI
    with boa.reverts("validator_stakes: cooldown not over"):
        reviews.pool.withdraw(sender=missing)


def test_settle__judges_an_audited_committee_by_the_larger_one(reviews, votes, events):
    contribution_id = reviews.contribute()
    reviews.start(contribution_id)
    ballot = [votes["accept"], votes["accept"], votes["reject"]]
    reviews.decide(contribution_id, lambda position, validator: ballot[position])
    reviews.audit(contribution_id, True)
    reviews.draw(contribution_id)
    reviews.decide(contribution_id, votes["reject"])
    reviews.audit(contribution_id)
    reviews.settle(contribution_id)
    first = [event["amount_wei"] for event in events(reviews.court, "SeatScored") if event["level"] == 0]
    assert first == [FEE_WEI - LOSS_WEI, FEE_WEI - LOSS_WEI, FEE_WEI + REWARD_WEI]
    assert reviews.registry.contribution(contribution_id).status == REJECTED


def test_settle__of_many_at_once(reviews, votes):
    ids = [reviews.contribute() for _ in range(5)]
    reviews.start(*ids)
    for contribution_id in ids:
        reviews.vote(contribution_id, votes["accept"])
    reviews.court.tally(ids)
    reviews.mine(2)
    for contribution_id in ids:
        reviews.choose_audit(contribution_id, False)
    reviews.mine()
    reviews.court.audit(ids)
    reviews.settle(*ids)
    assert {reviews.registry.contribution(contribution_id).status for contribution_id in ids} == {ACCEPTED}


def test_settle__twice__reverts(reviews, decided, votes):
    contribution_id = decided(votes["accept"])
    with boa.reverts("court: nothing to settle"):
        reviews.settle(contribution_id, contribution_id)
    reviews.settle(contribution_id)
    with boa.reverts("court: nothing to settle"):
        reviews.settle(contribution_id)


def test_settle__before_the_audit_is_decided__reverts(reviews, votes):
    contribution_id = reviews.contribute()
    reviews.start(contribution_id)
    reviews.decide(contribution_id, votes["accept"])
    with boa.reverts("court: nothing to settle"):
        reviews.settle(contribution_id)


def test_settle__in_the_appeal_window__reverts(reviews, decided, votes):
    contribution_id = decided(votes["accept"])
    hashes = [reviews.canonical_hash(contribution_id)]
    boa.env.timestamp = reviews.court.round(contribution_id).provisional_at + 3_999
    with boa.reverts("court: appeal window not over"):
        reviews.court.settle([contribution_id], hashes)
    boa.env.timestamp += 1
    reviews.court.settle([contribution_id], hashes)


def test_settle__with_another_number_of_hashes__reverts(reviews, decided, votes):
    contribution_id = decided(votes["accept"])
    with boa.reverts("court: hashes do not match ids"):
        reviews.court.settle([contribution_id], [])


def test_settle__with_a_wrong_canonical_hash__reverts(reviews, decided, votes):
    contribution_id = decided(votes["accept"])
    reviews.mine(seconds=4_000)
    with boa.reverts():
        reviews.court.settle([contribution_id], [bytes(32)])
    assert reviews.court.round(contribution_id).phase == 8


def test_settle__scores_by_peers_and_earlier_votes(reviews, votes, events):
    """A seat earns what the scoring says of the seed, its vote and its validator's votes before it."""
    ballots = [votes["accept"], votes["accept"], votes["reject"], votes["accept"], votes["reject"]]
    amounts = set()
    for ballot in ballots:
        contribution_id = reviews.contribute()
        reviews.review(contribution_id, ballot)
        amounts |= {event["amount_wei"] for event in events(reviews.court, "SeatScored")}
    # unanimous committees: agreement here, and elsewhere or not
    assert amounts == {FEE_WEI, FEE_WEI + REWARD_WEI}
