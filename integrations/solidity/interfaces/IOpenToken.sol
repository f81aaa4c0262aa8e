// SPDX-License-Identifier: Apache-2.0
// Written by `python -m integrations.generate` from contracts/OpenToken.vy: change that, not this.
pragma solidity >=0.8.20;

interface IOpenToken {
    event RoleMinterChanged(address indexed minter, bool status);

    event OwnershipTransferred(address indexed previous_owner, address indexed new_owner);

    event Transfer(address indexed sender, address indexed receiver, uint256 value);

    event Approval(address indexed owner, address indexed spender, uint256 value);

    event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce);

    event AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce);

    function name() external view returns (string memory);

    function symbol() external view returns (string memory);

    function decimals() external view returns (uint8);

    function totalSupply() external view returns (uint256);

    function balanceOf(address) external view returns (uint256);

    function allowance(address, address) external view returns (uint256);

    function transfer(address to, uint256 amount) external returns (bool);

    function approve(address spender, uint256 amount) external returns (bool);

    function transferFrom(address owner, address to, uint256 amount) external returns (bool);

    function burn(uint256 amount) external;

    function burn_from(address owner, uint256 amount) external;

    function permit(
        address owner,
        address spender,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    function nonces(address) external view returns (uint256);

    function DOMAIN_SEPARATOR() external view returns (bytes32);

    function eip712Domain() external view
        returns (bytes1, string memory, string memory, uint256, address, bytes32, uint256[] memory);

    function TRANSFER_WITH_AUTHORIZATION_TYPEHASH() external view returns (bytes32);

    function RECEIVE_WITH_AUTHORIZATION_TYPEHASH() external view returns (bytes32);

    function CANCEL_AUTHORIZATION_TYPEHASH() external view returns (bytes32);

    function transferWithAuthorization(
        address sender,
        address to,
        uint256 amount,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    function receiveWithAuthorization(
        address sender,
        address to,
        uint256 amount,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external;

    function authorizationState(address authorizer, bytes32 nonce) external view returns (bool);

    /// Whether the token has an interface (ERC-165).
    function supportsInterface(bytes4 interface_id) external view returns (bool);

    function SUPPLY_WEI() external view returns (uint256);
}
