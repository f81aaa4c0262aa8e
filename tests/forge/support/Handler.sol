// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "support/Vm.sol";

/// What forge calls at random. Each external function that changes state is one action: it turns its random arguments
/// into an action that mostly succeeds, and keeps the ghost figures that the suite compares with the contracts. An
/// action that reverts undoes its ghosts too, and counts towards the revert rate.
abstract contract Handler {
    uint256 internal constant MAX_STEP_SECONDS = 3 days;

    address[] public actors;
    mapping(address => uint256) internal keyOf;
    /// The first thing an action saw that must never be; a revert could not say it, for a revert is allowed.
    string public violation;

    function actorCount() external view returns (uint256) {
        return actors.length;
    }

    /// Time passes; a second at least, so that votes come of age.
    function passTime(uint256 seed) external virtual {
        _passTime(1 + seed % MAX_STEP_SECONDS);
    }

    // block.timestamp is read through the cheat code: within one test solc may take it for a constant
    function _passTime(uint256 step) internal {
        vm.warp(vm.getBlockTimestamp() + step);
        vm.roll(vm.getBlockNumber() + 1 + step / 12);
    }

    function _now() internal view returns (uint256) {
        return vm.getBlockTimestamp();
    }

    function _addActors(uint256 count) internal {
        for (uint256 i = 0; i < count; i++) {
            uint256 key = uint256(keccak256(abi.encode("openledger actor", actors.length)));
            address actor = vm.addr(key);
            keyOf[actor] = key;
            actors.push(actor);
        }
    }

    function _actor(uint256 seed) internal view returns (address) {
        return actors[seed % actors.length];
    }

    /// A number from 1 to `highest`; small ones, the highest and round ones come up as often as the rest.
    function _amount(uint256 seed, uint256 highest) internal pure returns (uint256) {
        if (highest == 0) return 0;
        uint256 kind = seed & 7;
        seed >>= 3;
        if (kind == 0) return 1;
        if (kind == 1) return highest;
        if (kind == 2) return 1 + seed % (highest < 10 ? highest : 10);
        if (kind == 3 && highest >= 1 ether) return (1 + seed % (highest / 1 ether)) * 1 ether;
        return 1 + seed % highest;
    }

    function _sign(address actor, bytes32 digest) internal view returns (uint8 v, bytes32 r, bytes32 s) {
        return vm.sign(keyOf[actor], digest);
    }

    /// EIP-712 under a contract's domain separator.
    function _typed(bytes32 domainSeparator, bytes32 structHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domainSeparator, structHash));
    }

    function _domain(string memory name, address verifyingContract) internal view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256("1"),
                block.chainid,
                verifyingContract
            )
        );
    }

    function _must(bool fact, string memory name) internal {
        if (!fact && bytes(violation).length == 0) violation = name;
    }
}
