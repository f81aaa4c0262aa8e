import boa
import pytest
from eth_abi import encode
from eth_utils import keccak

TEXT = 1
VOTING = 2
ZERO = "0x" + "00" * 20
COMMIT_SECONDS, REVEAL_SECONDS = 1_000, 2_000


def test_draw__is_the_pools_lot_by_the_hash_of_the_fixed_block(reviews, events):
    contribution_id = reviews.contribute()
    reviews.open(contribution_id)
    block = reviews.court.round(contribution_id).draw_block
    reviews.hashes[block] = keccak(b"the block")
    reviews.mine(2)
    reviews.court.draw_committees([contribution_id])
    seed = keccak(encode(["bytes32", "uint256", "uint256"], [keccak(b"the block"), contribution_id, 0]))
    seats = reviews.pool.draw(TEXT, seed, 3, block)
    validators = reviews.pool.validators_of(seats)
    assert ZERO not in validators
    assert events(reviews.court, "CommitteeDrawn") == [
        {"contribution_id": contribution_id, "level": 0, "seats": seats, "validators": validators}
    ]
    assert reviews.court.committee(contribution_id, 0) == (seats, validators)
    assert reviews.court.committee(contribution_id, 1) == ([], [])
    round = reviews.court.round(contribution_id)
    assert (round.phase, round.present, round.drawn_at) == (VOTING, 3, boa.env.timestamp)
    assert round.commit_ends_at == boa.env.timestamp + COMMIT_SECONDS
    assert round.reveal_ends_at == round.commit_ends_at + REVEAL_SECONDS


def test_draw__in_one_block__gives_each_contribution_its_own_committee(reviews):
    ids = [reviews.contribute() for _ in range(6)]
    reviews.start(*ids)
    assert len({tuple(reviews.court.committee(contribution_id, 0)[0]) for contribution_id in ids}) > 1


def test_draw__before_the_block_has_a_hash__reverts(reviews):
    contribution_id = reviews.contribute()
    reviews.open(contribution_id)
    for _ in range(2):
        with boa.reverts("court: draw block not mined"):
            reviews.court.draw_committees([contribution_id])
        reviews.mine()
    reviews.court.draw_committees([contribution_id])


def test_draw__256_blocks_later__still_uses_the_hash(reviews):
    contribution_id = reviews.contribute()
    reviews.open(contribution_id)
    block = reviews.court.round(contribution_id).draw_block
    reviews.mine(257)
    assert reviews.block == block + 256
    reviews.court.draw_committees([contribution_id])
    assert reviews.court.round(contribution_id).phase == VOTING


def test_draw__too_late_for_the_hash__fixes_a_new_block(reviews, events):
    contribution_id = reviews.contribute()
    reviews.open(contribution_id)
    budget = reviews.court.budget(1)
    reviews.mine(258)
    reviews.court.draw_committees([contribution_id])
    fixed = {"contribution_id": contribution_id, "level": 0, "draw_block": reviews.block + 1}
    assert events(reviews.court, "RoundOpened") == [fixed]
    assert events(reviews.court, "CommitteeDrawn") == []
    assert reviews.court.budget(1) == budget
    reviews.mine(2)
    reviews.court.draw_committees([contribution_id])
    assert reviews.court.round(contribution_id).phase == VOTING


@pytest.mark.parametrize("opened", [False, True])
def test_draw__where_none_is_due__reverts(reviews, opened):
    contribution_id = reviews.contribute()
    if opened:
        reviews.start(contribution_id)
    with boa.reverts("court: no draw due"):
        reviews.court.draw_committees([contribution_id])


def test_draw__where_the_lot_falls_on_the_contributor__leaves_the_seat_empty(reviews, votes):
    """All seats of the first validators are the contributor's; he accepts nothing of his own."""
    contributor = reviews.validators[0]
    reviews.pool.join(TEXT, 32, sender=contributor)
    reviews.mine()
    contribution_id = reviews.contribute(contributor)
    for number in range(100):
        with boa.env.anchor():
            reviews.open(contribution_id)
            reviews.hashes[reviews.court.round(contribution_id).draw_block] = keccak(bytes([number]))
            reviews.mine(2)
            reviews.court.draw_committees([contribution_id])
            seats, validators = reviews.court.committee(contribution_id, 0)
            assert contributor not in validators
            assert [seat == 0 for seat in seats] == [validator == ZERO for validator in validators]
            assert reviews.court.round(contribution_id).present == 3 - validators.count(ZERO)
            if validators.count(ZERO) == 1:
                # two of three seats are two thirds: enough to accept, and nobody waits for the third
                position = validators.index(ZERO)
                with boa.reverts("court: not your seat"):
                    reviews.court.commit_votes([(contribution_id, position, bytes(32))], sender=contributor)
                reviews.decide(contribution_id, votes["accept"])
                assert reviews.court.round(contribution_id).is_accepted
                reviews.audit(contribution_id)
                reviews.settle(contribution_id)
                return
    raise AssertionError("no draw with one seat of the contributor")


def test_draw__without_validators__is_repeated_until_there_are_some(reviews, deploy_reviews, events):
    """Nobody is there to wait for: such a committee can be tallied at once."""
    empty = deploy_reviews(validators=0)
    contribution_id = empty.contribute()
    empty.start(contribution_id)
    assert empty.court.committee(contribution_id, 0) == ([0, 0, 0], [ZERO] * 3)
    assert empty.court.round(contribution_id).present == 0
    with boa.reverts("court: commit phase over"):
        empty.court.commit_votes([(contribution_id, 0, bytes(32))])
    empty.court.tally([contribution_id])
    round = empty.court.round(contribution_id)
    assert (round.phase, round.attempt) == (1, 1)
    assert empty.court.budget(1) == 10_000 * 10**18 - empty.reserve_wei(0)


def test_committee__of_a_level_that_does_not_exist__reverts(reviews):
    with boa.reverts("court: no such level"):
        reviews.court.committee(1, 3)
