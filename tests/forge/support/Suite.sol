// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "support/Vm.sol";
import {Handler} from "support/Handler.sol";

/// One campaign: `setUp` deploys and names its handlers, and forge calls `invariant_holds` after every action. One
/// invariant function a suite, because forge runs a whole campaign for each.
abstract contract Suite {
    address[] private _handlers;

    function setUp() external virtual;

    /// Each broken rule reverts with the number of its invariant.
    function invariant_holds() external virtual;

    /// forge asks for the contracts to call.
    function targetContracts() external view returns (address[] memory) {
        return _handlers;
    }

    function _target(Handler handler) internal {
        _handlers.push(address(handler));
        vm.label(address(handler), "handler");
    }

    function _noViolation(Handler handler) internal view {
        string memory seen = handler.violation();
        require(bytes(seen).length == 0, seen);
    }

    function _equal(uint256 left, uint256 right, string memory rule) internal pure {
        if (left != right) revert(string.concat(rule, ": ", vm.toString(left), " is not ", vm.toString(right)));
    }

    function _atMost(uint256 left, uint256 right, string memory rule) internal pure {
        if (left > right) revert(string.concat(rule, ": ", vm.toString(left), " is above ", vm.toString(right)));
    }
}
