"""Governance: stake with a permit, delegate, and carry one proposal from the idea to the changed setting."""

from collections.abc import Callable
from typing import Any

from eth_utils.crypto import keccak

from tests.e2e.rpc.signing import PERMIT, parts, sign
from tests.e2e.rpc.stage import OPEN, Stage

STAKE_WEI = 20_000_000 * OPEN
# owner, contributors, stakers, treasury, burn
SPLIT_BPS = (2_500, 5_000, 1_000, 1_000, 500)
ACTIVE, SUCCEEDED, QUEUED, EXECUTED = 1, 4, 5, 7
IN_FAVOUR = 1


def hand_out_open(stage: Stage) -> None:
    """The holder of the supply gives everyone what they need for their part."""
    others = (stage.datanet_owner, *stage.contributors, *stage.validators, stage.payer, stage.poster, stage.auditor)
    for account, amount_wei in ((stage.staker, STAKE_WEI), *((other, 200_000 * OPEN) for other in others)):
        receipt = stage["OpenToken"].send(stage.holder, "transfer", account.address, amount_wei)
        assert stage["OpenToken"].event("Transfer", receipt)["value"] == amount_wei
        assert stage.balance(account) == amount_wei


def stake_with_permit(stage: Stage) -> None:
    """One transaction stakes: the permit takes the place of an approval."""
    token, staked, staker = stage["OpenToken"], stage["StakedOpen"], stage.staker
    deadline = stage.node.now + 3_600
    nonce = token.read("nonces", staker.address)
    permit = sign(staker, token, "Permit", PERMIT, (staker.address, staked.address, STAKE_WEI, nonce, deadline))
    receipt = staked.send(staker, "stake_with_permit", STAKE_WEI, deadline, *parts(permit))
    assert staked.event("Staked", receipt) == {"account": staker.address.lower(), "amount_wei": STAKE_WEI}
    assert (stage.balance(staker), staked.read("balanceOf", staker.address)) == (0, STAKE_WEI)
    assert token.read("nonces", staker.address) == nonce + 1
    assert token.read("allowance", staker.address, staked.address) == 0


def delegate(stage: Stage) -> None:
    """The staker's votes go to a delegate, who had none."""
    staked = stage["StakedOpen"]
    receipt = staked.send(stage.staker, "delegate", stage.delegate.address)
    change = staked.event("DelegateVotesChanged", receipt)
    assert (change["delegate"], change["newVotes"]) == (stage.delegate.address.lower(), STAKE_WEI)
    assert staked.read("getVotes", stage.delegate.address) == STAKE_WEI
    assert staked.read("getVotes", stage.staker.address) == 0
    # a proposal asks for the votes of the second before it
    stage.node.wait(1)


def propose(stage: Stage) -> None:
    """The delegate proposes another split of the fees."""
    _propose(stage, "InferencePayments", "set_split", (SPLIT_BPS,), "Half of every fee to contributors")


def vote(stage: Stage) -> None:
    """After the voting delay the delegate votes, and the quorum is there."""
    governor, proposal_id = stage["OpenGovernor"], _proposal_id(stage)
    snapshot = governor.read("proposalSnapshot", proposal_id)
    stage.node.wait_until(snapshot + 1)
    assert governor.read("state", proposal_id) == ACTIVE
    receipt = governor.send(stage.delegate, "castVoteWithReason", proposal_id, IN_FAVOUR, "They make the answers.")
    cast = governor.event("VoteCast", receipt)
    assert (cast["proposalId"], cast["support"], cast["weight"]) == (proposal_id, IN_FAVOUR, STAKE_WEI)
    assert governor.read("proposalVotes", proposal_id) == (0, STAKE_WEI, 0)
    assert STAKE_WEI >= governor.read("quorum", snapshot) > 0
    assert governor.read("hasVoted", proposal_id, stage.delegate.address)


def queue(stage: Stage) -> None:
    """When the vote is over, anyone puts the proposal into the timelock."""
    governor, proposal_id = stage["OpenGovernor"], _proposal_id(stage)
    stage.node.wait_until(governor.read("proposalDeadline", proposal_id) + 1)
    assert governor.read("state", proposal_id) == SUCCEEDED
    receipt = governor.send(stage.poster, "queue", *stage.proposal)
    eta = governor.event("ProposalQueued", receipt)["etaSeconds"]
    assert eta >= stage.node.now + stage["Timelock"].read("getMinDelay")
    assert governor.read("state", proposal_id) == QUEUED
    assert len(stage["Timelock"].events("CallScheduled", receipt)) == 1


def execute(stage: Stage) -> None:
    """After the timelock's delay anyone carries it out, and fees are split anew."""
    payments = stage["InferencePayments"]
    assert tuple(payments.read("split").values()) != SPLIT_BPS
    _execute(stage)
    assert tuple(payments.read("split").values()) == SPLIT_BPS


def decide(stage: Stage, contract: str, function: str, args: tuple[Any, ...], description: str) -> None:
    """Everything from the proposal to its execution."""
    _propose(stage, contract, function, args, description)
    vote(stage)
    queue(stage)
    _execute(stage)


def _propose(stage: Stage, contract: str, function: str, args: tuple[Any, ...], description: str) -> None:
    governor, target = stage["OpenGovernor"], stage[contract]
    # nobody else can propose the same first and cancel it
    text = f"{description}#proposer={stage.delegate.address.lower()}"
    calls = ([target.address], [0], [target.calldata(function, *args)])
    receipt = governor.send(stage.delegate, "propose", *calls, text)
    stage.proposal = (*calls, keccak(text=text))
    created = governor.event("ProposalCreated", receipt)
    assert created["proposalId"] == _proposal_id(stage)
    assert (created["proposer"], created["description"]) == (stage.delegate.address.lower(), text)


def _execute(stage: Stage) -> None:
    governor, proposal_id = stage["OpenGovernor"], _proposal_id(stage)
    stage.node.wait_until(governor.read("proposalEta", proposal_id))
    receipt = governor.send(stage.poster, "execute", *stage.proposal)
    assert governor.event("ProposalExecuted", receipt) == {"proposalId": proposal_id}
    assert len(stage["Timelock"].events("CallExecuted", receipt)) == 1
    assert governor.read("state", proposal_id) == EXECUTED


def _proposal_id(stage: Stage) -> int:
    proposal_id: int = stage["OpenGovernor"].read("getProposalId", *stage.proposal)
    return proposal_id


STEPS: tuple[Callable[[Stage], None], ...] = (
    hand_out_open,
    stake_with_permit,
    delegate,
    propose,
    vote,
    queue,
    execute,
)
