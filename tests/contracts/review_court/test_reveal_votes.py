import boa
import pytest
from eth_abi import encode
from eth_utils import keccak

DIGEST, SALT = keccak(b"reasons"), keccak(b"salt")
REVEAL_SECONDS = 2_000


@pytest.fixture
def committed(reviews, votes):
    """All seats have committed to accept."""
    contribution_id = reviews.contribute()
    reviews.start(contribution_id)
    reviews.commit(contribution_id, lambda position, validator: votes["accept"])
    return contribution_id


def test_vote_commitment__is_the_hash_of_all_fields(reviews, outsider):
    types = ["address", "uint256", "uint256", "uint256", "bool", "uint256", "uint256", "bytes32", "bytes32"]
    fields = [outsider, 7, 1, 40, True, 99, 0, DIGEST, SALT]
    assert reviews.court.vote_commitment(*fields) == keccak(encode(types, fields))


def test_reveal__counts_and_logs(reviews, committed, votes, events):
    sender = reviews.committee(committed)[2]
    reviews.court.reveal_votes([reviews.reveal_entry(committed, 2, votes["accept"])], sender=sender)
    assert events(reviews.court, "Reviewed") == [
        {
            "contribution_id": committed,
            "validator": sender,
            "level": 0,
            "position": 2,
            "is_accepted": True,
            "score": 80,
            "reason": 0,
            "reason_digest": bytes(32),
        }
    ]
    round = reviews.court.round(committed)
    assert (round.revealed, round.accepts) == (1, 1)


def test_reveal__of_another_vote__reverts(reviews, committed):
    sender = reviews.committee(committed)[0]
    with boa.reverts("court: not what was committed"):
        reviews.court.reveal_votes([reviews.reveal_entry(committed, 0, (True, 81, 0))], sender=sender)


def test_reveal__twice__reverts(reviews, committed, votes):
    sender = reviews.committee(committed)[0]
    entry = reviews.reveal_entry(committed, 0, votes["accept"])
    reviews.court.reveal_votes([entry], sender=sender)
    with boa.reverts("court: not what was committed"):
        reviews.court.reveal_votes([entry], sender=sender)


def test_reveal__of_a_copied_commitment__is_impossible(reviews, votes):
    """Position 1 copies the commitment of position 0 and, once it is revealed, knows its opening: of no use."""
    contribution_id = reviews.contribute()
    reviews.start(contribution_id)
    first, second, third = reviews.committee(contribution_id)
    entry = reviews.reveal_entry(contribution_id, 0, votes["accept"])
    _, position, *vote, digest, salt = entry
    copied = reviews.court.vote_commitment(first, contribution_id, 0, position, *vote, digest, salt)
    for index, account in enumerate((first, second, third)):
        reviews.court.commit_votes([(contribution_id, index, copied)], sender=account)
    reviews.court.reveal_votes([entry], sender=first)
    for account in {second, first}:
        with boa.reverts("court: not what was committed"):
            shown = (contribution_id, [first, second].index(account), *vote, digest, salt)
            reviews.court.reveal_votes([shown], sender=account)


def test_reveal__by_another__reverts(reviews, committed, votes, outsider):
    with boa.reverts("court: not your seat"):
        reviews.court.reveal_votes([reviews.reveal_entry(committed, 0, votes["accept"])], sender=outsider)


def test_reveal__at_a_position_that_does_not_exist__reverts(reviews, committed, votes):
    with boa.reverts("court: no such position"):
        reviews.court.reveal_votes([reviews.reveal_entry(committed, 41, votes["accept"])])


def test_reveal__before_all_committed_or_the_phase_ended__reverts(reviews, votes):
    contribution_id = reviews.contribute()
    reviews.start(contribution_id)
    reviews.commit(contribution_id, lambda position, validator: votes["accept"] if position else None)
    sender = reviews.committee(contribution_id)[1]
    entry = reviews.reveal_entry(contribution_id, 1, votes["accept"])
    ends_at = reviews.court.round(contribution_id).commit_ends_at
    boa.env.timestamp = ends_at - 1
    with boa.reverts("court: still committing"):
        reviews.court.reveal_votes([entry], sender=sender)
    boa.env.timestamp = ends_at
    reviews.court.reveal_votes([entry], sender=sender)


def test_reveal__after_the_phase__reverts(reviews, committed, votes):
    sender = reviews.committee(committed)[0]
    entry = reviews.reveal_entry(committed, 0, votes["accept"])
    boa.env.timestamp += REVEAL_SECONDS
    with boa.reverts("court: reveal phase over"):
        reviews.court.reveal_votes([entry], sender=sender)
    boa.env.timestamp -= 1
    reviews.court.reveal_votes([entry], sender=sender)


def test_reveal__without_a_committee__reverts(reviews, votes):
    contribution_id = reviews.contribute()
    with boa.reverts("court: no votes to reveal"):
        reviews.court.reveal_votes([(contribution_id, 0, *votes["accept"], DIGEST, SALT)])


@pytest.mark.parametrize(
    ("vote", "reason"),
    [
        ((True, 0, 0), "court: accepts without a score"),
        ((True, 101, 0), "court: score above 100"),
        ((True, 50, 1), "court: accepts with a reason"),
        ((False, 1, 1), "court: rejects with a score"),
        ((False, 0, 0), "court: rejects without a reason"),
        ((False, 0, 9), "court: unknown reason"),
    ],
)
def test_reveal__of_a_vote_that_is_none__reverts(reviews, committed, vote, reason):
    with boa.reverts(reason):
        reviews.court.reveal_votes([(committed, 0, *vote, DIGEST, SALT)], sender=reviews.committee(committed)[0])


@pytest.mark.parametrize("vote", [(True, 1, 0), (True, 100, 0), (False, 0, 1), (False, 0, 8)])
def test_reveal__at_the_bounds_of_score_and_reason(reviews, vote):
    contribution_id = reviews.contribute()
    reviews.start(contribution_id)
    reviews.vote(contribution_id, vote)
    assert reviews.court.round(contribution_id).revealed == 3
