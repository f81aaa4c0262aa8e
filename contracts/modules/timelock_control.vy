# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Timelock control: what governance decides waits in the timelock and runs from it (OpenZeppelin's
    GovernorTimelockControl)
@license AGPL-3.0-only
@notice A function for governance alone asks two things: that the timelock calls, and that exactly this call belongs to
        the proposal that this contract executes now. So nothing that reached the timelock by another way, through
        another proposer or by a direct execution, can change the governor.
"""

from ..interfaces import IOpenGovernor
from ..interfaces import ITimelock

# the bytes of a call are the timelock's own bound; both bounds are memory, which every proposal pays for
MAX_CALLS: constant(uint256) = 8
MAX_CALL_BYTES: constant(uint256) = 1_024
# the timelock's time for an operation that was executed
DONE: constant(uint256) = 1
# a selector and one word: every setter's calldata
_SETTER_BYTES: constant(uint256) = 36

_timelock: address
# proposal => its operation in the timelock; empty before it is queued and after it ran or was cancelled through here
_operations: HashMap[uint256, bytes32]
# the hashes of the proposal's own calls to this contract while it executes, and how many have been used or passed over
_own_calls: transient(DynArray[bytes32, MAX_CALLS])
_own_calls_used: transient(uint256)


@external
@view
@reentrant
def timelock() -> address:
    """
    @notice The timelock, from which everything that governance decides is called and which holds the treasury.
    @dev Open to reads while a proposal executes: it changes only by a call of that proposal.
    @return Its address.
    """
    return self._timelock


@external
@reentrant
def updateTimelock(newTimelock: address):
    """
    @notice Moves governance to another timelock. Only by an executed proposal.
    @dev What is queued in the old one reads as cancelled here and can no longer be executed from here: empty the queue
         first. The new one must name this contract its proposer and canceller.
    @param newTimelock A contract with the interface of OpenZeppelin's TimelockController.
    """
    self._check_setter()
    self._set_timelock(newTimelock)


@external
@payable
@reentrant
def relay(target: address, amount: uint256, data: Bytes[MAX_CALL_BYTES]):
    """
    @notice Makes any call in the name of this contract, to bring back what was sent here by mistake. Only by an
         executed proposal.
    @dev The proposal was voted on with these very bytes; a failing call takes the whole execution back.
    @param target Whom to call.
    @param amount Wei of ether to send, from what the timelock sent along or from what lies here.
    @param data The calldata.
    """
    self._check_governance(
        keccak256(abi_encode(target, amount, data, method_id=method_id("relay(address,uint256,bytes)")))
    )
    raw_call(target, data, value=amount)


@internal
def _set_timelock(new_timelock: address):
    """
    @dev Without a timelock nothing could ever be executed again.
    """
    assert new_timelock != empty(address), "governor: no timelock"
    log IOpenGovernor.TimelockChange(oldTimelock=self._timelock, newTimelock=new_timelock)
    self._timelock = new_timelock


@internal
def _check_setter():
    """
    @dev `_check_governance` for a function of one argument of one word. Longer calldata has another hash and fails.
    """
    self._check_governance(keccak256(slice(msg.data, 0, _SETTER_BYTES)))


@internal
def _check_governance(call_hash: bytes32):
    """
    @dev Each of the proposal's own calls counts once and in its order, as in OpenZeppelin's queue.
    """
    assert msg.sender == self._timelock, "governor: not the timelock"
    count: uint256 = len(self._own_calls)
    position: uint256 = self._own_calls_used
    for _: uint256 in range(MAX_CALLS):
        if position == count or self._own_calls[position] == call_hash:
            break
        position += 1
    assert position < count, "governor: call not in execution"
    self._own_calls_used = position + 1


@internal
@view
def _salt(description_hash: bytes32) -> bytes32:
    """
    @dev Two governors with one timelock never meet in one operation (OpenZeppelin's formula).
    """
    return convert(convert(self, uint256) << 96 ^ convert(description_hash, uint256), bytes32)


@internal
def _schedule(
    proposal_id: uint256,
    targets: DynArray[address, MAX_CALLS],
    values: DynArray[uint256, MAX_CALLS],
    calldatas: DynArray[Bytes[MAX_CALL_BYTES], MAX_CALLS],
    description_hash: bytes32,
) -> uint256:
    """
    @dev Puts the calls into the timelock. Returns the Unix time in seconds from which they can be executed.
    """
    lock: ITimelock = ITimelock(self._timelock)
    delay: uint256 = staticcall lock.getMinDelay()
    salt: bytes32 = self._salt(description_hash)
    self._operations[proposal_id] = staticcall lock.hashOperationBatch(
        targets, values, calldatas, empty(bytes32), salt
    )
    extcall lock.scheduleBatch(targets, values, calldatas, empty(bytes32), salt, delay)
    return block.timestamp + delay


@internal
@payable
def _execute(
    proposal_id: uint256,
    targets: DynArray[address, MAX_CALLS],
    values: DynArray[uint256, MAX_CALLS],
    calldatas: DynArray[Bytes[MAX_CALL_BYTES], MAX_CALLS],
    description_hash: bytes32,
):
    """
    @dev Runs the calls from the timelock, and lets those to this contract itself through for as long as they run.
    """
    for i: uint256 in range(len(targets), bound=MAX_CALLS):
        if targets[i] == self:
            self._own_calls.append(keccak256(calldatas[i]))
    self._operations[proposal_id] = empty(bytes32)
    extcall ITimelock(self._timelock).executeBatch(
        targets, values, calldatas, empty(bytes32), self._salt(description_hash), value=msg.value
    )
    self._own_calls = []
    self._own_calls_used = 0


@internal
def _cancel(proposal_id: uint256):
    """
    @dev Takes the proposal's operation out of the timelock, if it is there.
    """
    operation: bytes32 = self._operations[proposal_id]
    if operation != empty(bytes32):
        self._operations[proposal_id] = empty(bytes32)
        extcall ITimelock(self._timelock).cancel(operation)


@internal
@view
def _ready_at(proposal_id: uint256) -> uint256:
    """
    @dev What the timelock says of the proposal's operation: the Unix time in seconds from which it can be executed, or
         `DONE`, or 0 where it does not know it.
    """
    return staticcall ITimelock(self._timelock).getTimestamp(self._operations[proposal_id])
