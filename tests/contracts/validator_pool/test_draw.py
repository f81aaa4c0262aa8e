"""The lot against its twin in Python, its fairness, and what joining and leaving can move."""

from collections import Counter

import boa
import pytest
from eth_abi import encode
from eth_utils import keccak

TEXT, IMAGE = 1, 2
ZERO = "0x" + "00" * 20


def path(seed: bytes, length: int) -> list[int]:
    """Lamping & Veach 2014 with 64 bits of keccak-256 for each step."""
    places, place, random = [], 0, seed
    while place < length:
        places.append(place)
        random = keccak(random)
        place = ((place + 1) << 64) // (int.from_bytes(random[-8:]) + 1)
    return places


def twin(seats: list[tuple[int, int]], seed: bytes, count: int, joined_before: int) -> list[int]:
    """`seats` as (id, block of joining) by place."""
    drawn = []
    for index in range(count):
        places = path(keccak(encode(["bytes32", "uint256"], [seed, index])), len(seats))
        old = [seats[place][0] for place in places if seats[place][1] < joined_before]
        drawn.append(old[-1] if old else 0)
    return drawn


def block_number() -> int:
    return boa.env.evm.patch.block_number


@pytest.fixture
def crowd(pool, hold, actor, next_block):
    """Ten validators; validator number n has n seats."""
    accounts = [hold(actor(f"validator_{number}")) for number in range(1, 11)]
    for seats, account in enumerate(accounts, start=1):
        pool.join(TEXT, seats, sender=account)
    next_block()
    return accounts


def test_draw__equals_its_twin(pool, crowd):
    seats = [(seat, block_number() - 1) for seat in range(1, 56)]
    for number in range(5):
        seed = keccak(bytes([number]))
        assert pool.draw(TEXT, seed, 41, block_number()) == twin(seats, seed, 41, block_number())


def test_draw__is_proportional_to_seats(pool, crowd):
    """Chi-square over ten validators with 1 to 10 of 55 seats: above 27.9 by chance once in a thousand."""
    draws = [seat for number in range(24) for seat in pool.draw(TEXT, keccak(bytes([7, number])), 41, block_number())]
    owners = pool.validators_of(list(range(1, 42))) + pool.validators_of(list(range(42, 56)))
    found = Counter(owners[seat - 1] for seat in draws)
    expected = {account: len(draws) * seats / 55 for seats, account in enumerate(crowd, start=1)}
    assert sum((found[account] - mean) ** 2 / mean for account, mean in expected.items()) < 27.9
    by_seat = Counter(draws)
    assert sum((by_seat[seat] - len(draws) / 55) ** 2 / (len(draws) / 55) for seat in range(1, 56)) < 98


def test_draw__of_nothing_or_from_nothing(pool, crowd):
    assert pool.draw(TEXT, bytes(32), 0, block_number()) == []
    assert pool.draw(IMAGE, bytes(32), 3, block_number()) == [0, 0, 0]


def test_draw__above_its_bound__reverts(pool):
    with boa.reverts("validator_pool: committee too large"):
        pool.draw(TEXT, bytes(32), 42, 1)


def test_draw__passes_over_seats_that_joined_too_late(pool, crowd, validator):
    """Whoever knows the seed and joins then is not drawn, and moves nobody."""
    fixed = block_number()
    seed = keccak(b"known")
    before = pool.draw(TEXT, seed, 41, fixed)
    for _ in range(3):
        pool.join(TEXT, 32, sender=validator)
    assert pool.draw(TEXT, seed, 41, fixed) == before
    boa.env.time_travel(blocks=1)
    assert pool.draw(TEXT, seed, 41, fixed) == before
    later = pool.draw(TEXT, seed, 41, fixed + 1)
    seats = [(seat, 0) for seat in range(1, 152)]
    assert later == twin(seats, seed, 41, fixed + 1) != before


def test_draw__finds_nobody_among_seats_that_are_all_new(pool, validator):
    pool.join(TEXT, 4, sender=validator)
    assert pool.draw(TEXT, bytes(32), 3, block_number()) == [0, 0, 0]


def test_draw__when_a_seat_leaves__moves_only_what_hit_its_place_or_the_last(pool, crowd):
    seed, last, gone = keccak(b"leaving"), 55, 20
    before = pool.draw(TEXT, seed, 41, block_number())
    pool.leave([gone], sender=pool.validator_of(gone))
    after = pool.draw(TEXT, seed, 41, block_number())
    assert gone in before or last in before
    for was, now in zip(before, after, strict=True):
        if was == gone:
            assert now == last
        elif was != last:
            assert now == was


def test_validators_of__names_each(pool, crowd):
    assert pool.validators_of([1, 2, 4, 0, 99]) == [
        crowd[0],
        crowd[1],
        crowd[2],
        ZERO,
        ZERO,
    ]
    assert pool.validators_of([]) == []
