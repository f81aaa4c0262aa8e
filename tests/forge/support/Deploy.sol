// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "support/Vm.sol";

/// Puts the Vyper contracts on chain as the compiler made them: `run.py` leaves their creation code in a folder.
library Deploy {
    error NotDeployed(string name, bytes reason);

    function vyper(string memory name, bytes memory constructorArguments) internal returns (address deployed) {
        string memory path = string.concat(vm.envString("OPENLEDGER_BYTECODE"), "/", name, ".hex");
        bytes memory code = bytes.concat(vm.parseBytes(vm.readFile(path)), constructorArguments);
        assembly ("memory-safe") {
            deployed := create(0, add(code, 32), mload(code))
        }
        if (deployed == address(0)) {
            bytes memory reason;
            assembly ("memory-safe") {
                reason := mload(0x40)
                mstore(reason, returndatasize())
                returndatacopy(add(reason, 32), 0, returndatasize())
                mstore(0x40, add(add(reason, 32), returndatasize()))
            }
            revert NotDeployed(name, reason);
        }
        vm.label(deployed, name);
    }
}
