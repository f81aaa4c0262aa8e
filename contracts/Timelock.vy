# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title The treasury and the delay before anything the protocol decides takes effect
@license AGPL-3.0-only
@notice Proposers schedule calls, executors carry them out once the delay has passed; whoever disagrees has that long to
        leave. It owns the contracts that governance may change and holds the treasury's OPEN. Its functions and events
        are those of OpenZeppelin 5.7's TimelockController, over snekmate's.
@dev The governor is the only proposer, executor and canceller: anyone may carry out what has waited its time, but
     through the governor, which looks at the targets' code first. There is no admin but the timelock itself: roles and
     the delay change only by a call that waited here first. Operations run one at a time (the lock); while one runs,
     its calls may read, schedule, cancel, pay in and set the delay here, as at OpenZeppelin's.
@custom:halt A canceller cancels a scheduled operation; calls that have run cannot be undone.
"""

from .interfaces import ITimelock
from snekmate.auth import access_control
from snekmate.auth.interfaces import IAccessControl
from snekmate.governance import timelock_controller

implements: IAccessControl
implements: ITimelock
initializes: access_control
initializes: timelock_controller[access_control := access_control]

# Left out on purpose: `set_role_admin`, for roles here have one admin, the timelock itself, for good; `__default__`,
# which would let any misspelt call succeed; snekmate's own form of the functions below, whose room for 255 calls costs
# 1.5 million gas a batch; and its `onERC1155BatchReceived`, whose room costs more gas than a block has.
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
    timelock_controller.onERC721Received,
    timelock_controller.onERC1155Received,
)

MAX_DELAY_SECONDS: public(constant(uint256)) = 30 * 86_400
_MAX_MEMBERS: constant(uint256) = 16
_MAX_CALLS: constant(uint256) = 8
_MAX_CALL_BYTES: constant(uint256) = 1_024
_MAX_TOKEN_IDS: constant(uint256) = 64


@deploy
def __init__(
    minimum_delay_seconds: uint256,
    proposers: DynArray[address, _MAX_MEMBERS],
    executors: DynArray[address, _MAX_MEMBERS],
):
    """
    @notice Names the proposers and the executors; the deployer keeps nothing.
    @dev The module makes the contract its own admin and takes that role back from the deployer. It logs the delay under
         snekmate's name for that event; OpenZeppelin's follows.
    @param minimum_delay_seconds The least time between scheduling and execution, 1 second to 30 days.
    @param proposers Who may schedule and cancel, at least one: otherwise nothing here could ever move.
    @param executors Who may execute what is due, at least one; the zero address among them opens it to everyone.
    """
    assert len(proposers) != 0, "timelock: no proposer"
    assert len(executors) != 0, "timelock: no executor"
    access_control.__init__()
    timelock_controller.__init__(minimum_delay_seconds, proposers, executors, empty(address))
    self._set_delay(0, minimum_delay_seconds)


# proposers
@external
@reentrant
def schedule(
    target: address, amount: uint256, data: Bytes[_MAX_CALL_BYTES], predecessor: bytes32, salt: bytes32, delay: uint256
):
    """
    @notice Schedules one call.
    @dev Proposers only. The same call can be scheduled again only with another salt.
    @param target Who is called.
    @param amount Wei of ether to send along.
    @param data The call's bytes, 1,024 at most.
    @param predecessor An operation that must be done first; empty for none.
    @param salt Tells operations with the same call apart.
    @param delay Seconds from now until it may be executed, at least the minimum delay.
    """
    access_control._check_role(timelock_controller.PROPOSER_ROLE, msg.sender)
    operation: bytes32 = timelock_controller._hash_operation(target, amount, data, predecessor, salt)
    timelock_controller._schedule(operation, delay)
    log ITimelock.CallScheduled(
        id=operation, index=0, target=target, value=amount, data=data, predecessor=predecessor, delay=delay
    )
    if salt != empty(bytes32):
        log ITimelock.CallSalt(id=operation, salt=salt)


@external
@reentrant
def scheduleBatch(
    targets: DynArray[address, _MAX_CALLS],
    values: DynArray[uint256, _MAX_CALLS],
    payloads: DynArray[Bytes[_MAX_CALL_BYTES], _MAX_CALLS],
    predecessor: bytes32,
    salt: bytes32,
    delay: uint256,
):
    """
    @notice Schedules up to 8 calls, which run together or not at all.
    @dev Proposers only. The same calls can be scheduled again only with another salt.
    @param targets Who is called, in order.
    @param values Wei of ether to send along with each call.
    @param payloads The calls' bytes, 1,024 at most each.
    @param predecessor An operation that must be done first; empty for none.
    @param salt Tells operations with the same calls apart.
    @param delay Seconds from now until it may be executed, at least the minimum delay.
    """
    access_control._check_role(timelock_controller.PROPOSER_ROLE, msg.sender)
    self._check_lengths(len(targets), len(values), len(payloads))
    operation: bytes32 = self._hash_batch(targets, values, payloads, predecessor, salt)
    timelock_controller._schedule(operation, delay)
    for index: uint256 in range(len(targets), bound=_MAX_CALLS):
        log ITimelock.CallScheduled(
            id=operation,
            index=index,
            target=targets[index],
            value=values[index],
            data=payloads[index],
            predecessor=predecessor,
            delay=delay,
        )
    if salt != empty(bytes32):
        log ITimelock.CallSalt(id=operation, salt=salt)


# cancellers
@external
@reentrant
def cancel(id: bytes32):
    """
    @notice Cancels an operation that was scheduled and has not run.
    @dev Cancellers only. The operation may be scheduled again.
    @param id The operation.
    """
    access_control._check_role(timelock_controller.CANCELLER_ROLE, msg.sender)
    assert timelock_controller._is_operation_pending(id), "timelock: operation is not pending"
    timelock_controller.get_timestamp[id] = 0
    log ITimelock.Cancelled(id=id)


# executors
@external
@payable
def execute(
    target: address, amount: uint256, payload: Bytes[_MAX_CALL_BYTES], predecessor: bytes32, salt: bytes32
):
    """
    @notice Carries out a scheduled call whose delay has passed.
    @dev Executors only, everybody if the zero address is one. The call's revert is passed on. Its operation must be
         ready before the call and still after it, so a call cannot have had its own operation cancelled.
    @param target Who is called.
    @param amount Wei of ether to send along, of the treasury's or of what comes with this transaction.
    @param payload The call's bytes.
    @param predecessor As scheduled.
    @param salt As scheduled.
    """
    timelock_controller._only_role_or_open_role(timelock_controller.EXECUTOR_ROLE)
    operation: bytes32 = timelock_controller._hash_operation(target, amount, payload, predecessor, salt)
    timelock_controller._before_call(operation, predecessor)
    self._call(operation, 0, target, amount, payload)
    timelock_controller._after_call(operation)


@external
@payable
def executeBatch(
    targets: DynArray[address, _MAX_CALLS],
    values: DynArray[uint256, _MAX_CALLS],
    payloads: DynArray[Bytes[_MAX_CALL_BYTES], _MAX_CALLS],
    predecessor: bytes32,
    salt: bytes32,
):
    """
    @notice Carries out scheduled calls whose delay has passed, all of them or none.
    @dev As `execute`.
    @param targets Who is called, in order.
    @param values Wei of ether to send along with each call.
    @param payloads The calls' bytes.
    @param predecessor As scheduled.
    @param salt As scheduled.
    """
    timelock_controller._only_role_or_open_role(timelock_controller.EXECUTOR_ROLE)
    self._check_lengths(len(targets), len(values), len(payloads))
    operation: bytes32 = self._hash_batch(targets, values, payloads, predecessor, salt)
    timelock_controller._before_call(operation, predecessor)
    for index: uint256 in range(len(targets), bound=_MAX_CALLS):
        self._call(operation, index, targets[index], values[index], payloads[index])
    timelock_controller._after_call(operation)


# the timelock itself
@external
@reentrant
def updateDelay(newDelay: uint256):
    """
    @notice Changes the least delay of operations scheduled from now on.
    @dev Only by a call that waited here. Without bounds one decision could end the delay, or all later decisions.
    @param newDelay Seconds, 1 to 30 days.
    """
    assert msg.sender == self, "timelock: caller is not the timelock"
    self._set_delay(timelock_controller.get_minimum_delay, newDelay)


# anyone
@external
@payable
@reentrant
def __default__():
    """
    @notice Takes ether for the treasury.
    @dev Only by a plain transfer: a call of a function that is not here must not look as if it had worked.
    """
    assert len(msg.data) == 0, "timelock: no such function"


@external
@view
@reentrant
def getMinDelay() -> uint256:
    """
    @notice The least time from scheduling an operation until it may be executed.
    @dev What is scheduled keeps its own delay.
    @return Seconds.
    """
    return timelock_controller.get_minimum_delay


@external
@view
@reentrant
def getTimestamp(id: bytes32) -> uint256:
    """
    @notice When an operation may be executed.
    @dev OpenZeppelin's marks: no second of a real chain is 0 or 1.
    @param id The operation.
    @return Unix time in seconds; 0 for an operation that is not scheduled, 1 for one that has run.
    """
    return timelock_controller.get_timestamp[id]


@external
@view
@reentrant
def isOperation(id: bytes32) -> bool:
    """
    @notice Whether an operation was scheduled, and not cancelled.
    @dev True for ever once it has run.
    @param id The operation.
    @return Whether it waits, is ready or has run.
    """
    return timelock_controller._is_operation(id)


@external
@view
@reentrant
def isOperationPending(id: bytes32) -> bool:
    """
    @notice Whether an operation is scheduled and has not run.
    @dev Such an operation can be cancelled.
    @param id The operation.
    @return Whether it waits or is ready.
    """
    return timelock_controller._is_operation_pending(id)


@external
@view
@reentrant
def isOperationReady(id: bytes32) -> bool:
    """
    @notice Whether an operation may be executed now.
    @dev Its predecessor, if it has one, may still be missing.
    @param id The operation.
    @return Whether its delay has passed and it has not run.
    """
    return timelock_controller._is_operation_ready(id)


@external
@view
@reentrant
def isOperationDone(id: bytes32) -> bool:
    """
    @notice Whether an operation has run.
    @dev Never false again: an operation runs once.
    @param id The operation.
    @return Whether it has run.
    """
    return timelock_controller._is_operation_done(id)


@external
@view
@reentrant
def getOperationState(id: bytes32) -> uint8:
    """
    @notice How far an operation is.
    @dev snekmate's flags are 1, 2, 4 and 8.
    @param id The operation.
    @return OpenZeppelin's number: 0 not scheduled, 1 waiting, 2 ready, 3 done.
    """
    state: uint256 = convert(timelock_controller._get_operation_state(id), uint256)
    return convert(min(state >> 1, 3), uint8)


@external
@pure
def hashOperation(
    target: address, amount: uint256, data: Bytes[_MAX_CALL_BYTES], predecessor: bytes32, salt: bytes32
) -> bytes32:
    """
    @notice The id of an operation of one call.
    @dev Every argument counts.
    @param target Who is called.
    @param amount Wei of ether to send along.
    @param data The call's bytes.
    @param predecessor An operation that must be done first.
    @param salt Tells operations with the same call apart.
    @return The keccak256 of the arguments' ABI encoding.
    """
    return timelock_controller._hash_operation(target, amount, data, predecessor, salt)


@external
@pure
def hashOperationBatch(
    targets: DynArray[address, _MAX_CALLS],
    values: DynArray[uint256, _MAX_CALLS],
    payloads: DynArray[Bytes[_MAX_CALL_BYTES], _MAX_CALLS],
    predecessor: bytes32,
    salt: bytes32,
) -> bytes32:
    """
    @notice The id of an operation of several calls.
    @dev Every argument counts. Lists that differ in length have an id too, but no such operation can be scheduled.
    @param targets Who is called, in order.
    @param values Wei of ether to send along with each call.
    @param payloads The calls' bytes.
    @param predecessor An operation that must be done first.
    @param salt Tells operations with the same calls apart.
    @return The keccak256 of the arguments' ABI encoding.
    """
    return self._hash_batch(targets, values, payloads, predecessor, salt)


@external
@reentrant
def onERC1155BatchReceived(
    operator: address,
    owner: address,
    ids: DynArray[uint256, _MAX_TOKEN_IDS],
    amounts: DynArray[uint256, _MAX_TOKEN_IDS],
    data: Bytes[_MAX_CALL_BYTES],
) -> bytes4:
    """
    @notice Accepts ERC-1155 tokens for the treasury, up to 64 kinds at once.
    @dev Changes nothing.
    @param operator Who moves them.
    @param owner Whose they were.
    @param ids The kinds.
    @param amounts How many of each.
    @param data Not read.
    @return The function's selector, as the standard asks.
    """
    return timelock_controller.IERC1155_TOKENRECEIVER_BATCH_SELECTOR


@internal
@pure
def _hash_batch(
    targets: DynArray[address, _MAX_CALLS],
    values: DynArray[uint256, _MAX_CALLS],
    payloads: DynArray[Bytes[_MAX_CALL_BYTES], _MAX_CALLS],
    predecessor: bytes32,
    salt: bytes32,
) -> bytes32:
    """
    @dev The batch's id; as snekmate's, which has room for 255 calls.
    """
    return keccak256(abi_encode(targets, values, payloads, predecessor, salt))


@internal
@pure
def _check_lengths(targets: uint256, values: uint256, payloads: uint256):
    """
    @dev A batch names a target, an amount and bytes for each call.
    """
    assert targets == values and targets == payloads, "timelock: lists differ in length"


@internal
def _call(operation: bytes32, index: uint256, target: address, amount: uint256, payload: Bytes[_MAX_CALL_BYTES]):
    """
    @dev Makes one call of an operation, or reverts with its revert.
    """
    timelock_controller._execute(target, amount, payload)
    log ITimelock.CallExecuted(id=operation, index=index, target=target, value=amount, data=payload)


@internal
def _set_delay(old_seconds: uint256, new_seconds: uint256):
    """
    @dev The least delay from now on.
    """
    assert new_seconds != 0, "timelock: no delay"
    assert new_seconds <= MAX_DELAY_SECONDS, "timelock: delay too long"
    timelock_controller.get_minimum_delay = new_seconds
    log ITimelock.MinDelayChange(oldDuration=old_seconds, newDuration=new_seconds)
