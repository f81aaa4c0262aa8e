"""set_recovery: an account names, for itself alone, who its claims are paid to; what was claimed counts on."""

import boa
import pytest

OPEN = 10**18
NO_ONE = "0x" + "00" * 20


@pytest.fixture
def recipient(actor):
    return actor("recipient")


@pytest.fixture
def tree(rewards, contributors):
    return rewards.final_rewards({account: 3 * OPEN for account in contributors[:2]})


def test_set_recovery__names_the_account_and_logs_it(rewards, contributors, recipient, events):
    rewards.distributor.set_recovery(recipient, sender=contributors[0])
    logged = events(rewards.distributor, "RecoverySet")
    assert logged == [{"account": contributors[0], "recipient": recipient}]
    assert rewards.distributor.recovery(contributors[0]) == recipient
    assert rewards.distributor.recovery(contributors[1]) == rewards.distributor.recovery(recipient) == NO_ONE


def test_claim__of_an_account_with_a_recovery_address__pays_there(rewards, contributors, recipient, tree, events):
    account = contributors[0]
    rewards.distributor.set_recovery(recipient, sender=account)
    assert rewards.claim(tree, account) == 3 * OPEN
    assert [rewards.token.balanceOf(holder) for holder in (account, recipient)] == [0, 3 * OPEN]
    assert rewards.distributor.claimed(account) == 3 * OPEN
    assert rewards.distributor.claimed(recipient) == 0
    assert rewards.distributor.recovery(account) == recipient
    with boa.reverts("distributor: nothing to claim"):
        rewards.claim(tree, account)


def test_claim_many__pays_recovery_addresses(rewards, contributors, recipient, tree):
    rewards.distributor.set_recovery(recipient, sender=contributors[0])
    rewards.distributor.claim_many([tree.claim_of(account) for account in contributors[:2]])
    assert rewards.token.balanceOf(recipient) == rewards.token.balanceOf(contributors[1]) == 3 * OPEN


def test_set_recovery__after_a_claim__keeps_what_was_claimed(rewards, contributors, recipient, tree):
    account = contributors[0]
    rewards.claim(tree, account)
    rewards.distributor.set_recovery(recipient, sender=account)
    assert rewards.distributor.claimed(account) == 3 * OPEN
    later = rewards.final_rewards({contributors[0]: 5 * OPEN, contributors[1]: 3 * OPEN})
    assert rewards.claim(later, account) == 2 * OPEN == rewards.token.balanceOf(recipient)


def test_set_recovery__to_zero__pays_the_account_again(rewards, contributors, recipient, tree):
    account = contributors[0]
    rewards.distributor.set_recovery(recipient, sender=account)
    rewards.distributor.set_recovery(NO_ONE, sender=account)
    rewards.claim(tree, account)
    assert rewards.token.balanceOf(account) == 3 * OPEN


def test_set_recovery__of_an_address_of_all_ones__leaves_the_amount_alone(rewards, contributors, tree):
    """Every bit of the address beside the amount in one word."""
    account, recipient = contributors[0], "0x" + "FF" * 20
    rewards.claim(tree, account)
    rewards.distributor.set_recovery(recipient, sender=account)
    assert rewards.distributor.claimed(account) == 3 * OPEN
    assert rewards.distributor.recovery(account).lower() == recipient.lower()
