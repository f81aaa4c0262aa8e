"""A token that returns false or reverts: no demand without its bond, and none is closed without its payment."""

import boa
import pytest

from tests.contracts.reward_distributor.refusing_token import with_refusing_token
from tests.contracts.root_disputes.conftest import deploy_disputes


@pytest.fixture(scope="module")
def refused(factory, actor):
    return deploy_disputes(with_refusing_token(factory), actor)


def test_refusal__of_a_demand_or_its_payment__reverts(refused, seven):
    refused.post_tree(refused.new_orchard().honest(seven))
    token, contract = refused.rewards.token, refused.contract
    token.refuse(True)
    with boa.reverts():
        refused.demand(1, 0)
    token.refuse(False)
    refused.demand(1, 0)
    token.refuse(True)
    with boa.reverts():
        refused.answer(1, 0)
    refused.distributor.set_disputes(refused.prover, sender=refused.rewards.owner)
    token.refuse(False)
    refused.distributor.void_proven(1, refused.prover, sender=refused.prover)
    token.refuse(True)
    with boa.reverts():
        contract.settle_demand(1, 0, 0)
    token.refuse(False)
    contract.settle_demand(1, 0, 0)
    assert token.balanceOf(contract) == 0


def test_failure__of_the_token__reverts_all(refused, seven):
    refused.post_tree(refused.new_orchard().honest(seven))
    refused.demand(1, 0)
    refused.rewards.token.fail(True)
    with boa.reverts("token: fails"):
        refused.answer(1, 0)
    refused.rewards.token.fail(False)
    refused.distributor.set_disputes(refused.prover, sender=refused.rewards.owner)
    refused.distributor.void_proven(1, refused.prover, sender=refused.prover)
    refused.rewards.token.fail(True)
    with boa.reverts("token: fails"):
        refused.contract.settle_demand(1, 0, 0)
    assert refused.contract.demand(1, 0, 0).demander == refused.demander
