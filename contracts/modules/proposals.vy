# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Proposals: what a proposal is, how far it is, and which code it was made for
@license AGPL-3.0-only
@notice A proposal's number is the hash of all that it does, so it cannot change. The code behind an address can: a
        digest of every target's code is kept with the proposal and compared before it is queued and executed.
"""

from . import proposal_rows
from . import timelock_control

uses: proposal_rows
uses: timelock_control

# OpenZeppelin's order; 6, expired, does not occur, because the timelock lets nothing expire
PENDING: constant(uint8) = 0
ACTIVE: constant(uint8) = 1
CANCELED: constant(uint8) = 2
DEFEATED: constant(uint8) = 3
SUCCEEDED: constant(uint8) = 4
QUEUED: constant(uint8) = 5
EXECUTED: constant(uint8) = 7

MAX_CALLS: constant(uint256) = timelock_control.MAX_CALLS
MAX_CALL_BYTES: constant(uint256) = timelock_control.MAX_CALL_BYTES
# what EXTCODEHASH says of an account that exists and has no code; of one that does not exist it says 0
_NO_CODE: constant(bytes32) = keccak256(b"")


@external
@view
@reentrant
def state(proposalId: uint256) -> uint8:
    """
    @notice How far a proposal is: 0 pending, 1 active, 2 canceled, 3 defeated, 4 succeeded, 5 queued, 7 executed.
    @dev Open to reads while a proposal executes; it then reads as executed.
    @param proposalId The proposal.
    @return Its state.
    """
    return self._state(proposalId)


@external
@view
@reentrant
def proposalNeedsQueuing(proposalId: uint256) -> bool:
    """
    @notice Whether a proposal has to wait in the timelock.
    @dev Every one has.
    @param proposalId The proposal.
    @return True.
    """
    return True


@external
@view
@reentrant
def code_digest(proposalId: uint256) -> uint256:
    """
    @notice The digest of the targets' code that the proposal was made for.
    @dev Compare it with `code_digest_of` before voting: if they differ, the proposal cannot be executed as things are.
    @param proposalId The proposal.
    @return 160 bits, 0 where there is no such proposal.
    """
    return proposal_rows._code_digest(proposal_rows._codes[proposalId])


@external
@view
@reentrant
def code_digest_of(targets: DynArray[address, MAX_CALLS]) -> uint256:
    """
    @notice The digest of the code that the targets have now.
    @dev Covers the code at each address, not what a proxy there points to.
    @param targets At most 8 addresses, in the proposal's order.
    @return 160 bits.
    """
    return self._code_digest(targets)


@internal
@pure
def _hash(
    targets: DynArray[address, MAX_CALLS],
    values: DynArray[uint256, MAX_CALLS],
    calldatas: DynArray[Bytes[MAX_CALL_BYTES], MAX_CALLS],
    description_hash: bytes32,
) -> uint256:
    """
    @dev Of the same bytes as Solidity's abi.encode gives.
    """
    return convert(keccak256(abi_encode(targets, values, calldatas, description_hash)), uint256)


@internal
@view
def _state(proposal_id: uint256) -> uint8:
    """
    @dev A mark comes first, then the time, then the votes, then the timelock.
    """
    row: uint256 = proposal_rows._rows[proposal_id]
    assert row != 0, "governor: no such proposal"
    if row & proposal_rows.IS_EXECUTED != 0:
        return EXECUTED
    if row & proposal_rows.IS_CANCELED != 0:
        return CANCELED
    if proposal_rows._snapshot(row) >= block.timestamp:
        return PENDING
    if proposal_rows._deadline(row) >= block.timestamp:
        return ACTIVE
    counts: uint256 = proposal_rows._counts[proposal_id]
    in_favour: uint256 = proposal_rows._in_favour(proposal_rows._codes[proposal_id], counts)
    # every vote that counts for the quorum looks for it, so its mark says all
    if row & proposal_rows.IS_QUORUM_REACHED == 0 or in_favour <= proposal_rows._against(counts):
        return DEFEATED
    if proposal_rows._eta(counts) == 0:
        return SUCCEEDED
    return self._state_in_timelock(proposal_id)


@internal
@view
def _state_in_timelock(proposal_id: uint256) -> uint8:
    """
    @dev The timelock has the last word: others may have the roles to cancel or execute there.
    """
    ready_at: uint256 = timelock_control._ready_at(proposal_id)
    if ready_at == timelock_control.DONE:
        return EXECUTED
    return CANCELED if ready_at == 0 else QUEUED


@internal
@view
def _check_code(proposal_id: uint256, targets: DynArray[address, MAX_CALLS]):
    """
    @dev What was voted on is what runs: no code came to a target, changed there or went since the proposal.
    """
    stored: uint256 = proposal_rows._code_digest(proposal_rows._codes[proposal_id])
    assert self._code_digest(targets) == stored, "governor: target code changed"


@internal
@view
def _code_digest(targets: DynArray[address, MAX_CALLS]) -> uint256:
    """
    @dev Cut to 160 bits: two codes with one digest take 2^80 tries. An account without code reads the same whether it
         exists or not, or a wei sent to a payee would block the payment.
    """
    digest: bytes32 = empty(bytes32)
    for target: address in targets:
        code: bytes32 = target.codehash
        if code == empty(bytes32):
            code = _NO_CODE
        digest = keccak256(concat(digest, code))
    return convert(digest, uint256) >> 96
