"""Gas on a node: what a proposal and its votes cost, and that everything at its bounds is far below a block."""

from pathlib import Path

import pytest
from eth_utils import keccak

from chain.deploy import ClientDeployer, contract_address
from chain.node import DEV_DEPLOYER, DEV_HOLDER, DevNode, dev_account
from chain.parameters import read_parameters

ROOT = Path(__file__).resolve().parents[3]
OPEN = 10**18
MOST_GAS = 8_000_000
# a second storage word, for the code of the targets, is 22,100 of it; most of that comes back with the first vote
MOST_GAS_TO_PROPOSE = 93_000
MOST_GAS_OF_A_FIRST_VOTE, MOST_GAS_OF_A_VOTE = 80_000, 63_000
# with a vote against; 17,100 more where nobody voted against or abstained
MOST_GAS_TO_QUEUE, MOST_GAS_TO_EXECUTE = 121_000, 100_000
AGAINST, FOR = 0, 1
EXECUTED = 7
HOLDER, VOTERS = dev_account(DEV_HOLDER), [dev_account(number) for number in range(6, 16)]


@pytest.fixture(scope="module")
def client():
    """A governor, and ten voters with two million gOPEN each; the fifth reaches the floor of the quorum."""
    with DevNode.start(ROOT) as node:
        account = dev_account(DEV_DEPLOYER)
        deployer = ClientDeployer(account, rpc_url=node.rpc_url, root=ROOT)
        parameters = read_parameters(ROOT / "configs" / "protocol.toml")
        settings = parameters.governor
        governor = contract_address(deployer.address, deployer.nonce + 3)
        timelock = deployer.deploy("Timelock", parameters.minimum_delay_seconds, [governor], [governor]).address
        token = deployer.deploy("OpenToken", HOLDER.address).address
        staked = deployer.deploy("StakedOpen", token, parameters.exit_cooldown_seconds).address
        deployer.deploy(
            "OpenGovernor",
            *(staked, timelock, account.address, settings.voting_delay_seconds, settings.voting_period_seconds),
            *(settings.proposal_threshold_wei, settings.quorum_numerator, settings.quorum_floor_wei),
            settings.late_quorum_extension_seconds,
        )
        client = deployer._client
        for voter in VOTERS:
            client.send(HOLDER, "OpenToken", "transfer", voter.address, 2_000_000 * OPEN)
            client.send(voter, "OpenToken", "approve", staked, 2_000_000 * OPEN)
            client.send(voter, "StakedOpen", "stake", 2_000_000 * OPEN)
            client.send(voter, "StakedOpen", "delegate", voter.address)
        # a proposer's votes are those of a second ago, and a quick node mines all of the above within one
        wait(client, 1)
        yield client


def wait(client, seconds):
    client.rpc("evm_increaseTime", seconds)
    client.rpc("evm_mine")


def payment(client, number):
    """A proposal of one call, with the hash of its short text."""
    calldata = client.contract("OpenToken").encode_abi("transfer", [HOLDER.address, 0])
    description = f"Proposal #{number}: pay the holder"
    content = [client.contract("OpenToken").address], [0], [bytes.fromhex(calldata[2:])]
    return content, description, keccak(text=description)


def vote_on(client, proposal_id, voters, support):
    """The gas of each vote."""
    return [client.send(voter, "OpenGovernor", "castVote", proposal_id, support).gas_used for voter in voters]


def test_proposal__of_one_call__costs_what_is_written(client):
    content, description, description_hash = payment(client, 1)
    costs = {"propose": client.send(VOTERS[0], "OpenGovernor", "propose", *content, description).gas_used}
    proposal_id = client.call("OpenGovernor", "hashProposal", *content, description_hash)
    wait(client, 86_401)
    costs["first vote"], costs["vote"] = vote_on(client, proposal_id, VOTERS[:2], FOR)
    costs["first vote against"], costs["vote against"] = vote_on(client, proposal_id, VOTERS[2:4], AGAINST)
    *_, costs["vote that reaches the quorum"] = vote_on(client, proposal_id, VOTERS[4:7], FOR)
    costs["vote after it"] = vote_on(client, proposal_id, VOTERS[7:8], FOR)[0]
    wait(client, 1_209_600)
    costs["queue"] = client.send(HOLDER, "OpenGovernor", "queue", *content, description_hash).gas_used
    wait(client, 172_800)
    costs["execute"] = client.send(HOLDER, "OpenGovernor", "execute", *content, description_hash).gas_used
    print(*(f"{name} {cost:,}" for name, cost in costs.items()), sep=", ")
    assert client.call("OpenGovernor", "state", proposal_id) == EXECUTED
    assert costs["propose"] <= MOST_GAS_TO_PROPOSE
    assert max(costs["first vote"], costs["first vote against"]) <= MOST_GAS_OF_A_FIRST_VOTE
    assert max(costs["vote"], costs["vote against"], costs["vote after it"]) <= MOST_GAS_OF_A_VOTE
    assert costs["queue"] <= MOST_GAS_TO_QUEUE
    assert costs["execute"] <= MOST_GAS_TO_EXECUTE


def test_proposal__at_every_bound__fits_a_block(client):
    governor = client.contract("OpenGovernor").address
    # the largest calls that the governor itself takes, whose hashes it keeps while it executes
    token = client.contract("OpenToken")
    approval = bytes.fromhex(token.encode_abi("approve", [governor, 0])[2:])
    relayed = client.contract("OpenGovernor").encode_abi("relay", [token.address, 0, approval + b"\xff" * 780])
    content = [governor] * 8, [0] * 8, [bytes.fromhex(relayed[2:])] * 8
    description = "d" * 8_192
    costs = [client.send(VOTERS[0], "OpenGovernor", "propose", *content, description).gas_used]
    proposal_id = client.call("OpenGovernor", "hashProposal", *content, keccak(text=description))
    wait(client, 86_401)
    reasons = "r" * 2_048, b"\xff" * 1_024
    vote = client.send(VOTERS[0], "OpenGovernor", "castVoteWithReasonAndParams", proposal_id, FOR, *reasons)
    costs += [vote.gas_used, *vote_on(client, proposal_id, VOTERS[1:], FOR)]
    by_signature = client.contract("OpenGovernor").functions.castVoteWithReasonAndParamsBySig
    # the dearest refusal: a wallet that is none, asked with the longest signature
    with pytest.raises(Exception, match="governor: not signed by voter"):
        by_signature(proposal_id, FOR, token.address, *reasons, b"\xff" * 2_048).estimate_gas({"gas": MOST_GAS})
    wait(client, 1_209_600)
    for step in ("queue", "execute"):
        costs.append(client.send(HOLDER, "OpenGovernor", step, *content, keccak(text=description)).gas_used)
        wait(client, 172_800)
    print("at the bounds:", max(costs))
    assert client.call("OpenGovernor", "state", proposal_id) == EXECUTED
    assert max(costs) <= MOST_GAS
