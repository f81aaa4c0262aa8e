import boa
import pytest

TEXT = 1


@pytest.fixture
def seated(pool, validator):
    pool.join(TEXT, 4, sender=validator)
    return pool


def test_penalize__moves_stake_to_the_court(seated, open_token, validator, court, seat_wei, events):
    assert seated.penalize(validator, 5, sender=court) == 5
    assert events(seated, "StakePenalized") == [{"validator": validator, "amount_wei": 5}]
    assert open_token.balanceOf(court) == 5
    assert seated.stake_of(validator) == open_token.balanceOf(seated) == 4 * seat_wei - 5


def test_penalize__reaches_what_is_leaving(seated, open_token, validator, court, seat_wei):
    seated.leave([1, 2, 3], sender=validator)
    assert seated.penalize(validator, 2 * seat_wei, sender=court) == 2 * seat_wei
    assert seated.stake_of(validator) == 0
    assert seated.leaving_of(validator)[0] == 2 * seat_wei
    assert open_token.balanceOf(court) == 2 * seat_wei


def test_penalize__takes_no_more_than_there_is(seated, validator, court, seat_wei, events):
    seated.leave([1], sender=validator)
    assert seated.penalize(validator, 2**255, sender=court) == 4 * seat_wei
    assert seated.penalize(validator, 1, sender=court) == 0
    assert events(seated, "StakePenalized") == []
    assert seated.stake_of(validator) == seated.leaving_of(validator)[0] == 0


def test_penalize__of_another_leaves_a_stake_alone(seated, validator, court, outsider, seat_wei):
    assert seated.penalize(outsider, seat_wei, sender=court) == 0
    assert seated.stake_of(validator) == 4 * seat_wei


def test_penalize__by_another_than_the_court__reverts(seated, validator, owner, outsider):
    for account in (validator, owner, outsider):
        with boa.reverts("validator_pool: sender is not the court"):
            seated.penalize(validator, 1, sender=account)


def test_evict__below_half_of_the_seats_stake(
    seated, open_token, validator, court, outsider, seat_wei, cooldown_seconds, events
):
    seated.penalize(validator, 2 * seat_wei, sender=court)
    with boa.reverts("validator_pool: stake covers the seats"):
        seated.evict(2, sender=outsider)
    seated.penalize(validator, 1, sender=court)
    seated.evict(2, sender=outsider)
    assert events(seated, "Evicted") == [{"validator": validator, "seat_id": 2, "amount_wei": 0, "ready_at": 0}]
    assert not seated.is_seated(2)
    assert seated.seats_of(validator) == seated.seat_count(TEXT) == 3
    # three seats are covered by half again
    with boa.reverts("validator_pool: stake covers the seats"):
        seated.evict(1, sender=outsider)


def test_evict__of_the_last_seat__lets_the_rest_go(
    pool, validator, court, outsider, seat_wei, cooldown_seconds, events
):
    pool.join(TEXT, 1, sender=validator)
    pool.penalize(validator, seat_wei - 9, sender=court)
    pool.evict(1, sender=outsider)
    ready_at = boa.env.timestamp + cooldown_seconds
    assert events(pool, "Evicted") == [{"validator": validator, "seat_id": 1, "amount_wei": 9, "ready_at": ready_at}]
    assert pool.leaving_of(validator) == (9, ready_at)
    assert pool.stake_of(validator) == pool.seat_count(TEXT) == 0


def test_evict__after_a_top_up__reverts(seated, validator, court, outsider, seat_wei):
    seated.penalize(validator, 4 * seat_wei, sender=court)
    seated.top_up(2 * seat_wei, sender=validator)
    with boa.reverts("validator_pool: stake covers the seats"):
        seated.evict(1, sender=outsider)


def test_evict__of_a_seat_that_is_gone__reverts(seated, validator, court, outsider, seat_wei):
    seated.leave([1], sender=validator)
    seated.penalize(validator, 4 * seat_wei, sender=court)
    with boa.reverts("seats: seat not taken"):
        seated.evict(1, sender=outsider)


@pytest.mark.parametrize("seat", [0, 99])
def test_evict__of_a_seat_that_never_was__reverts(seated, outsider, seat):
    with boa.reverts("validator_pool: stake covers the seats"):
        seated.evict(seat, sender=outsider)
