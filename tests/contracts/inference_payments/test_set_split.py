"""set_split: within its bounds, by the owner alone."""

import boa
import pytest


@pytest.mark.parametrize(
    "split",
    [(0, 9_500, 0, 500, 0), (0, 9_500, 0, 0, 500), (8_500, 1_000, 0, 250, 250), (0, 1_000, 8_500, 500, 0)],
)
def test_set_split__within_bounds__replaces_it_and_logs_it(market, events, split):
    market.payments.set_split(split, sender=market.owner)
    assert events(market.payments, "SplitChanged") == [{"split": split}]
    assert market.payments.split() == split


@pytest.mark.parametrize(
    ("split", "reason"),
    [
        ((3_000, 4_500, 1_000, 1_000, 501), "payments: split is not 10000"),
        ((3_000, 4_500, 1_000, 1_000, 499), "payments: split is not 10000"),
        ((0, 0, 0, 0, 0), "payments: split is not 10000"),
        ((10_001, 0, 0, 0, 0), "payments: split above 10000"),
        ((0, 2**256 - 1, 1, 0, 0), "payments: split above 10000"),
        ((0, 1_000, 2**16, 0, 0), "payments: split above 10000"),
        ((0, 0, 0, 2**255, 2**255), "payments: split above 10000"),
        ((0, 0, 0, 0, 10_001), "payments: split above 10000"),
        ((5_000, 4_501, 0, 0, 499), "payments: treasury and burn below 500"),
        ((5_000, 5_000, 0, 0, 0), "payments: treasury and burn below 500"),
        ((8_501, 999, 0, 500, 0), "payments: contributors below 1000"),
    ],
)
def test_set_split__out_of_bounds__reverts(market, split, reason):
    with boa.reverts(reason):
        market.payments.set_split(split, sender=market.owner)


def test_set_split__by_anyone_else__reverts(market, outsider):
    with boa.reverts("ownable: caller is not the owner"):
        market.payments.set_split((0, 9_500, 0, 500, 0), sender=outsider)
