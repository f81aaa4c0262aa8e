import boa
import pytest

OPENED, TALLIED, PROVISIONAL = 1, 4, 8


@pytest.fixture
def tallied(reviews, votes):
    contribution_id = reviews.contribute()
    reviews.start(contribution_id)
    reviews.decide(contribution_id, votes["accept"])
    return contribution_id


def test_audit__by_the_hash_of_the_next_block__lets_most_outcomes_stand(reviews, tallied, events):
    reviews.choose_audit(tallied, False)
    reviews.mine(2)
    reviews.court.audit([tallied])
    assert events(reviews.court, "AuditDecided") == [{"contribution_id": tallied, "level": 0, "is_audited": False}]
    assert reviews.court.round(tallied).phase == PROVISIONAL


def test_audit__of_one_that_the_lot_falls_on__opens_the_larger_committee(reviews, tallied, events):
    budget = reviews.court.budget(1)
    reviews.choose_audit(tallied, True)
    reviews.mine(2)
    reviews.court.audit([tallied])
    assert events(reviews.court, "AuditDecided") == [{"contribution_id": tallied, "level": 0, "is_audited": True}]
    opened = {"contribution_id": tallied, "level": 1, "draw_block": reviews.block + 1}
    assert events(reviews.court, "RoundOpened") == [opened]
    assert reviews.court.budget(1) == budget - reviews.reserve_wei(1)
    round = reviews.court.round(tallied)
    assert (round.phase, round.level, round.size, round.is_decided) == (OPENED, 1, 9, True)
    assert reviews.court.appellant(tallied, 1) == "0x" + "00" * 20


def test_audit__falls_on_its_share_of_outcomes(reviews, tallied):
    """1,000 basis points, over 200 hashes: fewer than 8 or more than 34 by chance once in 2,000."""
    chosen = 0
    block = reviews.court.round(tallied).draw_block
    for number in range(200):
        with boa.env.anchor():
            reviews.hashes[block] = number.to_bytes(32)
            reviews.mine(2)
            reviews.court.audit([tallied])
            chosen += reviews.court.round(tallied).level
    assert 8 <= chosen <= 34


def test_audit__before_the_block_has_a_hash__reverts(reviews, tallied):
    for _ in range(2):
        with boa.reverts("court: audit block not mined"):
            reviews.court.audit([tallied])
        reviews.mine()
    reviews.court.audit([tallied])


def test_audit__where_none_is_due__reverts(reviews, tallied):
    contribution_id = reviews.contribute()
    with boa.reverts("court: no audit due"):
        reviews.court.audit([contribution_id])
    reviews.audit(tallied)
    with boa.reverts("court: no audit due"):
        reviews.court.audit([tallied])


def test_audit__too_late_for_the_hash__is_an_audit(reviews, tallied):
    """Whoever keeps an unwelcome hash from being used gets the audit for certain."""
    reviews.choose_audit(tallied, False)
    reviews.mine(258)
    reviews.court.audit([tallied])
    assert reviews.court.round(tallied).level == 1


def test_audit__256_blocks_later__still_uses_the_hash(reviews, tallied):
    reviews.choose_audit(tallied, False)
    reviews.mine(257)
    reviews.court.audit([tallied])
    assert reviews.court.round(tallied).phase == PROVISIONAL


@pytest.mark.parametrize("blocks", [2, 258])
def test_audit__that_the_budget_cannot_pay__lets_the_outcome_stand(reviews, votes, blocks):
    datanet_id = reviews.create_datanet()
    reviews.fund(reviews.reserve_wei(0) + reviews.reserve_wei(1) - 1, datanet_id)
    contribution_id = reviews.contribute(datanet_id=datanet_id)
    reviews.start(contribution_id)
    reviews.decide(contribution_id, votes["accept"])
    reviews.choose_audit(contribution_id, True)
    reviews.mine(blocks)
    reviews.court.audit([contribution_id])
    assert reviews.court.round(contribution_id).phase == PROVISIONAL
    assert reviews.court.budget(datanet_id) == reviews.reserve_wei(1) - 1


def test_audit__of_a_higher_level__audits_nobody(reviews, tallied, votes):
    reviews.audit(tallied, True)
    reviews.draw(tallied)
    reviews.decide(tallied, votes["accept"])
    reviews.choose_audit(tallied, True)
    reviews.mine(2)
    reviews.court.audit([tallied])
    round = reviews.court.round(tallied)
    assert (round.phase, round.level, round.decided_level) == (PROVISIONAL, 1, 1)
