"""The payout rules as properties; a test is named after the rule of `attribution_oracle.rewards` that it holds to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution_oracle.rewards import PPM, Answer, account_rewards, epoch_payouts, pool_wei, shares_ppm

SCORES = st.dictionaries(st.integers(1, 40), st.integers(-(10**12), 10**12), max_size=25)
FLOORS = st.integers(1, 10**12)
FEES = st.integers(0, 10**24)
BPS = st.integers(0, 10_000)
QUERIES = st.lists(st.tuples(FEES, SCORES), max_size=8)


def answers_of(queries, *, floor=1_000, contributors_bps=4_500, excluded=frozenset()):
    return [
        Answer(fee * contributors_bps // 10_000, shares_ppm(scores, floor=floor, excluded=excluded))
        for fee, scores in queries
    ]


@given(SCORES, FLOORS)
def test_shares__absolute_values__sum_to_the_rounded_mass(scores, floor):
    mass = sum(map(abs, scores.values()))
    assert sum(map(abs, shares_ppm(scores, floor=floor).values())) == mass * PPM // max(mass, floor)


@given(SCORES, FLOORS)
def test_shares__are_within_one_ppm_of_the_exact_quotient_and_keep_its_sign(scores, floor):
    denominator = max(sum(map(abs, scores.values())), floor)
    for contribution_id, share in shares_ppm(scores, floor=floor).items():
        assert share * scores[contribution_id] > 0
        assert abs(abs(share) * denominator - abs(scores[contribution_id]) * PPM) < denominator


@given(SCORES, FLOORS, st.sets(st.integers(41, 60)))
def test_shares__with_zero_scores_added__do_not_change(scores, floor, ids):
    padded = scores | dict.fromkeys(ids, 0)
    assert shares_ppm(padded, floor=floor) == shares_ppm(scores, floor=floor)


@given(SCORES, FLOORS, st.randoms())
def test_shares__do_not_depend_on_the_order_of_contributions(scores, floor, random):
    shuffled = list(scores.items())
    random.shuffle(shuffled)
    assert shares_ppm(dict(shuffled), floor=floor) == shares_ppm(scores, floor=floor)


def test_shares__tie__goes_to_the_lower_contribution_id():
    assert shares_ppm({9: 1, 4: 1, 7: -1}, floor=1) == {4: 333_334, 7: -333_333, 9: 333_333}


def test_shares__below_the_floor__pay_less_than_the_whole():
    assert shares_ppm({1: 1, 2: 1}, floor=8) == {1: 125_000, 2: 125_000}


def test_shares__with_no_floor__are_refused():
    with pytest.raises(ValueError, match="floor is 0"):
        shares_ppm({1: 1}, floor=0)


@given(st.lists(st.integers(1, 10**24), min_size=1, max_size=20), BPS)
def test_r0__pools_of_a_redemption__sum_to_at_most_what_it_accrued(fees, bps):
    amount = sum(fees)
    accrued = amount * bps // 10_000
    pools = [pool_wei(fee, amount_wei=amount, contributors_wei=accrued) for fee in fees]
    assert 0 <= accrued - sum(pools) < len(fees)


@given(QUERIES, BPS)
def test_r0__payouts_and_remainder_sum_to_the_pool(queries, bps):
    result = epoch_payouts(answers_of(queries, contributors_bps=bps))
    assert sum(result.payouts.values()) + result.remainder_wei == result.pool_wei
    assert result.remainder_wei >= 0
    assert all(amount >= 0 for amount in result.payouts.values())


@given(QUERIES, st.lists(st.integers(0, 5), min_size=41, max_size=41))
def test_r1__splitting_an_account__changes_nothing(queries, parts):
    payouts = epoch_payouts(answers_of(queries)).payouts
    whole = account_rewards({}, payouts, {key: "0x01" for key in payouts})
    split = account_rewards({}, payouts, {key: f"0x{parts[key] + 1:02x}" for key in payouts})
    assert sum(split.values()) == whole.get("0x01", 0)


@given(QUERIES, QUERIES, st.sets(st.integers(1, 40)))
def test_r2__own_answers_add_at_most_their_pool(queries, own, coalition):
    before, after = epoch_payouts(answers_of(queries)), epoch_payouts(answers_of(queries + own))
    own_pool = sum(answer.pool_wei for answer in answers_of(own))
    gain = sum(max(0, after.weights.get(key, 0)) - max(0, before.weights.get(key, 0)) for key in coalition)
    paid = sum(after.payouts.get(key, 0) - before.payouts.get(key, 0) for key in coalition)
    assert gain <= own_pool * PPM
    assert paid <= own_pool + len(coalition)
    assert own_pool * 10_000 <= sum(fee for fee, _ in own) * 4_500


@given(QUERIES, QUERIES, st.sets(st.integers(1, 40)))
def test_r3__others_lose_at_most_the_pool_of_the_added_answers(queries, own, honest):
    before, after = epoch_payouts(answers_of(queries)), epoch_payouts(answers_of(queries + own))
    lost = sum(max(0, before.weights.get(key, 0)) - max(0, after.weights.get(key, 0)) for key in honest)
    assert lost <= sum(answer.pool_wei for answer in answers_of(own)) * PPM


@given(QUERIES, st.sets(st.integers(41, 60)))
def test_r5__contributions_that_score_zero__change_no_payout(queries, ids):
    padded = [(fee, scores | dict.fromkeys(ids, 0)) for fee, scores in queries]
    assert epoch_payouts(answers_of(padded)) == epoch_payouts(answers_of(queries))


@given(SCORES, FLOORS, st.frozensets(st.integers(1, 40)))
def test_shares__of_excluded_contributions__are_absent_and_given_to_nobody(scores, floor, excluded):
    whole = shares_ppm(scores, floor=floor)
    kept = {key: share for key, share in whole.items() if key not in excluded}
    assert shares_ppm(scores, floor=floor, excluded=excluded) == kept


@given(QUERIES, st.frozensets(st.integers(1, 40)))
def test_withdrawn_contributions__are_paid_nothing_and_leave_the_others_alone(queries, withdrawn):
    result = epoch_payouts(answers_of(queries, excluded=withdrawn))
    reference = epoch_payouts(answers_of(queries)).payouts
    assert result.payouts == {key: value for key, value in reference.items() if key not in withdrawn}
    assert sum(result.payouts.values()) + result.remainder_wei == result.pool_wei


@given(st.dictionaries(st.sampled_from(["0x01", "0x02", "0x0a"]), st.integers(1, 10**24)), QUERIES)
def test_rewards__never_fall_and_grow_by_the_payouts(previous, queries):
    payouts = epoch_payouts(answers_of(queries)).payouts
    rewards = account_rewards(previous, payouts, {key: f"0x{1 + key % 3:02x}" for key in payouts})
    assert sum(rewards.values()) == sum(previous.values()) + sum(payouts.values())
    assert all(rewards[account] >= amount for account, amount in previous.items())


def test_rewards__are_in_order_of_the_account_as_a_number():
    rewards = account_rewards({"0xB0": 1}, {1: 5, 2: 7, 3: 0}, {1: "0xa1", 2: "0x09", 3: "0x08"})
    assert list(rewards.items()) == [("0x09", 7), ("0xa1", 5), ("0xB0", 1)]


def test_rewards__of_a_contribution_without_owner__fail():
    with pytest.raises(KeyError):
        account_rewards({}, {1: 5}, {})


def test_money__is_exact_at_the_size_of_the_supply():
    supply = 10**27
    result = epoch_payouts([Answer(supply, {1: 333_333, 2: 666_667})])
    assert result.payouts == {1: supply * 333_333 // PPM, 2: supply * 666_667 // PPM}
    assert result.remainder_wei == 0
