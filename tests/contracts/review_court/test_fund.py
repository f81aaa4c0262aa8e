import boa
import pytest

OPEN = 10**18


def test_fund__adds_to_the_budget(reviews, outsider, events):
    reviews.give(outsider, 5 * OPEN, reviews.court)
    before = reviews.court.budget(1)
    reviews.court.fund(1, 5 * OPEN, sender=outsider)
    assert events(reviews.court, "Funded") == [{"datanet_id": 1, "payer": outsider, "amount_wei": 5 * OPEN}]
    assert reviews.court.budget(1) == before + 5 * OPEN == reviews.token.balanceOf(reviews.court)


def test_fund__with_nothing__reverts(reviews):
    with boa.reverts("court: amount is zero"):
        reviews.court.fund(1, 0)


@pytest.mark.parametrize("datanet_id", [0, 2])
def test_fund__of_a_datanet_that_does_not_exist__reverts(reviews, datanet_id):
    with boa.reverts("court: no such datanet"):
        reviews.court.fund(datanet_id, 1)


def test_fund__without_allowance__reverts(reviews, outsider):
    with boa.reverts():
        reviews.court.fund(1, 1, sender=outsider)


def test_withdraw_earnings__pays_the_account_whoever_calls(reviews, votes, outsider, events):
    contribution_id = reviews.contribute()
    reviews.review(contribution_id, votes["accept"])
    account = reviews.court.committee(contribution_id, 0)[1][0]
    earned = reviews.court.earnings(account)
    before = reviews.token.balanceOf(account)
    assert reviews.court.withdraw_earnings(account, sender=outsider) == earned > 0
    assert events(reviews.court, "EarningsPaid") == [{"account": account, "amount_wei": earned}]
    assert reviews.token.balanceOf(account) == before + earned
    assert reviews.court.earnings(account) == 0


def test_withdraw_earnings__without_any__reverts(reviews, outsider):
    with boa.reverts("court: nothing earned"):
        reviews.court.withdraw_earnings(outsider)
