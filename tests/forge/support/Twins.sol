// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Handler} from "support/Handler.sol";
import {Vm, vm} from "support/Vm.sol";

/// A handler that makes each call on our contract and on the anchor, and compares success, returned bytes and events.
/// Why a call reverted is compared by fact, not by text: the anchor has custom errors where Vyper has reasons.
abstract contract Twins is Handler {
    uint256 internal constant SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    address private immutable _ours;
    address private immutable _theirs;
    bytes32[] private _topics;

    /// Calls compared, and those of them that both sides refused.
    uint256 public compared;
    uint256 public refused;

    constructor(address ours, address theirs) {
        _ours = ours;
        _theirs = theirs;
    }

    /// Events of this signature must be the same on both sides, in number, order and every field.
    function _compare(string memory signature) internal {
        _topics.push(keccak256(bytes(signature)));
    }

    function _both(address sender, bytes memory oursData, bytes memory theirsData, string memory what)
        internal
        returns (bool isDone)
    {
        bytes memory oursReturned;
        bytes memory theirsReturned;
        bytes32 oursLogs;
        bytes32 theirsLogs;
        bool isTheirs;
        (isDone, oursReturned, oursLogs) = _call(sender, _ours, oursData);
        (isTheirs, theirsReturned, theirsLogs) = _call(sender, _theirs, theirsData);
        compared++;
        if (!isDone) refused++;
        _must(isDone || !isTheirs, string.concat(what, ": only the anchor accepts"));
        _must(!isDone || isTheirs, string.concat(what, ": only ours accepts"));
        if (!isDone || !isTheirs) return isDone;
        _must(keccak256(oursReturned) == keccak256(theirsReturned), string.concat(what, ": returns differ"));
        _must(oursLogs == theirsLogs, string.concat(what, ": events differ"));
    }

    function _call(address sender, address target, bytes memory data)
        private
        returns (bool isDone, bytes memory returned, bytes32 logs)
    {
        vm.recordLogs();
        vm.prank(sender);
        (isDone, returned) = target.call(data);
        logs = _digest(vm.getRecordedLogs(), target);
    }

    /// Kind by kind, so that the order in which one call logs events of different kinds does not count.
    function _digest(Vm.Log[] memory logs, address emitter) private view returns (bytes32 digest) {
        for (uint256 i = 0; i < _topics.length; i++) {
            for (uint256 j = 0; j < logs.length; j++) {
                if (logs[j].emitter != emitter || logs[j].topics[0] != _topics[i]) continue;
                digest = keccak256(abi.encode(digest, logs[j].topics, logs[j].data));
            }
        }
    }

    /// A view that both must answer with the same bytes.
    function _same(bytes memory data) internal view {
        (bool isOurs, bytes memory oursReturned) = _ours.staticcall(data);
        (bool isTheirs, bytes memory theirsReturned) = _theirs.staticcall(data);
        require(isOurs && isTheirs, string.concat("a view reverts: ", vm.toString(data)));
        require(
            keccak256(oursReturned) == keccak256(theirsReturned),
            string.concat(
                "a view differs: ", vm.toString(data), " ", vm.toString(oursReturned), " ", vm.toString(theirsReturned)
            )
        );
    }

    function _malleable(uint8 v, bytes32 s) internal pure returns (uint8, bytes32) {
        return (v == 27 ? 28 : 27, bytes32(SECP256K1_ORDER - uint256(s)));
    }

    function _isReason(bytes memory returned, string memory reason) internal pure returns (bool) {
        return keccak256(returned) == keccak256(abi.encodeWithSignature("Error(string)", reason));
    }
}
