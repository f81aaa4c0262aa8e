"""Settings: each changes only by a proposal that the governor itself executes."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

SETTERS = [
    ("setVotingDelay", "votingDelay", 3_600, "VotingDelaySet", "VotingDelay"),
    ("setVotingPeriod", "votingPeriod", 7_200, "VotingPeriodSet", "VotingPeriod"),
    ("setProposalThreshold", "proposalThreshold", 2**96 - 1, "ProposalThresholdSet", "ProposalThreshold"),
    ("setLateQuorumVoteExtension", "lateQuorumVoteExtension", 60, "LateQuorumVoteExtensionSet", "VoteExtension"),
]
GETTERS = [getter for _, getter, *_ in SETTERS]


def read(governor: Any) -> dict[str, int]:
    return {getter: getattr(governor, getter)() for getter in GETTERS}


@pytest.mark.parametrize("setter, getter, value, event, field", SETTERS)
def test_setter__by_a_proposal__changes_that_setting_alone(
    governance: Any,
    governor: Any,
    events: Callable[..., Any],
    setter: str,
    getter: str,
    value: int,
    event: str,
    field: str,
) -> None:
    before = read(governor)
    governance.execute(governance.own(setter, value))
    assert events(governor, event) == [{f"old{field}": before[getter], f"new{field}": value}]
    assert read(governor) == before | {getter: value}


@pytest.mark.parametrize(
    "setter, getter, value",
    [
        ("setVotingDelay", "votingDelay", 0),
        ("setVotingDelay", "votingDelay", 2**48 - 1),
        ("setVotingPeriod", "votingPeriod", 1),
        ("setVotingPeriod", "votingPeriod", 2**32 - 1),
        ("setProposalThreshold", "proposalThreshold", 0),
        ("setLateQuorumVoteExtension", "lateQuorumVoteExtension", 0),
        ("setLateQuorumVoteExtension", "lateQuorumVoteExtension", 1_209_600),
    ],
)
def test_setter__at_its_bounds__touches_no_neighbour(
    governance: Any, governor: Any, setter: str, getter: str, value: int
) -> None:
    before = read(governor)
    governance.execute(governance.own(setter, value))
    assert read(governor) == before | {getter: value}


@pytest.mark.parametrize(
    "setter, value, reason",
    [
        ("setVotingPeriod", 0, "governor: voting period is zero"),
        ("setProposalThreshold", 2**96, "governor: threshold too large"),
        ("setLateQuorumVoteExtension", 1_209_601, "governor: extension too long"),
    ],
)
def test_setter__beyond_its_bound__reverts(
    governance: Any, governor: Any, setter: str, value: int, reason: str
) -> None:
    proposal = governance.ripen(governance.own(setter, value))
    with boa.reverts(reason):
        governor.execute(*proposal.content)


CALLS = [(setter, value) for setter, _, value, *_ in SETTERS] + [("updateQuorumNumerator", 1)]


@pytest.mark.parametrize("setter, value", CALLS)
def test_setter__by_anyone__reverts(governor: Any, outsider: str, proposer: str, setter: str, value: int) -> None:
    for account in (outsider, proposer, governor.address):
        with boa.reverts("governor: not the timelock"):
            getattr(governor, setter)(value, sender=account)


@pytest.mark.parametrize("setter, value", CALLS)
def test_setter__by_the_timelock_outside_an_execution__reverts(
    governance: Any, governor: Any, setter: str, value: int
) -> None:
    governance.execute()
    with boa.reverts("governor: call not in execution"):
        getattr(governor, setter)(value, sender=governance.timelock.address)


def test_setter__with_longer_calldata__reverts(governance: Any, governor: Any) -> None:
    calldata = governor.setVotingDelay.prepare_calldata(5) + b"\0"
    proposal = governance.ripen(governance.proposal((governor, calldata, 0)))
    with boa.reverts("governor: call not in execution"):
        governor.execute(*proposal.content)


def test_settings__of_a_proposal_made_before__stay(governance: Any, governor: Any) -> None:
    change = governance.ripen(governance.own("setVotingPeriod", 60))
    earlier = governance.propose(governance.proposal(description="earlier"))
    deadline = governor.proposalDeadline(earlier.id)
    governor.execute(*change.content)
    assert governor.proposalDeadline(earlier.id) == deadline
    later = governance.propose(governance.proposal(description="later"))
    assert governor.proposalDeadline(later.id) == governor.proposalSnapshot(later.id) + 60


def test_execute__of_several_own_calls__makes_all(governance: Any, governor: Any) -> None:
    calls = [
        (governor, governor.setVotingDelay.prepare_calldata(1), 0),
        (governance.target, governance.target.set.prepare_calldata(9), 0),
        (governor, governor.setVotingDelay.prepare_calldata(1), 0),
        (governor, governor.setVotingPeriod.prepare_calldata(600_000), 0),
        (governor, governor.setProposalThreshold.prepare_calldata(4), 0),
        (governor, governor.setLateQuorumVoteExtension.prepare_calldata(600_000), 0),
        (governor, governor.updateQuorumNumerator.prepare_calldata(33), 0),
        (governor, governor.set_guardian.prepare_calldata(governor.address), 0),
    ]
    governance.execute(governance.proposal(*calls))
    assert list(read(governor).values()) == [1, 600_000, 4, 600_000]
    assert governor.quorumNumerator() == 33
    assert governor.guardian() == governor.address
    # nothing of it can be called again
    with boa.reverts("governor: call not in execution"):
        governor.setVotingDelay(1, sender=governance.timelock.address)


def test_update_timelock__moves_governance(
    governance: Any, governor: Any, factory: Callable[[str], Any], events: Callable[..., Any]
) -> None:
    stranded = governance.queue(governance.proposal(description="stranded"))
    successor = factory("Timelock").deploy(60, [governor.address], [governor.address])
    governance.execute(governance.own("updateTimelock", successor.address))
    assert events(governor, "TimelockChange") == [
        {"oldTimelock": governance.timelock.address, "newTimelock": successor.address}
    ]
    assert governor.timelock() == successor.address
    assert governor.state(stranded.id) == 2
    proposal = governance.execute(governance.own("setVotingDelay", 3))
    assert successor.isOperationDone(proposal.operation(governor))
    with boa.reverts("governor: not the timelock"):
        governor.setVotingDelay(1, sender=governance.timelock.address)


def test_update_timelock__to_nothing__reverts(governance: Any, governor: Any) -> None:
    proposal = governance.ripen(governance.own("updateTimelock", "0x" + "00" * 20))
    with boa.reverts("governor: no timelock"):
        governor.execute(*proposal.content)


def test_relay__sends_what_lies_in_the_governor(governance: Any, governor: Any, outsider: str) -> None:
    token = governance.token
    token.transfer(governor, 50, sender=governance.open_holder)
    boa.env.set_balance(governor.address, 2)
    boa.env.set_balance(governance.timelock.address, 3)
    payee = boa.env.generate_address()
    rescue = governor.relay.prepare_calldata(token.address, 0, token.transfer.prepare_calldata(outsider, 50))
    payment = governor.relay.prepare_calldata(payee, 5, b"")
    governance.execute(governance.proposal((governor, rescue, 0), (governor, payment, 3)))
    assert token.balanceOf(outsider) == 50
    assert boa.env.get_balance(payee) == 5


def test_relay__of_a_failing_call__undoes_all(governance: Any, governor: Any) -> None:
    target = governance.target
    calldata = governor.relay.prepare_calldata(target.address, 0, target.fail.prepare_calldata())
    proposal = governance.ripen(governance.proposal((governor, calldata, 0)))
    with boa.reverts("target: always fails"):
        governor.execute(*proposal.content)


def test_relay__by_anyone__reverts(governance: Any, governor: Any, outsider: str) -> None:
    with boa.reverts("governor: not the timelock"):
        governor.relay(outsider, 0, b"", sender=outsider)
    with boa.reverts("governor: call not in execution"):
        governor.relay(outsider, 0, b"", sender=governance.timelock.address)


def test_scenario__governance_changes_its_own_rules(governance: Any, governor: Any) -> None:
    """Propose, vote, queue, execute; the next proposal already lives by the new rules."""
    calls = [
        (governor, governor.setVotingDelay.prepare_calldata(60), 0),
        (governor, governor.setVotingPeriod.prepare_calldata(600), 0),
        (governor, governor.setLateQuorumVoteExtension.prepare_calldata(300), 0),
        (governor, governor.updateQuorumNumerator.prepare_calldata(20), 0),
    ]
    proposal = governance.propose(governance.proposal(*calls, description="shorter votes"))
    assert governor.state(proposal.id) == 0
    boa.env.timestamp = governor.proposalSnapshot(proposal.id) + 1
    assert governor.state(proposal.id) == 1
    governance.vote(proposal, 1, "voter", "second_voter")
    governance.vote(proposal, 0, "opponent")
    governance.close_vote(proposal)
    assert governor.state(proposal.id) == 4
    governor.queue(*proposal.content)
    assert governor.state(proposal.id) == 5
    boa.env.timestamp = governor.proposalEta(proposal.id)
    governor.execute(*proposal.content)
    assert governor.state(proposal.id) == 7

    # 12 million are a quorum of 20 %, and reached in the last second they leave 300 more
    following = governance.propose()
    assert governor.proposalDeadline(following.id) == boa.env.timestamp + 660
    boa.env.timestamp = governor.proposalDeadline(following.id)
    governance.vote(following, 1, "second_voter")
    assert governor.proposalDeadline(following.id) == boa.env.timestamp + 300
    governance.close_vote(following)
    assert governor.state(following.id) == 4
