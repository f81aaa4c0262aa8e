# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title The treasury and the delay before anything the protocol decides takes effect
@license AGPL-3.0-only
@notice Proposers schedule calls, executors carry them out once the delay has passed; whoever disagrees has that long to
        leave. It owns the contracts that governance may change and holds the treasury's OPEN.
@dev snekmate's timelock controller (the ABI of OpenZeppelin's) with no admin but itself: roles and the delay change
     only by a call that waited here first. Proposers may also cancel.
@custom:halt A proposer cancels a scheduled call; calls that have run cannot be undone.
"""

from snekmate.auth import access_control
from snekmate.governance import timelock_controller

initializes: access_control
initializes: timelock_controller[access_control := access_control]

# The ABI of snekmate's TimelockController, in shape OpenZeppelin's. Left out on purpose: `set_role_admin`, because roles
# here have one admin, the timelock itself, for good; and `__default__`, which would let any misspelt call succeed.
exports: (
    access_control.DEFAULT_ADMIN_ROLE,
    access_control.hasRole,
    access_control.getRoleAdmin,
    access_control.grantRole,
    access_control.revokeRole,
    access_control.renounceRole,
    timelock_controller.PROPOSER_ROLE,
    timelock_controller.EXECUTOR_ROLE,
    timelock_controller.CANCELLER_ROLE,
    timelock_controller.supportsInterface,
    timelock_controller.get_timestamp,
    timelock_controller.get_minimum_delay,
    timelock_controller.is_operation,
    timelock_controller.is_operation_pending,
    timelock_controller.is_operation_ready,
    timelock_controller.is_operation_done,
    timelock_controller.get_operation_state,
    timelock_controller.hash_operation,
    timelock_controller.hash_operation_batch,
    timelock_controller.schedule,
    timelock_controller.schedule_batch,
    timelock_controller.cancel,
    timelock_controller.execute,
    timelock_controller.execute_batch,
    timelock_controller.update_delay,
    timelock_controller.onERC721Received,
    timelock_controller.onERC1155Received,
    timelock_controller.onERC1155BatchReceived,
)

MAX_COUNCIL: constant(uint256) = 16


@deploy
def __init__(
    minimum_delay_seconds: uint256, proposers: DynArray[address, MAX_COUNCIL], executors: DynArray[address, MAX_COUNCIL]
):
    """
    @notice Names the council; the deployer keeps nothing.
    @dev The module makes the contract its own admin and takes that role back from the deployer.
    @param minimum_delay_seconds The least time between scheduling and execution, at least one second.
    @param proposers Who may schedule and cancel, at least one: otherwise nothing here could ever move.
    @param executors Who may execute what is due, at least one; the zero address among them opens it to everyone.
    """
    assert minimum_delay_seconds != 0, "timelock: no delay"
    assert len(proposers) != 0, "timelock: no proposer"
    assert len(executors) != 0, "timelock: no executor"
    access_control.__init__()
    timelock_controller.__init__(minimum_delay_seconds, proposers, executors, empty(address))


@external
@payable
def __default__():
    """
    @notice Takes ether for the treasury.
    @dev Only by a plain transfer: a call of a function that is not here must not look as if it had worked.
    """
    assert len(msg.data) == 0, "timelock: no such function"
