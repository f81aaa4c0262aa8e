import boa
import pytest
from eth_utils import keccak

COMMITMENT = keccak(b"vote")


@pytest.fixture
def drawn(reviews):
    contribution_id = reviews.contribute()
    reviews.start(contribution_id)
    return contribution_id


def test_commit__counts_and_logs(reviews, drawn, events):
    committee = reviews.committee(drawn)
    reviews.court.commit_votes([(drawn, 1, COMMITMENT)], sender=committee[1])
    assert events(reviews.court, "VoteCommitted") == [
        {"contribution_id": drawn, "validator": committee[1], "level": 0, "position": 1}
    ]
    round = reviews.court.round(drawn)
    assert (round.committed, round.revealed) == (1, 0)
    assert round.commit_ends_at == round.drawn_at + 1_000


def test_commit__by_the_last_seat__ends_the_phase(reviews, drawn, votes):
    boa.env.timestamp += 10
    reviews.commit(drawn, lambda position, validator: votes["accept"])
    round = reviews.court.round(drawn)
    assert round.committed == 3
    assert round.commit_ends_at == boa.env.timestamp
    with boa.reverts("court: commit phase over"):
        reviews.court.commit_votes([(drawn, 0, COMMITMENT)], sender=reviews.committee(drawn)[0])


def test_commit__for_several_contributions_at_once(reviews, drawn, deploy_reviews):
    alone = deploy_reviews(validators=1, seats=4)
    alone.mine()
    ids = [alone.contribute() for _ in range(2)]
    alone.start(*ids)
    entries = [(contribution_id, position, COMMITMENT) for contribution_id in ids for position in range(3)]
    alone.court.commit_votes(entries, sender=alone.validators[0])
    assert [alone.court.round(contribution_id).committed for contribution_id in ids] == [3, 3]


def test_commit__twice__reverts(reviews, drawn):
    sender = reviews.committee(drawn)[0]
    reviews.court.commit_votes([(drawn, 0, bytes(32))], sender=sender)
    with boa.reverts("court: already committed"):
        reviews.court.commit_votes([(drawn, 0, COMMITMENT)], sender=sender)


def test_commit__for_another_seat__reverts(reviews, drawn, outsider):
    with boa.reverts("court: not your seat"):
        reviews.court.commit_votes([(drawn, 0, COMMITMENT)], sender=outsider)


def test_commit__at_a_position_that_does_not_exist__reverts(reviews, drawn):
    with boa.reverts("court: no such position"):
        reviews.court.commit_votes([(drawn, 3, COMMITMENT)], sender=reviews.committee(drawn)[0])


def test_commit__at_the_end_of_the_phase__reverts(reviews, drawn):
    sender = reviews.committee(drawn)[0]
    ends_at = reviews.court.round(drawn).commit_ends_at
    boa.env.timestamp = ends_at
    with boa.reverts("court: commit phase over"):
        reviews.court.commit_votes([(drawn, 0, COMMITMENT)], sender=sender)
    boa.env.timestamp = ends_at - 1
    reviews.court.commit_votes([(drawn, 0, COMMITMENT)], sender=sender)


def test_commit__without_a_committee__reverts(reviews, outsider):
    contribution_id = reviews.contribute()
    reviews.open(contribution_id)
    with boa.reverts("court: no votes to commit"):
        reviews.court.commit_votes([(contribution_id, 0, COMMITMENT)], sender=outsider)


def test_commit__by_a_validator_who_has_left__still_counts(reviews, drawn):
    sender = reviews.committee(drawn)[0]
    mine = [seat for seat in range(1, 49) if reviews.pool.validator_of(seat) == sender]
    reviews.pool.leave(mine, sender=sender)
    reviews.court.commit_votes([(drawn, 0, COMMITMENT)], sender=sender)
    assert reviews.court.round(drawn).committed == 1
