"""The scoring against its twin in Python, and what it pays to honest, lazy and random validators."""

from dataclasses import dataclass, field
from random import Random

import boa
import pytest
from eth_abi import encode
from eth_utils import keccak

UNDECIDED, JUDGED, PEERS = 0, 1, 2
REVEALED = 2
FEE, REWARD, LOSS = 3, 10, 50
ZERO = "0x" + "00" * 20

HARNESS = """
# pragma version 0.4.3
from contracts.modules import review_scores

@external
@pure
def scores(
    votes: DynArray[uint256, 41], validators: DynArray[address, 41], basis: review_scores.Basis
) -> DynArray[int256, 41]:
    return review_scores._scores(votes, validators, basis)
"""


@dataclass(slots=True)
class Seat:
    """One seat of a committee; no vote where nobody revealed; `earlier` as (contribution, vote), newest first."""

    validator: str
    vote: bool | None
    earlier: list[tuple[int, bool]] = field(default_factory=list)

    def word(self) -> int:
        if self.vote is None:
            return 0
        packed = sum(
            (contribution << 1 | vote) << (48 * slot) for slot, (contribution, vote) in enumerate(self.earlier)
        )
        return REVEALED << 248 | self.vote << 240 | packed


def _earlier(seat: Seat, excluded: tuple[int, int], random: int) -> tuple[int, bool] | None:
    slots = [(random % 5 + step) % 5 for step in range(5)]
    found = [seat.earlier[slot] for slot in slots if slot < len(seat.earlier)]
    return next((entry for entry in found if entry[0] not in excluded), None)


def _agreement(seat: Seat, peer: Seat, contribution: int, random: int) -> int:
    own = _earlier(seat, (contribution, 0), random)
    peers = _earlier(peer, (contribution, own[0] if own else 0), random >> 64)
    if own is None or peers is None:
        return 0
    return (seat.vote == peer.vote) - (own[1] == peers[1])


def twin(seats: list[Seat], *, contribution: int, mode: int, is_accepted: bool, seed: bytes) -> list[int]:
    amounts = []
    for position, seat in enumerate(seats):
        if seat.vote is None:
            amounts.append(0 if seat.validator == ZERO else -LOSS)
            continue
        amount = FEE
        if mode == JUDGED:
            amount += REWARD if seat.vote == is_accepted else -LOSS
        elif mode == PEERS:
            random = int.from_bytes(keccak(encode(["bytes32", "uint256"], [seed, position])))
            others = [seats[(random + step) % len(seats)] for step in range(len(seats))]
            peers = [other for other in others if other.vote is not None and other.validator != seat.validator]
            if peers:
                amount += REWARD * _agreement(seat, peers[0], contribution, random >> 64)
        amounts.append(amount)
    return amounts


@pytest.fixture(scope="module")
def harness():
    return boa.loads(HARNESS)


def on_chain(harness, seats, *, contribution, mode, is_accepted, seed):
    words, validators = [seat.word() for seat in seats], [seat.validator for seat in seats]
    return harness.scores(words, validators, (contribution, mode, is_accepted, seed, FEE, REWARD))


@pytest.fixture(scope="module")
def accounts(actor):
    return [actor(f"validator_{number}") for number in range(8)]


def random_seats(source, accounts, size):
    seats = []
    for _ in range(size):
        earlier = [(source.randrange(1, 9), source.random() < 0.5) for _ in range(source.randrange(6))]
        vote = source.choice([True, False, None])
        seats.append(Seat(source.choice([*accounts, ZERO]) if vote is None else source.choice(accounts), vote, earlier))
    return seats


@pytest.mark.parametrize("mode", [UNDECIDED, JUDGED, PEERS])
def test_scores__equal_their_twin(harness, accounts, mode):
    source = Random(mode)
    for number in range(40):
        seats = random_seats(source, accounts, source.choice([1, 2, 3, 7, 41] if number % 8 == 0 else [3, 7]))
        basis = {
            "contribution": source.randrange(1, 9),
            "mode": mode,
            "is_accepted": source.random() < 0.5,
            "seed": source.randbytes(32),
        }
        assert on_chain(harness, seats, **basis) == twin(seats, **basis)


def peers(harness, *seats):
    return on_chain(harness, seats, contribution=9, mode=PEERS, is_accepted=True, seed=bytes(32))


@pytest.mark.parametrize(
    ("votes", "earlier", "extra"),
    [
        ((True, True), (True, False), REWARD),
        ((True, False), (True, False), 0),
        ((True, True), (True, True), 0),
        ((True, False), (True, True), -REWARD),
    ],
)
def test_scores__by_peers__are_agreement_here_less_agreement_elsewhere(harness, accounts, votes, earlier, extra):
    seats = [Seat(accounts[i], votes[i], [(i + 1, earlier[i])]) for i in range(2)]
    assert peers(harness, *seats) == [FEE + extra] * 2


