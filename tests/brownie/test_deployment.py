"""What scripts/deploy.py leaves behind: everything wired, and a deployer that is nobody."""

import brownie
import pytest
from brownie import web3

from chain.contracts import CONTRACT_NAMES, load_deployment
from chain.deploy import OWNED_CONTRACTS

SUPPLY_WEI = 10**27
STAKE_WEI = 20_000_000 * 10**18
ROLES = ("DEFAULT_ADMIN_ROLE", "PROPOSER_ROLE", "EXECUTOR_ROLE", "CANCELLER_ROLE")


def test_deployment__has_every_contract_with_code(deployment):
    assert set(deployment.contracts) == set(CONTRACT_NAMES)
    for record in deployment.contracts.values():
        receipt = web3.eth.get_transaction_receipt(record.transaction_hash)
        assert (receipt.contractAddress, receipt.blockNumber) == (record.address, record.block_number)
        assert len(web3.eth.get_code(record.address)) > 0
    assert deployment.block_number == min(record.block_number for record in deployment.contracts.values())


def test_deployment__with_an_owner_function__is_handed_to_the_timelock(protocol):
    owned = {name for name, contract in vars(protocol).items() if hasattr(contract, "owner")}
    # DatanetRegistry and ModelRegistry have owners of single entries only
    assert owned == set(OWNED_CONTRACTS)
    for name in owned:
        assert getattr(protocol, name).owner() == protocol.Timelock.address


@pytest.mark.parametrize("role", ROLES)
def test_deployer__has_no_role_at_the_timelock(protocol, roles, role):
    timelock = protocol.Timelock
    assert not timelock.hasRole(getattr(timelock, role)(), roles.deployer)


def test_deployer__has_no_open(protocol, roles):
    assert protocol.OpenToken.balanceOf(roles.deployer) == 0
    assert protocol.OpenToken.balanceOf(roles.holder) == SUPPLY_WEI == protocol.OpenToken.totalSupply()


def test_deployer__can_change_nothing_any_more(protocol, roles):
    refused = "ownable: caller is not the owner"
    sender = {"from": roles.deployer}
    with brownie.reverts(refused):
        protocol.RewardDistributor.set_accruer(roles.deployer, sender)
    with brownie.reverts(refused):
        protocol.RewardDistributor.set_signers([roles.deployer], 1, sender)
    with brownie.reverts(refused):
        protocol.InferencePayments.set_split((2_000, 5_500, 1_000, 1_000, 500), sender)
    with brownie.reverts(refused):
        protocol.InferencePayments.transfer_ownership(roles.deployer, sender)


def test_signers__are_those_of_the_roles_in_order(protocol, roles):
    addresses = sorted((str(signer.address) for signer in roles.signers), key=lambda address: int(address, 16))
    assert list(protocol.RewardDistributor.signers()) == addresses
    assert protocol.RewardDistributor.threshold() == 2


def pass_time(seconds):
    brownie.chain.sleep(seconds)
    brownie.chain.mine()


def test_stakers__change_the_split_by_a_vote_and_after_the_delay_only(protocol, roles):
    governor, payments, staked = protocol.OpenGovernor, protocol.InferencePayments, protocol.StakedOpen
    holder = {"from": roles.holder}
    protocol.OpenToken.approve(staked, STAKE_WEI, holder)
    staked.stake(STAKE_WEI, holder)
    staked.delegate(roles.holder, holder)
    pass_time(1)
    calls = ([payments], [0], [payments.set_split.encode_input((2_000, 5_500, 1_000, 1_000, 500))])
    number = governor.propose(*calls, "more for contributors", holder).events["ProposalCreated"]["proposalId"]
    pass_time(governor.votingDelay() + 1)
    governor.castVote(number, 1, holder)
    pass_time(governor.votingPeriod() + 1)
    arguments = (*calls, web3.keccak(text="more for contributors"))
    governor.queue(*arguments, {"from": roles.outsider})
    with brownie.reverts():
        governor.execute(*arguments, {"from": roles.outsider})
    pass_time(protocol.Timelock.getMinDelay())
    governor.execute(*arguments, {"from": roles.outsider})
    assert tuple(payments.split()) == (2_000, 5_500, 1_000, 1_000, 500)


def test_guardian__has_no_role_at_the_timelock(protocol, roles):
    assert protocol.OpenGovernor.guardian() == roles.guardian
    for role in ROLES:
        assert not protocol.Timelock.hasRole(getattr(protocol.Timelock, role)(), roles.guardian)


def test_deployment__is_written_as_it_is_returned(deployment, deployment_file):
    assert load_deployment(deployment_file) == deployment
