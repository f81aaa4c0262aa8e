"""The queue: what succeeded waits in the timelock, unless the code that it calls is no longer what was voted on."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

FOR = 1
SUCCEEDED, QUEUED = 4, 5
STOP, RETURN = bytes.fromhex("00"), bytes.fromhex("60006000f3")


def test_queue__schedules_in_the_timelock(
    governance: Any, governor: Any, outsider: str, events: Callable[..., Any], protocol: dict[str, Any]
) -> None:
    proposal = governance.succeed()
    assert governor.state(proposal.id) == SUCCEEDED
    assert governor.queue(*proposal.content, sender=outsider) == proposal.id
    eta = int(boa.env.timestamp) + protocol["timelock"]["minimum_delay_seconds"]
    assert events(governor, "ProposalQueued") == [{"proposalId": proposal.id, "etaSeconds": eta}]
    assert governor.proposalEta(proposal.id) == eta
    assert governor.state(proposal.id) == QUEUED
    assert governance.timelock.getTimestamp(proposal.operation(governor)) == eta


def test_queue__leaves_votes_as_they_are(governance: Any, governor: Any) -> None:
    proposal = governance.open_vote()
    governance.vote(proposal, FOR, "voter")
    governance.vote(proposal, 0, "opponent")
    governance.vote(proposal, 2, "small_voter")
    before = governor.proposalVotes(proposal.id)
    governance.close_vote(proposal)
    governor.queue(*proposal.content)
    assert governor.proposalVotes(proposal.id) == before
    assert governor.proposalEta(proposal.id) == governance.timelock.getTimestamp(proposal.operation(governor))


@pytest.mark.parametrize("step", ["propose", "open_vote", "queue", "execute"])
def test_queue__in_another_state__reverts(governance: Any, governor: Any, step: str) -> None:
    proposal = getattr(governance, step)()
    with boa.reverts("governor: has not succeeded"):
        governor.queue(*proposal.content)


def test_queue__of_a_defeated_or_cancelled_proposal__reverts(governance: Any, governor: Any, guardian: str) -> None:
    defeated = governance.open_vote()
    governance.close_vote(defeated)
    cancelled = governance.succeed(governance.proposal(description="cancelled"))
    governor.cancel(*cancelled.content, sender=guardian)
    for proposal in (defeated, cancelled):
        with boa.reverts("governor: has not succeeded"):
            governor.queue(*proposal.content)


def test_queue__of_other_content__reverts(governance: Any, governor: Any) -> None:
    proposal = governance.succeed()
    targets, _, calldatas, description_hash = proposal.content
    with boa.reverts("governor: no such proposal"):
        governor.queue(targets, [1], calldatas, description_hash)


def test_queue__after_code_came_to_a_target__reverts(governance: Any, governor: Any) -> None:
    # as by CREATE2: the address was known before there was a contract
    address = boa.env.generate_address()
    proposal = governance.succeed(governance.proposal((governance.target, b"", 0), (address, b"", 0)))
    boa.env.set_code(address, RETURN)
    with boa.reverts("governor: target code changed"):
        governor.queue(*proposal.content)


def test_queue__after_code_changed_and_came_back__passes(governance: Any, governor: Any) -> None:
    address = boa.env.generate_address()
    boa.env.set_code(address, RETURN)
    proposal = governance.succeed(governance.proposal((address, b"", 0)))
    for other in (STOP, b""):
        boa.env.set_code(address, other)
        with boa.reverts("governor: target code changed"):
            governor.queue(*proposal.content)
    boa.env.set_code(address, RETURN)
    governor.queue(*proposal.content)


@pytest.mark.parametrize("changed", [0, 1, 2])
def test_queue__after_the_code_of_any_target_changed__reverts(governance: Any, governor: Any, changed: int) -> None:
    addresses = [boa.env.generate_address() for _ in range(3)]
    for address in addresses:
        boa.env.set_code(address, RETURN)
    proposal = governance.succeed(governance.proposal(*((address, b"", 0) for address in addresses)))
    boa.env.set_code(addresses[changed], STOP)
    with boa.reverts("governor: target code changed"):
        governor.queue(*proposal.content)


def test_queue__after_code_moved_between_targets__reverts(governance: Any, governor: Any) -> None:
    first, second = boa.env.generate_address(), boa.env.generate_address()
    boa.env.set_code(first, RETURN)
    proposal = governance.succeed(governance.proposal((first, b"", 0), (second, b"", 0)))
    boa.env.set_code(first, b"")
    boa.env.set_code(second, RETURN)
    with boa.reverts("governor: target code changed"):
        governor.queue(*proposal.content)


def test_queue__after_a_payee_came_into_being__passes(governance: Any, governor: Any, outsider: str) -> None:
    # EXTCODEHASH is 0 before the first wei and keccak256("") after it: whoever sends one must not stop a payment
    payee = boa.env.generate_address()
    proposal = governance.succeed(governance.proposal((payee, b"", 1)))
    digest = governor.code_digest_of([payee])
    boa.env.set_balance(payee, 1)
    assert governor.code_digest_of([payee]) == digest
    governor.queue(*proposal.content)