def test_scores__of_newcomers__are_the_fee(harness, accounts):
    """Nothing for agreement alone, or it would pay to be new."""
    old, new = Seat(accounts[0], True, [(1, False)]), Seat(accounts[1], True)
    assert peers(harness, old, new) == [FEE, FEE]


def test_scores__compare_two_different_earlier_contributions(harness, accounts):
    """Both have the same one before: agreement on it says nothing of blind agreement."""
    assert peers(harness, *(Seat(account, True, [(1, True)]) for account in accounts[:2])) == [FEE, FEE]
    # nor is the present one an earlier one
    assert peers(harness, *(Seat(account, True, [(9, True)]) for account in accounts[:2])) == [FEE, FEE]


def test_scores__never_compare_a_validator_with_himself(harness, accounts):
    seats = [Seat(accounts[0], True, [(1, True)]), Seat(accounts[0], True, [(2, False)])]
    assert peers(harness, *seats) == [FEE, FEE]


def test_scores__of_an_undecided_committee__are_fees_and_fines(harness, accounts):
    seats = [Seat(accounts[0], True), Seat(accounts[1], None), Seat(ZERO, None)]
    assert on_chain(harness, seats, contribution=9, mode=UNDECIDED, is_accepted=False, seed=bytes(32)) == [
        FEE,
        -LOSS,
        0,
    ]


# reading costs a twentieth of the reward; the honest err once in 20
EFFORT, ACCURACY, GOOD, AUDITED = REWARD / 20, 0.95, 0.85, 0.1


def play(strategies, *, items=40, rounds=25, scores=twin):
    """Mean pay of a task, less the effort of the honest, over `rounds` runs of `items` reviews by seven of them."""
    pay, tasks = dict.fromkeys(strategies, 0.0), dict.fromkeys(strategies, 0)
    for number in range(rounds):
        source = Random(number)
        history = {name: [] for name in strategies}
        for item in range(1, items + 1):
            is_good = source.random() < GOOD
            committee = source.sample(sorted(strategies), 7)
            seats = []
            for name in committee:
                vote = strategies[name](is_good, source)
                seats.append(Seat(name, vote, history[name][:5]))
                history[name] = [(item, vote), *history[name]][:5]
            mode = JUDGED if source.random() < AUDITED else PEERS
            basis = {"contribution": item, "mode": mode, "is_accepted": is_good, "seed": source.randbytes(32)}
            for name, amount in zip(committee, scores(seats, **basis), strict=True):
                pay[name] += amount - (EFFORT if strategies[name] is honest else 0)
                tasks[name] += 1
    return {name: pay[name] / tasks[name] for name in strategies}


def honest(is_good, source):
    return is_good if source.random() < ACCURACY else not is_good


def always_accept(is_good, source):
    return True


def at_random(is_good, source):
    return source.random() < GOOD


@pytest.fixture(scope="module")
def crowd(accounts):
    """Twelve honest validators, two who always accept, two who vote at random; each with an address."""
    names = [*accounts, *(keccak(bytes([number]))[:20].hex() for number in range(8))]
    strategies = [honest] * 12 + [always_accept] * 2 + [at_random] * 2
    return {f"0x{name.removeprefix('0x')}": strategy for name, strategy in zip(names, strategies, strict=True)}


def mean(pay, crowd, strategy):
    chosen = [amount for name, amount in pay.items() if crowd[name] is strategy]
    return sum(chosen) / len(chosen)


def test_honest_validators_earn_more_than_lazy_ones(crowd):
    """85 % of the work is good; by majority, accepting everything would pay best."""
    pay = play(crowd)
    assert mean(pay, crowd, honest) > mean(pay, crowd, always_accept) + REWARD / 10
    assert mean(pay, crowd, honest) > mean(pay, crowd, at_random) + REWARD / 10


def test_forty_reviews__are_paid_by_the_contract_as_by_its_twin(harness, crowd):
    paid = play(crowd, rounds=1, scores=lambda seats, **basis: on_chain(harness, seats, **basis))
    assert paid == play(crowd, rounds=1)


def test_if_all_accept_blindly__audits_make_honesty_the_best_reply(harness, accounts):
    """Peers pay nothing for it, and an audit costs who is wrong more often more than reading costs."""
    blind = [Seat(account, True, [(number + 1, True)]) for number, account in enumerate(accounts[:7])]
    assert peers(harness, *blind) == [FEE] * 7
    right, wrong = (
        on_chain(harness, [Seat(accounts[0], vote)], contribution=9, mode=JUDGED, is_accepted=True, seed=bytes(32))[0]
        for vote in (True, False)
    )
    assert AUDITED * (ACCURACY - GOOD) * (right - wrong) > EFFORT
