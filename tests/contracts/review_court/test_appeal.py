import boa
import pytest

OPENED, PROVISIONAL, SETTLED = 1, 8, 16
BOND_WEI = 7 * 10**18 + 1
FEE_WEI, REWARD_WEI = 3 * 10**17 + 1, 10**18 + 3
APPEAL_SECONDS = 4_000


@pytest.fixture
def rejected(reviews, votes):
    """Rejected at level 0, in its appeal window."""
    contribution_id = reviews.contribute()
    reviews.start(contribution_id)
    reviews.decide(contribution_id, votes["reject"])
    reviews.audit(contribution_id)
    return contribution_id


@pytest.fixture
def decide_level(reviews):
    """Draws, votes and tallies the level that is open, and has its audit decided."""

    def run(contribution_id, vote):
        reviews.draw(contribution_id)
        reviews.decide(contribution_id, vote)
        if reviews.court.round(contribution_id).phase == 4:
            reviews.audit(contribution_id)

    return run


def test_appeal__takes_bond_and_fees_and_opens_the_larger_committee(reviews, rejected, appellant, events):
    court_balance, budget = reviews.token.balanceOf(reviews.court), reviews.court.budget(1)
    assert reviews.court.appeal_cost(rejected) == (BOND_WEI, reviews.reserve_wei(1))
    paid_wei = reviews.appeal(rejected, appellant)
    assert events(reviews.court, "Appealed") == [
        {
            "contribution_id": rejected,
            "appellant": appellant,
            "level": 1,
            "bond_wei": BOND_WEI,
            "fees_wei": reviews.reserve_wei(1),
            "reason_digest": bytes(32),
        }
    ]
    assert events(reviews.court, "RoundOpened") == [
        {"contribution_id": rejected, "level": 1, "draw_block": reviews.block + 1}
    ]
    assert paid_wei == BOND_WEI + reviews.reserve_wei(1)
    assert reviews.token.balanceOf(reviews.court) == court_balance + paid_wei
    assert reviews.court.budget(1) == budget
    assert reviews.court.appellant(rejected, 1) == appellant
    round = reviews.court.round(rejected)
    assert (round.phase, round.level, round.size, round.decided_level) == (OPENED, 1, 9, 0)
    # the first committee stays readable
    assert len(reviews.court.committee(rejected, 0)[0]) == 3
    assert reviews.court.committee(rejected, 1) == ([], [])


def test_appeal__before_the_audit_is_decided__makes_it_needless(reviews, votes, appellant):
    contribution_id = reviews.contribute()
    reviews.start(contribution_id)
    reviews.decide(contribution_id, votes["accept"])
    reviews.appeal(contribution_id, appellant)
    reviews.mine(2)
    with boa.reverts("court: no audit due"):
        reviews.court.audit([contribution_id])


def test_appeal__at_the_end_of_the_window__reverts(reviews, rejected, appellant):
    boa.env.timestamp = reviews.court.round(rejected).provisional_at + APPEAL_SECONDS
    with boa.reverts("court: appeal window over"):
        reviews.appeal(rejected, appellant)
    boa.env.timestamp -= 1
    reviews.appeal(rejected, appellant)


def test_appeal__without_an_outcome__reverts(reviews, appellant):
    contribution_id = reviews.contribute()
    reviews.start(contribution_id)
    with boa.reverts("court: nothing to appeal"):
        reviews.appeal(contribution_id, appellant)


def test_appeal__against_a_settled_outcome__reverts(reviews, rejected, appellant):
    reviews.settle(rejected)
    with boa.reverts("court: nothing to appeal"):
        reviews.appeal(rejected, appellant)


def test_appeal__against_the_last_level__reverts(reviews, rejected, votes, appellant, decide_level):
    for vote in ("accept", "reject"):
        reviews.appeal(rejected, appellant)
        decide_level(rejected, votes[vote])
    with boa.reverts("court: no further appeal"):
        reviews.appeal(rejected, appellant)


