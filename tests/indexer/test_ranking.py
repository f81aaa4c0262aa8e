import doctest
import random
from fractions import Fraction

import indexer.ranking
from indexer.ranking import PPM, Standing, order_key, rank, wilson_lower_bound_ppm

ALICE, BOB = "0x" + "aa" * 20, "0x" + "bB" * 20


def test_docstring_examples_hold():
    assert doctest.testmod(indexer.ranking).failed == 0


def test_lower_bound__is_the_root_of_wilsons_equation():
    # the bound L solves (p - L)^2 = z^2 L (1 - L) / n with L <= p, here in exact fractions
    z2 = Fraction(196, 100) ** 2
    for accepted, rejected in [(1, 0), (1, 1), (3, 5), (50, 50), (999, 1), (1, 999), (10**6, 7)]:
        n = accepted + rejected
        p = Fraction(accepted, n)

        def excess(bound, n=n, p=p):
            return (p - bound) ** 2 - z2 * bound * (1 - bound) / n

        ppm = wilson_lower_bound_ppm(accepted=accepted, rejected=rejected)
        assert excess(Fraction(ppm, PPM)) >= 0 > excess(Fraction(ppm + 1, PPM))


def test_lower_bound__without_decisions_or_acceptances__is_zero():
    assert wilson_lower_bound_ppm(accepted=0, rejected=0) == 0
    assert wilson_lower_bound_ppm(accepted=0, rejected=9) == 0


def test_rank__score_sum_comes_first__however_many_rejections():
    spammed = Standing(ALICE, accepted=2, rejected=500, score_sum=101)
    clean = Standing(BOB, accepted=2, rejected=0, score_sum=100)
    assert rank([clean, spammed]) == [spammed, clean]


def test_rank__equal_sums__go_by_acceptance_rate():
    careless = Standing(ALICE, accepted=2, rejected=3, score_sum=100)
    careful = Standing(BOB, accepted=2, rejected=0, score_sum=100)
    assert rank([careless, careful]) == [careful, careless]


def test_rank__equal_rates__go_by_the_amount_of_evidence():
    few = Standing(ALICE, accepted=1, rejected=0, score_sum=100)
    many = Standing(BOB, accepted=9, rejected=0, score_sum=100)
    assert rank([few, many]) == [many, few]


def test_rank__equal_in_all__go_by_address__whatever_the_input_order():
    standings = [Standing(account, accepted=1, rejected=1, score_sum=5) for account in (BOB, ALICE)]
    assert [each.contributor for each in rank(standings)] == [ALICE, BOB]
    random.Random(1).shuffle(standings)
    assert [order_key(each) for each in rank(standings)] == sorted(order_key(each) for each in standings)
