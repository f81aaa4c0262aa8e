// SPDX-License-Identifier: Apache-2.0
// Written by `python -m integrations.generate` from contracts/Timelock.vy: change that, not this.
pragma solidity >=0.8.20;

interface ITimelock {
    event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender);

    event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender);

    event MinimumDelayChange(uint256 old_duration, uint256 new_duration);

    event MinDelayChange(uint256 oldDuration, uint256 newDuration);

    event CallScheduled(
        bytes32 indexed id,
        uint256 indexed index,
        address target,
        uint256 value,
        bytes data,
        bytes32 predecessor,
        uint256 delay
    );

    event CallSalt(bytes32 indexed id, bytes32 salt);

    event Cancelled(bytes32 indexed id);

    event CallExecuted(bytes32 indexed id, uint256 indexed index, address target, uint256 value, bytes data);

    function DEFAULT_ADMIN_ROLE() external view returns (bytes32);

    function hasRole(bytes32, address) external view returns (bool);

    function getRoleAdmin(bytes32) external view returns (bytes32);

    function grantRole(bytes32 role, address account) external;

    function revokeRole(bytes32 role, address account) external;

    function renounceRole(bytes32 role, address account) external;

    function PROPOSER_ROLE() external view returns (bytes32);

    function EXECUTOR_ROLE() external view returns (bytes32);

    function CANCELLER_ROLE() external view returns (bytes32);

    function supportsInterface(bytes4 interface_id) external view returns (bool);

    function onERC721Received(
        address operator,
        address owner,
        uint256 token_id,
        bytes calldata data
    ) external returns (bytes4);

    function onERC1155Received(
        address operator,
        address owner,
        uint256 id,
        uint256 amount,
        bytes calldata data
    ) external returns (bytes4);

    /// Schedules one call.
    function schedule(
        address target,
        uint256 amount,
        bytes calldata data,
        bytes32 predecessor,
        bytes32 salt,
        uint256 delay
    ) external;

    /// Schedules up to 8 calls, which run together or not at all.
    function scheduleBatch(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata payloads,
        bytes32 predecessor,
        bytes32 salt,
        uint256 delay
    ) external;

    /// Cancels an operation that was scheduled and has not run.
    function cancel(bytes32 id) external;

    /// Carries out a scheduled call whose delay has passed.
    function execute(
        address target,
        uint256 amount,
        bytes calldata payload,
        bytes32 predecessor,
        bytes32 salt
    ) external payable;

    /// Carries out scheduled calls whose delay has passed, all of them or none.
    function executeBatch(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata payloads,
        bytes32 predecessor,
        bytes32 salt
    ) external payable;

    /// Changes the least delay of operations scheduled from now on.
    function updateDelay(uint256 newDelay) external;

    /// The least time from scheduling an operation until it may be executed.
    function getMinDelay() external view returns (uint256);

    /// When an operation may be executed.
    function getTimestamp(bytes32 id) external view returns (uint256);

    /// Whether an operation was scheduled, and not cancelled.
    function isOperation(bytes32 id) external view returns (bool);

    /// Whether an operation is scheduled and has not run.
    function isOperationPending(bytes32 id) external view returns (bool);

    /// Whether an operation may be executed now.
    function isOperationReady(bytes32 id) external view returns (bool);

    /// Whether an operation has run.
    function isOperationDone(bytes32 id) external view returns (bool);

    /// How far an operation is.
    function getOperationState(bytes32 id) external view returns (uint8);

    /// The id of an operation of one call.
    function hashOperation(
        address target,
        uint256 amount,
        bytes calldata data,
        bytes32 predecessor,
        bytes32 salt
    ) external pure returns (bytes32);

    /// The id of an operation of several calls.
    function hashOperationBatch(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata payloads,
        bytes32 predecessor,
        bytes32 salt
    ) external pure returns (bytes32);

    /// Accepts ERC-1155 tokens for the treasury, up to 64 kinds at once.
    function onERC1155BatchReceived(
        address operator,
        address owner,
        uint256[] calldata ids,
        uint256[] calldata amounts,
        bytes calldata data
    ) external returns (bytes4);

    function MAX_DELAY_SECONDS() external view returns (uint256);
}