def test_appeal__without_allowance__reverts(reviews, rejected, outsider):
    with boa.reverts():
        reviews.court.appeal(rejected, bytes(32), sender=outsider)
    assert reviews.court.appellant(rejected, 1) == "0x" + "00" * 20


def test_appeal__that_changes_the_outcome__gets_bond_and_fees_back(
    reviews, rejected, votes, appellant, decide_level, events
):
    paid_wei = reviews.appeal(rejected, appellant)
    decide_level(rejected, votes["accept"])
    reviews.settle(rejected)
    assert events(reviews.court, "AppealResolved") == [
        {"contribution_id": rejected, "appellant": appellant, "level": 1, "is_upheld": True, "paid_wei": paid_wei}
    ]
    assert events(reviews.court, "Settled") == [
        {"contribution_id": rejected, "level": 1, "is_accepted": True, "score": 80, "is_abusive": False}
    ]
    # the first committee was wrong: fee, and five rewards lost
    first = [event["amount_wei"] for event in events(reviews.court, "SeatScored") if event["level"] == 0]
    assert first == 3 * [FEE_WEI - 5 * REWARD_WEI]
    assert reviews.court.earnings(appellant) == paid_wei


def test_appeal__upheld_on_an_empty_budget__gets_back_what_there_is(reviews, votes, appellant, decide_level):
    datanet_id = reviews.create_datanet()
    contribution_id = reviews.contribute(datanet_id=datanet_id)
    reviews.fund(reviews.reserve_wei(0), datanet_id)
    reviews.start(contribution_id)
    reviews.decide(contribution_id, votes["reject"])
    reviews.audit(contribution_id)
    paid_wei = reviews.appeal(contribution_id, appellant)
    decide_level(contribution_id, votes["accept"])
    reviews.settle(contribution_id)
    loss_wei = 5 * REWARD_WEI - FEE_WEI
    # level 0 paid nothing and was fined; level 1 earned its nine fees, for newcomers have nobody to be compared with
    budget_wei = reviews.reserve_wei(0) + 3 * (loss_wei - loss_wei // 2) + reviews.reserve_wei(1) - 9 * FEE_WEI
    assert reviews.court.earnings(appellant) == BOND_WEI + min(budget_wei, reviews.reserve_wei(1))
    assert reviews.court.budget(datanet_id) == max(0, budget_wei - reviews.reserve_wei(1))
    assert reviews.court.earnings(appellant) <= paid_wei


def test_appeal__that_changes_nothing__loses_its_bond(reviews, rejected, votes, appellant, decide_level, events):
    reviews.appeal(rejected, appellant)
    decide_level(rejected, votes["reject"])
    supply, treasury = reviews.token.totalSupply(), reviews.token.balanceOf(reviews.treasury)
    reviews.settle(rejected)
    assert events(reviews.court, "AppealResolved") == [
        {"contribution_id": rejected, "appellant": appellant, "level": 1, "is_upheld": False, "paid_wei": 0}
    ]
    # the first committee was right
    first = [event["amount_wei"] for event in events(reviews.court, "SeatScored") if event["level"] == 0]
    assert first == 3 * [FEE_WEI + REWARD_WEI]
    assert supply - reviews.token.totalSupply() == BOND_WEI // 2
    assert reviews.token.balanceOf(reviews.treasury) - treasury == BOND_WEI - BOND_WEI // 2
    assert reviews.court.earnings(appellant) == 0


@pytest.mark.parametrize(("last", "winner"), [("reject", 2), ("accept", 1)])
def test_appeal__of_an_appeal__is_decided_by_the_last_word(
    reviews, rejected, votes, actor, decide_level, events, last, winner
):
    """Level 0 rejects, level 1 accepts: one of the two appellants was right, and level 2 says who."""
    appellants = [actor("first_appellant"), actor("second_appellant")]
    paid = [reviews.appeal(rejected, appellants[0])]
    decide_level(rejected, votes["accept"])
    paid.append(reviews.appeal(rejected, appellants[1]))
    assert reviews.court.round(rejected).size == 41
    decide_level(rejected, votes[last])
    # no appeal against the last level, so nobody waits for one
    reviews.court.settle([rejected], [reviews.canonical_hash(rejected)])
    resolved = [
        (event["level"], event["is_upheld"], event["paid_wei"]) for event in events(reviews.court, "AppealResolved")
    ]
    assert resolved == [(level, level == winner, paid[level - 1] if level == winner else 0) for level in (1, 2)]
    assert reviews.registry.contribution(rejected).status == (2 if last == "accept" else 4)
    amounts = {event["level"]: event["amount_wei"] for event in events(reviews.court, "SeatScored")}
    right, wrong = FEE_WEI + REWARD_WEI, FEE_WEI - 5 * REWARD_WEI
    assert (amounts[0], amounts[1]) == ((right, wrong) if last == "reject" else (wrong, right))


def test_appeal__to_committees_that_do_not_come_together__is_nobodys_loss(reviews, rejected, votes, appellant, events):
    paid_wei = reviews.appeal(rejected, appellant)
    for attempt in range(3):
        assert reviews.court.round(rejected).attempt == attempt
        reviews.draw(rejected)
        # five of nine are fewer than two thirds
        reviews.decide(rejected, lambda position, validator: votes["accept"] if position < 5 else None)
    spent_wei = 5 * FEE_WEI
    refund_wei = paid_wei - spent_wei
    assert events(reviews.court, "AppealResolved") == [
        {"contribution_id": rejected, "appellant": appellant, "level": 1, "is_upheld": False, "paid_wei": refund_wei}
    ]
    assert reviews.court.earnings(appellant) == refund_wei
    round = reviews.court.round(rejected)
    assert (round.phase, round.level, round.decided_level, round.is_accepted) == (PROVISIONAL, 1, 0, False)
    with boa.reverts("court: appeal window over"):
        reviews.appeal(rejected, appellant)
    # the first outcome stands, at once and as scored by its peers
    reviews.court.settle([rejected], [reviews.canonical_hash(rejected)])
    assert {event["level"] for event in events(reviews.court, "SeatScored")} == {0}
    assert events(reviews.court, "AppealResolved") == []
    assert events(reviews.court, "Settled")[0]["level"] == 0


def test_audit__whose_committees_do_not_come_together__gives_the_rest_to_the_budget(reviews, votes):
    contribution_id = reviews.contribute()
    reviews.start(contribution_id)
    reviews.decide(contribution_id, votes["accept"])
    reviews.audit(contribution_id, True)
    for _ in range(3):
        reviews.draw(contribution_id)
        before = reviews.court.budget(1)
        reviews.decide(contribution_id, None)
    fined_wei = 9 * (5 * REWARD_WEI - 5 * REWARD_WEI // 2)
    assert reviews.court.budget(1) == before + fined_wei + reviews.reserve_wei(1)
    reviews.court.settle([contribution_id], [reviews.canonical_hash(contribution_id)])
    assert reviews.registry.contribution(contribution_id).status == 2


def test_appeal__that_the_budget_cannot_draw_again__ends_after_one_committee(reviews, votes, appellant):
    """No stake is left to fine, and the budget has nothing to replace the fees that were paid."""
    datanet_id = reviews.create_datanet()
    contribution_id = reviews.contribute(datanet_id=datanet_id)
    reviews.fund(reviews.reserve_wei(0), datanet_id)
    reviews.start(contribution_id)
    reviews.decide(contribution_id, votes["reject"])
    reviews.audit(contribution_id)
    paid_wei = reviews.appeal(contribution_id, appellant)
    reviews.pool.set_court(reviews.owner, sender=reviews.owner)
    for validator in reviews.validators:
        reviews.pool.penalize(validator, 2**200, sender=reviews.owner)
    reviews.pool.set_court(reviews.court, sender=reviews.owner)
    reviews.draw(contribution_id)
    reviews.decide(contribution_id, lambda position, validator: votes["accept"] if position < 1 else None)
    assert reviews.court.round(contribution_id).phase == PROVISIONAL
    assert reviews.court.earnings(appellant) == paid_wei - FEE_WEI
