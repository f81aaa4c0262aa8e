"""What the governor does not leave to the timelock: which of its own calls a proposal may make, and in which order."""

from typing import Any

import boa
import pytest

# schedules nothing, and executes in another order than it is told, or other calls
HOSTILE = """
# pragma version 0.4.3
getMinDelay: public(uint256)
getTimestamp: public(HashMap[bytes32, uint256])
order: DynArray[uint256, 8]
victim: address

@external
def redirect(victim: address):
    self.victim = victim

@external
def behave(delay: uint256, order: DynArray[uint256, 8]):
    self.getMinDelay = delay
    self.order = order

@external
@view
def hashOperationBatch(
    targets: DynArray[address, 8],
    values: DynArray[uint256, 8],
    payloads: DynArray[Bytes[1024], 8],
    predecessor: bytes32,
    salt: bytes32,
) -> bytes32:
    return salt

@external
def scheduleBatch(
    targets: DynArray[address, 8],
    values: DynArray[uint256, 8],
    payloads: DynArray[Bytes[1024], 8],
    predecessor: bytes32,
    salt: bytes32,
    delay: uint256,
):
    self.getTimestamp[salt] = 2

@external
@payable
def executeBatch(
    targets: DynArray[address, 8],
    values: DynArray[uint256, 8],
    payloads: DynArray[Bytes[1024], 8],
    predecessor: bytes32,
    salt: bytes32,
):
    for i: uint256 in self.order:
        raw_call(targets[i] if self.victim == empty(address) else self.victim, payloads[i])
"""


@pytest.fixture
def hostile(governance: Any) -> Any:
    """The governor's new timelock."""
    timelock = boa.loads(HOSTILE)
    governance.execute(governance.own("updateTimelock", timelock.address))
    return timelock


@pytest.fixture
def proposal(governance: Any, governor: Any, hostile: Any) -> Any:
    """Queued: three calls to the governor itself."""
    values = (1, 2, 3)
    calls = [(governor, governor.setVotingDelay.prepare_calldata(value), 0) for value in values]
    return governance.queue(governance.proposal(*calls))


@pytest.mark.parametrize("order, voting_delay", [([0, 1, 2], 3), ([0, 1], 2), ([1, 2], 3), ([2], 3), ([0, 2], 3)])
def test_own_calls__in_their_order__pass(
    governor: Any, proposal: Any, hostile: Any, order: list[int], voting_delay: int
) -> None:
    hostile.behave(0, order)
    governor.execute(*proposal.content)
    assert governor.votingDelay() == voting_delay
    # what was left over is gone with the execution
    with boa.reverts("governor: call not in execution"):
        governor.setVotingDelay(3, sender=hostile.address)


@pytest.mark.parametrize("order", [[1, 0], [2, 1], [0, 0], [0, 1, 2, 2], [2, 0]])
def test_own_calls__in_another_order_or_twice__revert(
    governor: Any, proposal: Any, hostile: Any, order: list[int]
) -> None:
    hostile.behave(0, order)
    with boa.reverts("governor: call not in execution"):
        governor.execute(*proposal.content)


def test_own_calls__meant_for_another__revert(governance: Any, governor: Any, hostile: Any, outsider: str) -> None:
    calldata = governor.setVotingDelay.prepare_calldata(5)
    proposal = governance.queue(governance.proposal((outsider, calldata, 0)))
    hostile.behave(0, [0])
    hostile.redirect(governor.address)
    with boa.reverts("governor: call not in execution"):
        governor.execute(*proposal.content)


@pytest.mark.parametrize("calls", [1, 8])
def test_own_calls__at_the_bound__are_all_found(governance: Any, governor: Any, hostile: Any, calls: int) -> None:
    listed = [(governor, governor.setVotingDelay.prepare_calldata(value), 0) for value in range(calls)]
    proposal = governance.queue(governance.proposal(*listed))
    hostile.behave(0, [calls - 1])
    governor.execute(*proposal.content)
    assert governor.votingDelay() == calls - 1


def test_queue__with_a_delay_beyond_all_time__reverts(governance: Any, governor: Any, hostile: Any) -> None:
    hostile.behave(2**48, [])
    proposal = governance.succeed()
    with boa.reverts("governor: eta too late"):
        governor.queue(*proposal.content)
    hostile.behave(2**48 - 1 - int(boa.env.timestamp), [])
    governor.queue(*proposal.content)
    assert governor.proposalEta(proposal.id) == 2**48 - 1
    assert governor.proposalVotes(proposal.id)[0::2] == (0, 0)
