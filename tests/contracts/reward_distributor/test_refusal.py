"""A token that returns false or reverts: nothing is recorded as paid that was not."""

import boa
import pytest

from tests.contracts.reward_distributor.refusing_token import with_refusing_token
from tests.contracts.reward_distributor.rewards import deploy_rewards

OPEN = 10**18


@pytest.fixture(scope="module")
def refused(factory, actor):
    return deploy_rewards(with_refusing_token(factory), actor)


@pytest.fixture
def tree(refused, contributors):
    return refused.final_rewards({contributors[0]: OPEN})


def test_refusal__of_a_claim__reverts(refused, contributors, tree):
    refused.token.refuse(True)
    with boa.reverts():
        refused.claim(tree, contributors[0])
    assert refused.distributor.claimed(contributors[0]) == 0
    refused.token.refuse(False)
    assert refused.claim(tree, contributors[0]) == OPEN


def test_refusal__of_bonds__reverts(refused, contributors, tree):
    refused.accrue(1)
    epoch = refused.end_epoch()
    refused.token.refuse(True)
    with boa.reverts():
        refused.post_rewards({contributors[0]: OPEN + 1}, reward_epoch=epoch)
    refused.token.refuse(False)
    refused.post_rewards({contributors[0]: OPEN + 1}, reward_epoch=epoch)
    refused.token.refuse(True)
    with boa.reverts():
        refused.challenge(epoch)
    assert refused.distributor.root(epoch).status == 1


def test_failure__of_the_token__reverts_all(refused, contributors, tree):
    refused.token.transfer(refused.distributor, 1, sender=refused.accruer)
    refused.token.fail(True)
    with boa.reverts("token: fails"):
        refused.claim(tree, contributors[0])
    with boa.reverts("token: fails"):
        refused.distributor.accrue(1, sender=refused.accruer)
    refused.token.fail(False)
    assert refused.distributor.accrue(1, sender=refused.accruer) == 5
