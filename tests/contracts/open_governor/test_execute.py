"""Execution: the timelock makes exactly the calls that were voted on, once, after its delay."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

FOR = 1
CANCELED, QUEUED, EXECUTED = 2, 5, 7
ZERO = "0x" + "00" * 20

# notes what the governor says while a proposal executes, and tries to use it
VISITOR = """
# pragma version 0.4.3
interface IGovernor:
    def state(proposalId: uint256) -> uint8: view
    def votingDelay() -> uint256: view
    def castVote(proposalId: uint256, support: uint8) -> uint256: nonpayable

proposal_id: uint256
state: public(uint8)
voting_delay: public(uint256)

@external
def watch(proposal_id: uint256):
    self.proposal_id = proposal_id

@external
def look(governor: address):
    self.state = staticcall IGovernor(governor).state(self.proposal_id)
    self.voting_delay = staticcall IGovernor(governor).votingDelay()

@external
def vote(governor: address, proposal_id: uint256):
    extcall IGovernor(governor).castVote(proposal_id, 1)
"""


def test_execute__makes_the_calls_from_the_timelock(
    governance: Any, governor: Any, outsider: str, events: Callable[..., Any]
) -> None:
    proposal = governance.ripen()
    assert governor.execute(*proposal.content, sender=outsider) == proposal.id
    assert events(governor, "ProposalExecuted") == [{"proposalId": proposal.id}]
    assert governance.target.number() == 7
    assert governor.state(proposal.id) == EXECUTED
    assert governance.timelock.isOperationDone(proposal.operation(governor))
    assert governor.proposalEta(proposal.id) != 0


def test_execute__twice__reverts(governance: Any, governor: Any) -> None:
    proposal = governance.execute()
    with boa.reverts("governor: proposal is not queued"):
        governor.execute(*proposal.content)


def test_execute__before_the_eta__reverts(governance: Any, governor: Any) -> None:
    proposal = governance.queue()
    boa.env.timestamp = governor.proposalEta(proposal.id) - 1
    with boa.reverts("timelock_controller: operation is not ready"):
        governor.execute(*proposal.content)
    assert governor.state(proposal.id) == QUEUED


@pytest.mark.parametrize("step", ["propose", "open_vote", "succeed"])
def test_execute__of_what_is_not_queued__reverts(governance: Any, governor: Any, step: str) -> None:
    proposal = getattr(governance, step)()
    with boa.reverts("governor: proposal is not queued"):
        governor.execute(*proposal.content)


def test_execute__with_a_failing_call__undoes_all(governance: Any, governor: Any) -> None:
    target = governance.target
    calls = (target, target.set.prepare_calldata(7), 0), (target, target.fail.prepare_calldata(), 0)
    proposal = governance.ripen(governance.proposal(*calls))
    with boa.reverts("target: always fails"):
        governor.execute(*proposal.content)
    assert target.number() == 0
    assert governor.state(proposal.id) == QUEUED


def test_execute__pays_from_the_treasury_and_from_the_caller(governance: Any, governor: Any, outsider: str) -> None:
    target, timelock = governance.target, governance.timelock
    boa.env.set_balance(timelock.address, 10)
    boa.env.set_balance(outsider, 3)
    proposal = governance.ripen(
        governance.proposal((target, target.set.prepare_calldata(1), 4), (target, target.set.prepare_calldata(2), 8))
    )
    governor.execute(*proposal.content, sender=outsider, value=3)
    assert target.received_wei() == 12
    assert boa.env.get_balance(timelock.address) == 1
    assert boa.env.get_balance(governor.address) == boa.env.get_balance(outsider) == 0


def test_execute__moves_the_treasurys_open(governance: Any, outsider: str) -> None:
    token, timelock = governance.token, governance.timelock
    token.transfer(timelock, 100, sender=governance.open_holder)
    governance.execute(governance.proposal((token, token.transfer.prepare_calldata(outsider, 60), 0)))
    assert (token.balanceOf(outsider), token.balanceOf(timelock)) == (60, 40)


def test_execute__to_an_account_without_code__pays_it(governance: Any, governor: Any) -> None:
    payee = boa.env.generate_address()
    boa.env.set_balance(governance.timelock.address, 5)
    governance.execute(governance.proposal((payee, b"", 5)))
    assert boa.env.get_balance(payee) == 5


def test_execute__after_code_came_to_a_target__reverts(governance: Any, governor: Any) -> None:
    # voted on as a payment to an account; in the queue it becomes a contract
    address = boa.env.generate_address()
    boa.env.set_balance(governance.timelock.address, 5)
    proposal = governance.ripen(governance.proposal((address, b"", 5)))
    boa.loads("# pragma version 0.4.3\n@external\n@payable\ndef __default__():\n    pass", override_address=address)
    with boa.reverts("governor: target code changed"):
        governor.execute(*proposal.content)
    assert boa.env.get_balance(address) == 0
    assert governor.state(proposal.id) == QUEUED


def test_execute__reads_of_the_governor_meanwhile__see_it_executed(governance: Any, governor: Any) -> None:
    visitor = boa.loads(VISITOR)
    proposal = governance.ripen(governance.proposal((visitor, visitor.look.prepare_calldata(governor.address), 0)))
    visitor.watch(proposal.id)
    governor.execute(*proposal.content)
    assert visitor.state() == EXECUTED
    assert visitor.voting_delay() == governor.votingDelay()


def test_execute__votes_meanwhile__revert(governance: Any, governor: Any) -> None:
    visitor = boa.loads(VISITOR)
    other = governance.propose(governance.proposal(description="other"))
    calldata = visitor.vote.prepare_calldata(governor.address, other.id)
    proposal = governance.ripen(governance.proposal((visitor, calldata, 0)))
    with boa.reverts():
        governor.execute(*proposal.content)
    assert governor.state(proposal.id) == QUEUED


def test_direct_execution__without_the_role__reverts(governance: Any, governor: Any, outsider: str) -> None:
    proposal = governance.ripen()
    targets, values, calldatas, _ = proposal.content
    with boa.reverts("access_control: account is missing role"):
        governance.timelock.executeBatch(
            targets, values, calldatas, bytes(32), salt(governor, proposal), sender=outsider
        )


def test_direct_execution__where_it_is_open__reads_as_executed(open_governance: Any, outsider: str) -> None:
    governor, timelock = open_governance.governor, open_governance.timelock
    proposal = open_governance.ripen()
    targets, values, calldatas, _ = proposal.content
    timelock.executeBatch(targets, values, calldatas, bytes(32), salt(governor, proposal), sender=outsider)
    assert open_governance.target.number() == 7
    assert governor.state(proposal.id) == EXECUTED
    with boa.reverts("governor: proposal is not queued"):
        governor.execute(*proposal.content)
    with boa.reverts("governor: proposal is over"):
        governor.cancel(*proposal.content, sender=open_governance.guardian)


def test_direct_execution__of_a_call_to_the_governor__reverts(open_governance: Any, outsider: str) -> None:
    governor, timelock = open_governance.governor, open_governance.timelock
    proposal = open_governance.ripen(open_governance.own("setVotingDelay", 5))
    targets, values, calldatas, _ = proposal.content
    with boa.reverts("governor: call not in execution"):
        timelock.executeBatch(targets, values, calldatas, bytes(32), salt(governor, proposal), sender=outsider)
    governor.execute(*proposal.content)
    assert governor.votingDelay() == 5


def test_cancellation_at_the_timelock__reads_as_canceled(governance: Any, governor: Any) -> None:
    proposal = governance.ripen()
    governance.timelock.cancel(proposal.operation(governor), sender=governor.address)
    assert governor.state(proposal.id) == CANCELED
    with boa.reverts("governor: proposal is not queued"):
        governor.execute(*proposal.content)


def salt(governor: Any, proposal: Any) -> bytes:
    """OpenZeppelin's: the governor's address in the first 20 bytes, xor the description's hash."""
    left = bytes.fromhex(governor.address[2:]).ljust(32, b"\0")
    return bytes(a ^ b for a, b in zip(left, proposal.description_hash, strict=True))
