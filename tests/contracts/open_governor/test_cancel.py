"""Cancellation: by the proposer while pending, by the guardian until the execution, by nobody else."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

CANCELED = 2
ZERO = "0x" + "00" * 20


def test_cancel__by_the_proposer_while_pending(
    governance: Any, governor: Any, proposer: str, events: Callable[..., Any]
) -> None:
    proposal = governance.propose()
    # the last second of it
    boa.env.timestamp = governor.proposalSnapshot(proposal.id)
    assert governor.cancel(*proposal.content, sender=proposer) == proposal.id
    assert events(governor, "ProposalCanceled") == [{"proposalId": proposal.id}]
    assert governor.state(proposal.id) == CANCELED
    assert governor.proposalProposer(proposal.id) == proposer


@pytest.mark.parametrize("step", ["open_vote", "succeed", "queue"])
def test_cancel__by_the_proposer_later__reverts(governance: Any, governor: Any, proposer: str, step: str) -> None:
    proposal = getattr(governance, step)()
    with boa.reverts("governor: caller may not cancel"):
        governor.cancel(*proposal.content, sender=proposer)


@pytest.mark.parametrize("step", ["propose", "open_vote", "succeed", "queue", "ripen"])
def test_cancel__by_the_guardian_at_any_time(
    governance: Any, governor: Any, guardian: str, events: Callable[..., Any], step: str
) -> None:
    proposal = getattr(governance, step)()
    assert governor.cancel(*proposal.content, sender=guardian) == proposal.id
    assert events(governor, "ProposalCanceled") == [{"proposalId": proposal.id}]
    assert governor.state(proposal.id) == CANCELED
    assert governance.timelock.getTimestamp(proposal.operation(governor)) == 0


def test_cancel__of_a_defeated_proposal__is_allowed_to_the_guardian(
    governance: Any, governor: Any, guardian: str
) -> None:
    proposal = governance.open_vote()
    governance.close_vote(proposal)
    governor.cancel(*proposal.content, sender=guardian)
    assert governor.state(proposal.id) == CANCELED


@pytest.mark.parametrize("step", ["propose", "queue"])
def test_cancel__by_another__reverts(governance: Any, governor: Any, voter: str, step: str) -> None:
    proposal = getattr(governance, step)()
    with boa.reverts("governor: caller may not cancel"):
        governor.cancel(*proposal.content, sender=voter)


def test_cancel__twice__reverts(governance: Any, governor: Any, guardian: str) -> None:
    proposal = governance.queue()
    governor.cancel(*proposal.content, sender=guardian)
    with boa.reverts("governor: proposal is over"):
        governor.cancel(*proposal.content, sender=guardian)


def test_cancel__after_the_execution__reverts(governance: Any, governor: Any, guardian: str) -> None:
    proposal = governance.execute()
    with boa.reverts("governor: proposal is over"):
        governor.cancel(*proposal.content, sender=guardian)


def test_cancel__of_no_proposal__reverts(governance: Any, governor: Any, guardian: str) -> None:
    with boa.reverts("governor: no such proposal"):
        governor.cancel(*governance.proposal().content, sender=guardian)


def test_set_guardian__names_another(
    governance: Any, governor: Any, guardian: str, outsider: str, events: Callable[..., Any]
) -> None:
    governance.execute(governance.own("set_guardian", outsider))
    assert events(governor, "GuardianSet") == [{"previous_guardian": guardian, "guardian": outsider}]
    assert governor.guardian() == outsider
    proposal = governance.queue()
    with boa.reverts("governor: caller may not cancel"):
        governor.cancel(*proposal.content, sender=guardian)
    governor.cancel(*proposal.content, sender=outsider)


def test_set_guardian__to_nobody__leaves_the_proposer(governance: Any, governor: Any, guardian: str) -> None:
    governance.execute(governance.own("set_guardian", ZERO))
    assert governor.guardian() == ZERO
    proposal = governance.propose()
    with boa.reverts("governor: caller may not cancel"):
        governor.cancel(*proposal.content, sender=guardian)
    governor.cancel(*proposal.content, sender=governance.accounts["proposer"])


def test_guardian__can_do_nothing_else(governance: Any, governor: Any, guardian: str) -> None:
    calls = [
        ("set_guardian", guardian),
        ("setVotingDelay", 0),
        ("setVotingPeriod", 1),
        ("setProposalThreshold", 0),
        ("setLateQuorumVoteExtension", 0),
        ("updateQuorumNumerator", 0),
        ("updateTimelock", guardian),
        ("relay", guardian, 0, b""),
    ]
    for function, *arguments in calls:
        with boa.reverts("governor: not the timelock"):
            getattr(governor, function)(*arguments, sender=guardian)
    with boa.reverts("governor: too few votes"):
        governor.propose(*governance.proposal().arguments, sender=guardian)
    proposal = governance.ripen()
    assert not governance.timelock.hasRole(governance.timelock.PROPOSER_ROLE(), guardian)
    with boa.reverts("access_control: account is missing role"):
        governance.timelock.cancel(proposal.operation(governor), sender=guardian)
