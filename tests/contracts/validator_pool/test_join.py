import boa
import pytest

TEXT, IMAGE, AUDIO = 1, 2, 4
ZERO = "0x" + "00" * 20


def test_join__takes_seats_and_their_stake(pool, open_token, validator, seat_wei, events):
    before = open_token.balanceOf(validator)
    assert pool.join(TEXT, 3, sender=validator) == 1
    assert events(pool, "Joined") == [
        {
            "validator": validator,
            "modality": TEXT,
            "first_seat_id": 1,
            "seat_count": 3,
            "amount_wei": 3 * seat_wei,
        }
    ]
    assert open_token.balanceOf(validator) == before - 3 * seat_wei
    assert open_token.balanceOf(pool) == pool.stake_of(validator) == 3 * seat_wei
    assert pool.seats_of(validator) == pool.seat_count(TEXT) == 3
    assert [pool.validator_of(seat) for seat in (1, 2, 3, 4)] == [validator] * 3 + [ZERO]
    assert [pool.is_seated(seat) for seat in (0, 1, 2, 3, 4)] == [False, True, True, True, False]


def test_join__of_another_modality__has_its_own_list(pool, validator, second_validator):
    pool.join(TEXT, 2, sender=validator)
    assert pool.join(AUDIO, 1, sender=second_validator) == 3
    assert pool.join(TEXT, 1, sender=second_validator) == 4
    assert [pool.seat_count(modality) for modality in (TEXT, IMAGE, AUDIO)] == [3, 0, 1]
    assert pool.seats_of(second_validator) == 2


def test_join__at_its_bound(pool, validator):
    pool.join(TEXT, 32, sender=validator)
    assert pool.seat_count(TEXT) == 32


@pytest.mark.parametrize("modality", [0, 3, 5, 8])
def test_join__of_no_single_modality__reverts(pool, validator, modality):
    with boa.reverts("validator_pool: unknown modality"):
        pool.join(modality, 1, sender=validator)


def test_join__without_seats__reverts(pool, validator):
    with boa.reverts("validator_pool: no seat"):
        pool.join(TEXT, 0, sender=validator)


def test_join__with_too_many_seats__reverts(pool, validator):
    with boa.reverts("validator_pool: too many seats in one call"):
        pool.join(TEXT, 33, sender=validator)


def test_join__without_allowance__reverts(pool, outsider):
    with boa.reverts():
        pool.join(TEXT, 1, sender=outsider)


def test_join__when_all_ids_are_given__reverts(pool, validator):
    """A committee packs ids in 32 bits."""
    pool.inject_function("@external\ndef give_ids(): seats._last_id = 2**32 - 3")
    pool.inject.give_ids()
    assert pool.join(TEXT, 2, sender=validator) == 2**32 - 2
    with boa.reverts("seats: no ids left"):
        pool.join(TEXT, 1, sender=validator)


def test_join__beyond_what_the_row_counts__reverts(pool, validator):
    """A validator's row holds 24 bits of seats; all OPEN pays for fewer than a tenth of them."""
    pool.inject_function("@external\ndef seat(who: address): validator_stakes._accounts[who] = (2**24 - 2) << 232")
    pool.inject.seat(validator)
    with boa.reverts("validator_stakes: too many seats"):
        pool.join(TEXT, 2, sender=validator)
    pool.join(TEXT, 1, sender=validator)
    assert pool.seats_of(validator) == 2**24 - 1


def test_top_up__adds_stake_without_a_seat(pool, open_token, validator, seat_wei, events):
    pool.join(TEXT, 1, sender=validator)
    pool.top_up(5, sender=validator)
    assert events(pool, "StakeAdded") == [{"validator": validator, "amount_wei": 5}]
    assert pool.stake_of(validator) == open_token.balanceOf(pool) == seat_wei + 5
    assert pool.seats_of(validator) == 1


def test_top_up__with_nothing__reverts(pool, validator):
    with boa.reverts("validator_pool: amount is zero"):
        pool.top_up(0, sender=validator)


def test_top_up__without_a_seat__reverts(pool, validator):
    with boa.reverts("validator_pool: sender has no seat"):
        pool.top_up(1, sender=validator)
