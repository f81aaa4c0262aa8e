// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Twins} from "support/Twins.sol";
import {Vm, vm} from "support/Vm.sol";

/// Makes a call and takes it back, whatever it did.
contract Probe {
    function run(address sender, address target, uint256 value, bytes calldata data) external {
        vm.prank(sender);
        (bool isDone, bytes memory returned) = target.call{value: value}(data);
        bytes memory answer = abi.encode(isDone, returned);
        assembly ("memory-safe") {
            revert(add(answer, 32), mload(answer))
        }
    }
}

/// Twins of several contracts each, whose answers and events name one another: compared byte for byte, but for the
/// addresses and ids that are registered as pairs, one of ours and one of theirs.
abstract contract Mapped is Twins {
    struct Pair {
        bytes32 ours;
        bytes32 theirs;
        uint256 length;
        uint256 prefix;
    }

    /// A call of one side: whom, and with what.
    struct Call {
        address target;
        bytes data;
    }

    Probe internal immutable probe = new Probe();
    Pair[] private _pairs;
    mapping(address => bool) private _isCompared;
    mapping(bytes32 => bool) private _isLeftOut;

    /// Two contracts that stand for one another; their events are compared, in their order.
    function _twin(address ours, address theirs) internal {
        _pairs.push(_pair(bytes20(ours), bytes20(theirs), 20));
        (_isCompared[ours], _isCompared[theirs]) = (true, true);
    }

    function _twinSelectors(bytes4 ours, bytes4 theirs) internal {
        _pairs.push(_pair(ours, theirs, 4));
    }

    /// Events of this signature are not compared.
    function _leaveOut(string memory signature) internal {
        _isLeftOut[keccak256(bytes(signature))] = true;
    }

    /// Pairs that are known of what the present action is about.
    function _ids() internal view virtual returns (Pair[] memory);

    function _pair(bytes32 ours, bytes32 theirs, uint256 length) internal pure returns (Pair memory) {
        uint256 prefix;
        while (prefix < length && ours[prefix] == theirs[prefix]) prefix++;
        return Pair(ours, theirs, length, prefix);
    }

    function _bothMapped(address sender, uint256 value, Call memory ours, Call memory theirs, string memory what)
        internal
        returns (bool isDone)
    {
        bytes memory oursReturned;
        bytes memory theirsReturned;
        bytes memory oursLogs;
        bytes memory theirsLogs;
        bool isTheirs;
        (isDone, oursReturned, oursLogs) = _callLogged(sender, value, ours);
        (isTheirs, theirsReturned, theirsLogs) = _callLogged(sender, value, theirs);
        compared++;
        if (!isDone) refused++;
        _must(isDone || !isTheirs, string.concat(what, ": only the anchor accepts"));
        _must(!isDone || isTheirs, string.concat(what, ": only ours accepts"));
        if (!isDone || !isTheirs) return isDone;
        _must(_isAlike(oursReturned, theirsReturned), string.concat(what, ": returns differ"));
        _must(_isAlike(oursLogs, theirsLogs), string.concat(what, ": events differ"));
    }

    /// What a call would do, without doing it.
    function _wouldDo(address sender, uint256 value, Call memory called) internal returns (bool, bytes memory) {
        bytes memory data = abi.encodeCall(Probe.run, (sender, called.target, value, called.data));
        (, bytes memory answer) = address(probe).call(data);
        return abi.decode(answer, (bool, bytes));
    }

    function _sameMapped(Call memory ours, Call memory theirs) internal view {
        (bool isOurs, bytes memory oursReturned) = ours.target.staticcall(ours.data);
        (bool isTheirs, bytes memory theirsReturned) = theirs.target.staticcall(theirs.data);
        require(isOurs == isTheirs, string.concat("only one view reverts: ", vm.toString(ours.data)));
        require(
            !isOurs || _isAlike(oursReturned, theirsReturned),
            string.concat(
                "a view differs: ", vm.toString(ours.data), " ", vm.toString(oursReturned), " ",
                vm.toString(theirsReturned)
            )
        );
    }

    function _callLogged(address sender, uint256 value, Call memory called)
        private
        returns (bool isDone, bytes memory returned, bytes memory kept)
    {
        vm.recordLogs();
        vm.prank(sender);
        (isDone, returned) = called.target.call{value: value}(called.data);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; i++) {
            if (!_isCompared[logs[i].emitter] || _isLeftOut[logs[i].topics[0]]) continue;
            kept = bytes.concat(kept, abi.encode(logs[i].emitter, logs[i].topics, logs[i].data));
        }
    }

    /// Equal, but that a pair's half of ours stands where its other half stands in theirs.
    function _isAlike(bytes memory ours, bytes memory theirs) private view returns (bool) {
        if (ours.length != theirs.length) return false;
        if (keccak256(ours) == keccak256(theirs)) return true;
        Pair[][2] memory pairs = [_pairs, _ids()];
        for (uint256 i = 0; i < ours.length;) {
            bytes32 difference = _word(ours, i) ^ _word(theirs, i);
            if (difference == 0) {
                i += 32;
                continue;
            }
            while (difference[0] == 0) (difference, i) = (difference << 8, i + 1);
            uint256 end = _endOfPair(pairs[0], ours, theirs, i);
            if (end == 0) end = _endOfPair(pairs[1], ours, theirs, i);
            if (end == 0) return false;
            i = end;
        }
        return true;
    }

    /// Where the pair ends whose halves begin to differ at `position`; 0 where there is none.
    function _endOfPair(Pair[] memory pairs, bytes memory ours, bytes memory theirs, uint256 position)
        private
        pure
        returns (uint256)
    {
        for (uint256 i = 0; i < pairs.length; i++) {
            Pair memory pair = pairs[i];
            // halves that are equal never begin to differ
            if (pair.prefix == pair.length || pair.prefix > position) continue;
            uint256 start = position - pair.prefix;
            if (start + pair.length > ours.length) continue;
            bytes32 mask = ~bytes32(0) << (256 - 8 * pair.length);
            if (_word(ours, start) & mask != pair.ours || _word(theirs, start) & mask != pair.theirs) continue;
            return start + pair.length;
        }
        return 0;
    }

    /// 32 bytes, or as many as there are and zeros.
    function _word(bytes memory data, uint256 offset) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 32), offset))
        }
        if (offset + 32 > data.length) word &= ~bytes32(0) << (8 * (offset + 32 - data.length));
    }
}
