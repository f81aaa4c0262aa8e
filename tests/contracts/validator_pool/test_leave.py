import boa
import pytest

TEXT, IMAGE = 1, 2


@pytest.fixture
def seated(pool, validator, second_validator):
    """Seats 1 to 3 of the validator, 4 and 5 of the second one."""
    pool.join(TEXT, 3, sender=validator)
    pool.join(TEXT, 2, sender=second_validator)
    return pool


def test_leave__frees_the_stake_of_the_seats_after_the_cooldown(
    seated, open_token, validator, seat_wei, cooldown_seconds, events
):
    ready_at = boa.env.timestamp + cooldown_seconds
    seated.leave([1, 3], sender=validator)
    assert events(seated, "Left") == [
        {"validator": validator, "seat_ids": [1, 3], "amount_wei": 2 * seat_wei, "ready_at": ready_at}
    ]
    assert (seated.seats_of(validator), seated.stake_of(validator)) == (1, seat_wei)
    assert seated.leaving_of(validator) == (2 * seat_wei, ready_at)
    assert [seated.is_seated(seat) for seat in range(1, 6)] == [False, True, False, True, True]
    assert seated.seat_count(TEXT) == 3
    # votes of a seat that is gone still have an owner
    assert seated.validators_of([1, 3, 5])[:2] == [validator, validator]
    boa.env.timestamp = ready_at - 1
    with boa.reverts("validator_stakes: cooldown not over"):
        seated.withdraw(sender=validator)
    boa.env.timestamp = ready_at
    before = open_token.balanceOf(validator)
    assert seated.withdraw(sender=validator) == 2 * seat_wei
    assert events(seated, "StakeWithdrawn") == [{"validator": validator, "amount_wei": 2 * seat_wei}]
    assert open_token.balanceOf(validator) == before + 2 * seat_wei
    assert seated.leaving_of(validator) == (0, 0)
    with boa.reverts("validator_stakes: nothing is leaving"):
        seated.withdraw(sender=validator)


def test_leave__again__starts_the_clock_anew_for_all(seated, validator, seat_wei, cooldown_seconds):
    seated.leave([1], sender=validator)
    boa.env.timestamp += cooldown_seconds
    seated.leave([2], sender=validator)
    assert seated.leaving_of(validator) == (2 * seat_wei, boa.env.timestamp + cooldown_seconds)


def test_leave__after_a_penalty__leaves_the_other_seats_whole(seated, validator, court, seat_wei, events):
    seated.penalize(validator, seat_wei // 2, sender=court)
    seated.leave([1], sender=validator)
    assert events(seated, "Left")[0]["amount_wei"] == seat_wei // 2
    assert seated.stake_of(validator) == 2 * seat_wei
    seated.penalize(validator, seat_wei, sender=court)
    seated.leave([2], sender=validator)
    assert events(seated, "Left")[0]["amount_wei"] == 0
    assert seated.stake_of(validator) == seat_wei


def test_leave__with_the_last_seat__lets_all_stake_go(seated, validator, seat_wei):
    seated.top_up(7, sender=validator)
    seated.leave([1, 2, 3], sender=validator)
    assert seated.stake_of(validator) == seated.seats_of(validator) == 0
    assert seated.leaving_of(validator)[0] == 3 * seat_wei + 7


def test_leave__with_no_seat_named__reverts(seated, validator):
    with boa.reverts("validator_pool: no seat named"):
        seated.leave([], sender=validator)


@pytest.mark.parametrize("seat", [0, 4, 6])
def test_leave__with_a_seat_that_is_not_yours__reverts(seated, validator, seat):
    with boa.reverts("validator_pool: not your seat"):
        seated.leave([1, seat], sender=validator)


def test_leave__with_one_seat_twice__reverts(seated, validator):
    with boa.reverts("seats: seat not taken"):
        seated.leave([2, 2], sender=validator)


def test_leave__never_reuses_an_id(seated, validator, second_validator):
    seated.leave([3], sender=validator)
    assert seated.join(TEXT, 1, sender=second_validator) == 6


def test_leave__any_order__keeps_the_list_whole(pool, validator, second_validator, next_block):
    """Against a list in Python: same seats can be drawn, and each seat knows its place."""
    pool.join(IMAGE, 1, sender=second_validator)
    seats = list(range(2, 14))
    pool.join(TEXT, 12, sender=validator)
    next_block()
    for gone in (13, 2, 7, 12, 3):
        pool.leave([gone], sender=validator)
        place = seats.index(gone)
        seats[place] = seats[-1]
        seats.pop()
        assert pool.seat_count(TEXT) == len(seats)
        now = boa.env.evm.patch.block_number
        drawn = {seat for number in range(4) for seat in pool.draw(TEXT, bytes([number] * 32), 41, now)}
        assert drawn == set(seats)
    assert pool.seat_count(IMAGE) == 1
