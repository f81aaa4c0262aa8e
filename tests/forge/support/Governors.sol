// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {GovernorProposalGuardian} from "anchors/governance.sol";
import {OzVotes} from "anchors/tokens.sol";
import {IOpenGovernor} from "integrations/interfaces/IOpenGovernor.sol";
import {IOpenToken} from "integrations/interfaces/IOpenToken.sol";
import {IStakedOpen} from "integrations/interfaces/IStakedOpen.sol";
import {ITimelock} from "integrations/interfaces/ITimelock.sol";
import {Mapped} from "support/Mapped.sol";
import {Twins} from "support/Twins.sol";
import {vm} from "support/Vm.sol";

// has the roles that the governor has at the timelocks; it never proposes, but cancels and executes
address constant OTHER = address(uint160(uint256(keccak256("openledger other governor"))));
address constant GUARDIAN = address(uint160(uint256(keccak256("openledger guardian"))));

/// What proposals call: tells of every call, and refuses what begins with ff.
contract Target {
    event Called(address sender, uint256 value, bytes data);

    fallback() external payable {
        if (msg.data.length > 0 && msg.data[0] == 0xff) revert("target: refuses");
        emit Called(msg.sender, msg.value, msg.data);
    }
}

/// A voter without a key: the signature's first byte says how it answers, ERC-1271's way or not.
contract Wallet {
    function isValidSignature(bytes32, bytes calldata signature) external pure returns (bytes32) {
        uint256 mood = signature.length == 0 ? 0 : uint8(signature[0]) % 6;
        bytes32 answer = bytes32(this.isValidSignature.selector);
        if (mood == 1) return 0;
        if (mood == 2) revert("wallet: refuses");
        if (mood == 3) return answer | bytes32(uint256(1));
        uint256 length = mood == 4 ? 4 : mood == 5 ? 64 : 32;
        assembly {
            mstore(0, answer)
            return(0, length)
        }
    }
}

/// One system of governance; the anchor's contracts are spoken to through our interfaces, which is part of the test.
struct System {
    IOpenGovernor governor;
    ITimelock[2] timelocks;
    address target;
}

/// Two systems of governance, their proposals, and random ones to make: what the actions of OpenGovernorTwins are of.
abstract contract Governors is Mapped {
    /// A proposal's calls, as each side has them.
    struct Draft {
        address[] oursTargets;
        address[] theirsTargets;
        uint256[] values;
        bytes[] oursData;
        bytes[] theirsData;
    }

    /// A proposal. `ours` and `theirs` are what queue, execute, cancel and hashProposal take.
    struct Item {
        address proposer;
        string text;
        bool isExplained;
        uint256 kind;
        bytes ours;
        bytes theirs;
        uint256 oursId;
        uint256 theirsId;
        bytes32 oursOperation;
        bytes32 theirsOperation;
        bytes32 oursSalt;
        bytes32 theirsSalt;
    }

    /// A ballot to sign, with what may be wrong with it.
    struct Ballot {
        uint8 support;
        address voter;
        address signer;
        uint256 nonce;
        bool isExtended;
        string reason;
        bytes params;
        uint256 fault;
    }

    uint256 internal constant NOTHING = type(uint256).max;
    uint256 internal constant EXPLAINED_KINDS = 6;
    uint8 internal constant PENDING = 0;
    uint8 internal constant ACTIVE = 1;
    uint8 internal constant CANCELED = 2;
    uint8 internal constant SUCCEEDED = 4;
    uint8 internal constant QUEUED = 5;
    uint8 internal constant EXECUTED = 7;

    IOpenToken internal immutable open;
    IStakedOpen internal immutable staked;
    OzVotes internal immutable minted;
    address internal immutable wallet = address(new Wallet());
    System internal ours;
    System internal theirs;
    Item[] internal _items;
    /// Which item the present action is about.
    uint256 internal _focus = NOTHING;
    uint256 internal _texts;

    constructor(IOpenToken open_, IStakedOpen staked_, OzVotes minted_, System memory ours_, System memory theirs_)
        Twins(address(ours_.governor), address(theirs_.governor))
    {
        (open, staked, minted, ours, theirs) = (open_, staked_, minted_, ours_, theirs_);
        _addActors(5);
        for (uint256 i = 0; i < actors.length; i++) {
            vm.prank(actors[i]);
            open.approve(address(staked), type(uint256).max);
        }
        _twin(address(ours.governor), address(theirs.governor));
        _twin(address(ours.timelocks[0]), address(theirs.timelocks[0]));
        _twin(address(ours.timelocks[1]), address(theirs.timelocks[1]));
        _twin(ours.target, theirs.target);
        _twin(address(staked), address(minted));
        _twinSelectors(IOpenGovernor.set_guardian.selector, GovernorProposalGuardian.setProposalGuardian.selector);
        _leaveOut("GuardianSet(address,address)");
        _leaveOut("ProposalGuardianSet(address,address)");
        // the votes themselves are StakedOpenDifferential's subject
        _leaveOut("Transfer(address,address,uint256)");
        _leaveOut("Staked(address,uint256)");
        _leaveOut("ExitRequested(address,uint256,uint256)");
        _leaveOut("DelegateVotesChanged(address,uint256,uint256)");
    }

    // drawing
    function _blank(uint256 count) internal pure returns (Draft memory) {
        return Draft(
            new address[](count), new address[](count), new uint256[](count), new bytes[](count), new bytes[](count)
        );
    }

    /// Fills in a call: of the target, an account, the governor itself or the timelock.
    function _draw(Draft memory draft, uint256 i, uint256 seed) internal view {
        uint256 kind = (seed & 0xff) % 16;
        seed >>= 8;
        (draft.oursTargets[i], draft.theirsTargets[i]) = (address(ours.governor), address(theirs.governor));
        bytes memory data;
        if (kind == 3) {
            data = abi.encodeCall(ours.governor.setVotingDelay, (uint48(seed % 3 hours)));
        } else if (kind == 4) {
            data = abi.encodeCall(ours.governor.setVotingPeriod, (seed % 8 == 0 ? 0 : uint32(seed % 2 days)));
        } else if (kind == 5) {
            data = abi.encodeCall(ours.governor.setProposalThreshold, (seed % 4 == 0 ? 0 : seed % 1_000_000 ether));
        } else if (kind == 6) {
            data = abi.encodeCall(ours.governor.setLateQuorumVoteExtension, (uint48(seed % 16 hours)));
        } else if (kind == 7) {
            data = abi.encodeCall(ours.governor.updateQuorumNumerator, (seed % 8 == 0 ? seed % 110 : seed % 45));
        } else if (kind == 8) {
            _drawRelay(draft, i, seed);
            return;
        } else if (kind == 9) {
            address guardian = seed % 6 == 0 ? address(0) : seed % 6 < 4 ? GUARDIAN : _actor(seed);
            draft.oursData[i] = abi.encodeCall(ours.governor.set_guardian, (guardian));
            draft.theirsData[i] = abi.encodeCall(GovernorProposalGuardian.setProposalGuardian, (guardian));
            return;
        } else if (kind == 10) {
            _drawTimelock(draft, i, seed);
            return;
        } else if (kind == 11) {
            (draft.oursTargets[i], draft.theirsTargets[i]) = (_actor(seed), _actor(seed));
            draft.values[i] = seed % 3;
        } else {
            (draft.oursTargets[i], draft.theirsTargets[i]) = (ours.target, theirs.target);
            draft.values[i] = seed % 5 == 0 ? seed % 4 : 0;
            data = _noise(seed, seed % 16 == 0 ? 1_024 : 68);
        }
        (draft.oursData[i], draft.theirsData[i]) = (data, data);
    }

    /// The governor calls in its own name: the target, the token, or itself, which is not governance.
    function _drawRelay(Draft memory draft, uint256 i, uint256 seed) internal view {
        (address oursTo, address theirsTo) = (ours.target, theirs.target);
        bytes memory inner = _noise(seed >> 8, 100);
        if (seed % 4 == 1) {
            (oursTo, theirsTo) = (address(staked), address(minted));
            inner = abi.encodeCall(staked.delegate, (_actor(seed >> 8)));
        } else if (seed % 4 == 2 && seed >> 8 & 3 == 0) {
            (oursTo, theirsTo) = (address(ours.governor), address(theirs.governor));
            inner = abi.encodeCall(ours.governor.setVotingDelay, (7));
        }
        uint256 amount = seed >> 16 & 7 == 0 ? 1 : 0;
        draft.values[i] = seed >> 20 & 7 == 0 ? 1 - amount : amount;
        draft.oursData[i] = abi.encodeCall(ours.governor.relay, (oursTo, amount, inner));
        draft.theirsData[i] = abi.encodeCall(ours.governor.relay, (theirsTo, amount, inner));
    }

    /// The delay, a role for somebody, or another timelock for the governor.
    function _drawTimelock(Draft memory draft, uint256 i, uint256 seed) internal view {
        uint256 which = ours.governor.timelock() == address(ours.timelocks[0]) ? 0 : 1;
        if (seed % 8 == 0) {
            draft.oursData[i] = abi.encodeCall(ours.governor.updateTimelock, (address(ours.timelocks[1 - which])));
            draft.theirsData[i] = abi.encodeCall(ours.governor.updateTimelock, (address(theirs.timelocks[1 - which])));
            return;
        }
        if (seed % 8 == 1) which = 1 - which;
        (draft.oursTargets[i], draft.theirsTargets[i]) =
            (address(ours.timelocks[which]), address(theirs.timelocks[which]));
        bytes32 role = seed & 0x100 == 0 ? keccak256("CANCELLER_ROLE") : keccak256("EXECUTOR_ROLE");
        bytes memory data = abi.encodeCall(ITimelock.updateDelay, (1 + seed % 6 hours));
        if (seed % 8 > 3) data = abi.encodeCall(ITimelock.grantRole, (role, _actor(seed >> 9)));
        if (seed % 8 == 7) data = abi.encodeCall(ITimelock.revokeRole, (role, _actor(seed >> 9)));
        (draft.oursData[i], draft.theirsData[i]) = (data, data);
    }

    function _drawExplained(Draft memory draft, uint256 kind, uint256 seed) internal view {
        (draft.oursTargets[0], draft.theirsTargets[0]) = (address(ours.governor), address(theirs.governor));
        bytes memory data = bytes.concat(abi.encodeCall(ours.governor.setVotingDelay, (60)), hex"00", _noise(seed, 31));
        if (kind == 1) data = abi.encodeCall(ours.governor.setProposalThreshold, (2 ** 96));
        if (kind == 2 || kind == 3) {
            uint256 which = ours.governor.timelock() == address(ours.timelocks[0]) ? 0 : 1;
            draft.oursTargets[0] = address(ours.timelocks[which]);
            draft.theirsTargets[0] = address(theirs.timelocks[which]);
            data = abi.encodeCall(ITimelock.updateDelay, (kind == 2 ? 0 : 30 days + 1));
        }
        if (kind == 4) data = abi.encodeCall(ours.governor.updateTimelock, (address(0)));
        (draft.oursData[0], draft.theirsData[0]) = (data, data);
        if (kind == 5) {
            (draft.oursTargets[1], draft.theirsTargets[1]) = (draft.oursTargets[0], draft.theirsTargets[0]);
            data = abi.encodeCall(ours.governor.setProposalThreshold, (0));
            (draft.oursData[0], draft.theirsData[0]) = (data, data);
            address[] memory to = new address[](1);
            string memory text = vm.toString(seed);
            data = abi.encodeCall(ours.governor.propose, (to, new uint256[](1), new bytes[](1), text));
            (draft.oursData[1], draft.theirsData[1]) = (data, data);
        }
    }

    function _noise(uint256 seed, uint256 most) internal pure returns (bytes memory data) {
        data = new bytes((seed >> 3) % (most + 1));
        for (uint256 i = 0; i < data.length; i += 32) {
            bytes32 word = keccak256(abi.encode(seed, i));
            for (uint256 j = i; j < data.length && j < i + 32; j++) data[j] = word[j - i];
        }
        // one call in twelve fails
        if (data.length > 0) data[0] = seed % 12 == 0 ? bytes1(0xff) : bytes1(0x11);
    }

    /// A description, some that bind the proposer, and some that almost do.
    function _text(uint256 seed, address proposer) internal returns (string memory) {
        string memory text = string.concat("proposal ", vm.toString(_texts++));
        string memory name = vm.toString(seed % 24 == 5 ? _actor(seed) : proposer);
        uint256 kind = seed % 12;
        if (kind < 4) return text;
        if (kind == 4) return string.concat("#proposer=", name);
        bytes memory suffix = bytes(string.concat("#proposer=", name));
        if (kind == 6 || kind == 7) {
            for (uint256 i = 12; i < suffix.length; i++) suffix[i] = _cased(suffix[i], kind == 6);
        }
        if (kind == 8) suffix[12 + seed / 12 % 40] = "g";
        if (kind == 9) suffix[11] = "X";
        if (kind == 10) suffix = bytes.concat(suffix, "\n");
        // any byte at any place of the suffix
        if (kind == 11) suffix[seed / 12 % 52] = bytes1(uint8(seed / 1_000));
        return string.concat(text, string(suffix));
    }

    function _cased(bytes1 character, bool isUpper) internal pure returns (bytes1) {
        if (isUpper && character >= "a" && character <= "f") return character ^ 0x20;
        if (!isUpper && character >= "A" && character <= "F") return character ^ 0x20;
        return character;
    }

    function _cut(bytes memory data, uint256 most) internal pure returns (bytes memory) {
        if (data.length > most) assembly { mstore(data, most) }
        return data;
    }

    function _support(uint256 seed) internal pure returns (uint8) {
        return seed % 16 == 0 ? uint8(seed >> 8) : uint8(1 + seed % 4 % 3) % 3;
    }

    function _voter(uint256 seed) internal view returns (address) {
        return seed % 6 == 5 ? wallet : _actor(seed % 6);
    }

    /// Mostly somebody who has not voted on it yet.
    function _unheard(Item storage item, uint256 seed) internal view returns (address voter) {
        for (uint256 i = 0; i < 6; i++) {
            voter = _voter(seed % 6 + i);
            if (seed % 8 == 0 || !ours.governor.hasVoted(item.oursId, voter)) return voter;
        }
    }

    /// Mostly somebody with enough votes.
    function _proposer(uint256 seed) internal view returns (address actor) {
        for (uint256 i = 0; i < actors.length; i++) {
            actor = _actor(seed % actors.length + i);
            if (staked.getPastVotes(actor, _now() - 1) >= ours.governor.proposalThreshold()) return actor;
        }
    }

    function _ballot(Item storage item, uint256 actorSeed, uint256 supportSeed, uint256 faultSeed)
        internal
        view
        returns (Ballot memory ballot)
    {
        (ballot.support, ballot.voter, ballot.fault) =
            (_support(supportSeed), _unheard(item, actorSeed), faultSeed % 24);
        ballot.signer = ballot.fault == 1 ? _actor(actorSeed + 1) : ballot.voter;
        ballot.nonce = ours.governor.nonces(ballot.voter) + (ballot.fault == 2 ? 1 : 0);
        if (ballot.fault == 3) ballot.voter = address(0);
    }

    // the two sides
    function _castSigned(Item storage item, Ballot memory ballot, uint256 seed) internal {
        bytes memory oursData = _signed(address(ours.governor), item.oursId, ballot, seed);
        bytes memory theirsData = _signed(address(theirs.governor), item.theirsId, ballot, seed);
        string memory what = ballot.isExtended ? "castVoteWithReasonAndParamsBySig" : "castVoteBySig";
        _toGovernors(_actor(seed / 24), 0, oursData, theirsData, what);
    }

    function _signed(address governor, uint256 id, Ballot memory ballot, uint256 seed)
        internal
        view
        returns (bytes memory)
    {
        bytes memory fields = abi.encode(id + (ballot.fault == 4 ? 1 : 0), ballot.support, ballot.voter, ballot.nonce);
        if (ballot.isExtended) {
            bytes32 typehash = ours.governor.EXTENDED_BALLOT_TYPEHASH();
            fields = bytes.concat(
                abi.encode(typehash), fields, keccak256(bytes(ballot.reason)), keccak256(ballot.params)
            );
        } else {
            fields = bytes.concat(abi.encode(ours.governor.BALLOT_TYPEHASH()), fields);
        }
        bytes32 domain = _domain("OpenLedger OpenGovernor", governor);
        bytes memory signature = _signature(ballot, _typed(domain, keccak256(fields)), seed);
        if (!ballot.isExtended) {
            return abi.encodeCall(IOpenGovernor.castVoteBySig, (id, ballot.support, ballot.voter, signature));
        }
        return abi.encodeCall(
            IOpenGovernor.castVoteWithReasonAndParamsBySig,
            (id, ballot.support, ballot.voter, ballot.reason, ballot.params, signature)
        );
    }

    function _signature(Ballot memory ballot, bytes32 digest, uint256 seed) internal view returns (bytes memory) {
        if (ballot.voter == wallet || ballot.signer == wallet) {
            return seed % 2 == 0 ? bytes(hex"00") : _noise(seed | 8, 2_048);
        }
        (uint8 v, bytes32 r, bytes32 s) = _sign(ballot.signer, digest);
        if (ballot.fault == 5) (v, s) = _malleable(v, s);
        if (ballot.fault == 6) v -= 27;
        if (ballot.fault == 7) return abi.encodePacked(r, s);
        if (ballot.fault == 8) return abi.encodePacked(r, s, v, v);
        if (ballot.fault == 9) r = 0;
        return abi.encodePacked(r, s, v);
    }

    function _propose(address proposer, Draft memory draft, string memory text, uint256 kind) internal {
        bytes32 digest = keccak256(bytes(text));
        Item memory item;
        (item.proposer, item.text, item.isExplained, item.kind) = (proposer, text, kind != NOTHING, kind);
        item.ours = abi.encode(draft.oursTargets, draft.values, draft.oursData, digest);
        item.theirs = abi.encode(draft.theirsTargets, draft.values, draft.theirsData, digest);
        (item.oursId, item.theirsId) = (uint256(keccak256(item.ours)), uint256(keccak256(item.theirs)));
        item.oursSalt = bytes20(address(ours.governor)) ^ digest;
        item.theirsSalt = bytes20(address(theirs.governor)) ^ digest;
        item.oursOperation =
            keccak256(abi.encode(draft.oursTargets, draft.values, draft.oursData, bytes32(0), item.oursSalt));
        item.theirsOperation =
            keccak256(abi.encode(draft.theirsTargets, draft.values, draft.theirsData, bytes32(0), item.theirsSalt));
        _items.push(item);
        _focus = _items.length - 1;
        bool isDone = _toGovernors(
            proposer,
            0,
            abi.encodeCall(IOpenGovernor.propose, (draft.oursTargets, draft.values, draft.oursData, text)),
            abi.encodeCall(IOpenGovernor.propose, (draft.theirsTargets, draft.values, draft.theirsData, text)),
            "propose"
        );
        if (isDone) return;
        _items.pop();
        _focus = NOTHING;
    }

    function _handle(address sender, uint256 value, Item storage item, bytes4 selector, string memory what) internal {
        _toGovernors(sender, value, bytes.concat(selector, item.ours), bytes.concat(selector, item.theirs), what);
    }

    function _advance(Item storage item, uint256 seed) internal {
        uint8 state = ours.governor.state(item.oursId);
        uint256 snapshot = ours.governor.proposalSnapshot(item.oursId);
        uint256 deadline = ours.governor.proposalDeadline(item.oursId);
        if (state == PENDING) return _passTime(snapshot + 1 - _now());
        if (state == ACTIVE) {
            for (uint256 i = 0; i < actors.length; i++) {
                address voter = _actor(seed % actors.length + i);
                if (ours.governor.hasVoted(item.oursId, voter)) continue;
                if (staked.getPastVotes(voter, snapshot) == 0) continue;
                bytes memory oursData = abi.encodeCall(IOpenGovernor.castVote, (item.oursId, 1));
                bytes memory theirsData = abi.encodeCall(IOpenGovernor.castVote, (item.theirsId, 1));
                _toGovernors(voter, 0, oursData, theirsData, "castVote");
                return;
            }
            return _passTime(deadline + 1 - _now());
        }
        if (state == SUCCEEDED) return _handle(actors[0], 0, item, IOpenGovernor.queue.selector, "queue");
        if (state != QUEUED) revert("nothing left to do");
        uint256 eta = ours.governor.proposalEta(item.oursId);
        if (eta > _now()) return _passTime(eta - _now());
        if (item.isExplained) revert("explained");
        _handle(actors[0], 0, item, IOpenGovernor.execute.selector, "execute");
    }

    function _showExecution(Item storage item) internal {
        bytes4 selector = IOpenGovernor.execute.selector;
        (bool isOurs,) = _wouldDo(actors[0], 0, Call(address(ours.governor), bytes.concat(selector, item.ours)));
        (bool isTheirs,) = _wouldDo(actors[0], 0, Call(address(theirs.governor), bytes.concat(selector, item.theirs)));
        _must(!isOurs, "what only the anchor executes is executed");
        // kinds 2 and 3 call the timelock of then
        _must(isTheirs || item.kind == 2 || item.kind == 3, "the anchor does not execute it either");
        _items[_focus] = _items[_items.length - 1];
        _items.pop();
        _focus = NOTHING;
    }

    function _refusesMore(
        address actor,
        bytes memory atBound,
        bytes memory theirsAtBound,
        bytes memory above,
        bytes memory theirsAbove
    ) internal {
        (bool isOurs,) = _wouldDo(actor, 0, Call(address(ours.governor), atBound));
        (bool isTheirs,) = _wouldDo(actor, 0, Call(address(theirs.governor), theirsAtBound));
        _must(isOurs == isTheirs, "a bound is narrower than it is said to be");
        (isOurs,) = _wouldDo(actor, 0, Call(address(ours.governor), above));
        (bool isStill,) = _wouldDo(actor, 0, Call(address(theirs.governor), theirsAbove));
        _must(!isOurs && isStill == isTheirs, "a bound is wider than it is said to be");
    }

    /// Calldata as long as it may be, and a byte or a call longer.
    function _aboutBound(uint256 kind, uint256 id) internal pure returns (bytes memory, bytes memory) {
        if (kind == 0) {
            return (
                abi.encodeCall(IOpenGovernor.castVoteWithReason, (id, 1, string(new bytes(2_048)))),
                abi.encodeCall(IOpenGovernor.castVoteWithReason, (id, 1, string(new bytes(2_049))))
            );
        }
        if (kind == 1) {
            return (
                abi.encodeCall(IOpenGovernor.castVoteWithReasonAndParams, (id, 1, "", new bytes(1_024))),
                abi.encodeCall(IOpenGovernor.castVoteWithReasonAndParams, (id, 1, "", new bytes(1_025)))
            );
        }
        if (kind == 2) return (_long(8, 1_024, 8_192), _long(9, 1_024, 8_192));
        if (kind == 3) return (_long(8, 1_024, 8_192), _long(8, 1_025, 8_192));
        return (_long(8, 1_024, 8_192), _long(8, 1_024, 8_193));
    }

    function _long(uint256 calls, uint256 length, uint256 text) internal pure returns (bytes memory) {
        bytes[] memory data = new bytes[](calls);
        for (uint256 i = 0; i < calls; i++) data[i] = new bytes(length);
        address[] memory to = new address[](calls);
        return abi.encodeCall(IOpenGovernor.propose, (to, new uint256[](calls), data, string(new bytes(text))));
    }

    function _wouldBoth(Item storage item, bytes4 selector) internal returns (bool isTheirs) {
        bool isOurs;
        (isOurs,) = _wouldDo(actors[0], 0, Call(address(ours.governor), bytes.concat(selector, item.ours)));
        (isTheirs,) = _wouldDo(actors[0], 0, Call(address(theirs.governor), bytes.concat(selector, item.theirs)));
        _must(isOurs == isTheirs, "only one would queue or execute");
    }

    /// With a byte more of code at the target, which changes nothing that it does.
    function _showCode(Item storage item, bytes4 selector) internal {
        bytes memory code = ours.target.code;
        vm.etch(ours.target, bytes.concat(code, hex"00"));
        vm.etch(theirs.target, bytes.concat(code, hex"00"));
        Call memory called = Call(address(ours.governor), bytes.concat(selector, item.ours));
        (bool isDone, bytes memory returned) = _wouldDo(actors[0], 0, called);
        _must(!isDone, "changed code is no longer refused");
        _must(_isReason(returned, "governor: target code changed"), "changed code is refused for another reason");
        called = Call(address(theirs.governor), bytes.concat(selector, item.theirs));
        (isDone,) = _wouldDo(actors[0], 0, called);
        _must(isDone, "the anchor minds the changed code");
        vm.etch(ours.target, code);
        vm.etch(theirs.target, code);
    }

    function _toGovernors(
        address sender,
        uint256 value,
        bytes memory oursData,
        bytes memory theirsData,
        string memory what
    ) internal returns (bool) {
        Call memory oursCall = Call(address(ours.governor), oursData);
        return _bothMapped(sender, value, oursCall, Call(address(theirs.governor), theirsData), what);
    }

    function _token(address sender, bytes memory oursData, bytes memory theirsData, string memory what) internal {
        _focus = NOTHING;
        _bothMapped(sender, 0, Call(address(staked), oursData), Call(address(minted), theirsData), what);
    }

    function _batch(bytes memory content, bytes32 salt) internal pure returns (bytes memory) {
        (address[] memory to, uint256[] memory values, bytes[] memory calls,) = _content(content);
        return abi.encodeCall(ITimelock.executeBatch, (to, values, calls, bytes32(0), salt));
    }

    function _content(bytes memory content)
        internal
        pure
        returns (address[] memory, uint256[] memory, bytes[] memory, bytes32)
    {
        return abi.decode(content, (address[], uint256[], bytes[], bytes32));
    }

    // looking for a proposal
    /// Mostly one that can still change; the action is about it.
    function _anItem(uint256 seed) internal returns (Item storage) {
        if (_items.length == 0) revert("no proposal");
        uint256 position = seed % _items.length;
        for (uint256 i = 0; i < _items.length && seed % 8 > 0; i++) {
            if (_isLive(_items[position])) break;
            position = (position + 1) % _items.length;
        }
        _focus = position;
        return _items[position];
    }

    /// Mostly one that is in its vote.
    function _aVote(uint256 seed) internal returns (Item storage) {
        return seed % 8 == 0 ? _anItem(seed) : _itemIn(ACTIVE, seed);
    }

    function _itemIn(uint8 state, uint256 seed) internal returns (Item storage) {
        for (uint256 i = 0; i < _items.length && seed % 16 > 0; i++) {
            uint256 position = (seed % _items.length + i) % _items.length;
            if (ours.governor.state(_items[position].oursId) != state) continue;
            _focus = position;
            return _items[position];
        }
        return _anItem(seed);
    }

    function _isLive(Item storage item) internal view returns (bool) {
        uint8 state = ours.governor.state(item.oursId);
        return state == PENDING || state == ACTIVE || state == SUCCEEDED || state == QUEUED;
    }

    function _isForgiven(Item storage item, address caller) internal view returns (bool) {
        return ours.governor.guardian() == address(0) && caller == item.proposer
            && ours.governor.state(item.oursId) != PENDING;
    }

    function _callsTarget(Item storage item) internal view returns (bool) {
        (address[] memory to,,,) = _content(item.ours);
        for (uint256 i = 0; i < to.length; i++) {
            if (to[i] == ours.target) return true;
        }
        return false;
    }

    function _ids() internal view override returns (Pair[] memory pairs) {
        if (_focus == NOTHING) return pairs;
        Item storage item = _items[_focus];
        pairs = new Pair[](3);
        pairs[0] = _pair(bytes32(item.oursId), bytes32(item.theirsId), 32);
        pairs[1] = _pair(item.oursOperation, item.theirsOperation, 32);
        pairs[2] = _pair(item.oursSalt, item.theirsSalt, 32);
    }

    /// What must be the same after every call: the settings, and all that is known of the proposal that the call was
    /// about and of another.
    function check() external view {
        _same(abi.encodeCall(ours.governor.votingDelay, ()));
        _same(abi.encodeCall(ours.governor.votingPeriod, ()));
        _same(abi.encodeCall(ours.governor.proposalThreshold, ()));
        _same(abi.encodeCall(ours.governor.lateQuorumVoteExtension, ()));
        _same(abi.encodeWithSignature("quorumNumerator()"));
        _same(abi.encodeCall(ours.governor.clock, ()));
        _sameOf(abi.encodeCall(ours.governor.timelock, ()), abi.encodeCall(ours.governor.timelock, ()));
        bytes memory theirGuardian = abi.encodeCall(GovernorProposalGuardian.proposalGuardian, ());
        _sameOf(abi.encodeCall(ours.governor.guardian, ()), theirGuardian);
        for (uint256 i = 0; i < actors.length; i++) _same(abi.encodeCall(ours.governor.nonces, (actors[i])));
        _same(abi.encodeCall(ours.governor.nonces, (wallet)));
        for (uint256 i = 0; i < 2; i++) {
            Call memory oursCall = Call(address(ours.timelocks[i]), abi.encodeCall(ITimelock.getMinDelay, ()));
            _sameMapped(oursCall, Call(address(theirs.timelocks[i]), oursCall.data));
            require(
                address(ours.timelocks[i]).balance == address(theirs.timelocks[i]).balance, "the treasuries differ"
            );
        }
        require(address(ours.governor).balance == address(theirs.governor).balance, "the governors' ether differs");
        if (_focus != NOTHING) _checkItem(_items[_focus]);
        if (_items.length > 0) _checkItem(_items[compared % _items.length]);
    }

    function _checkItem(Item storage item) internal view {
        (uint256 a, uint256 b) = (item.oursId, item.theirsId);
        _sameOf(abi.encodeCall(ours.governor.state, (a)), abi.encodeCall(ours.governor.state, (b)));
        _sameOf(abi.encodeCall(ours.governor.proposalVotes, (a)), abi.encodeCall(ours.governor.proposalVotes, (b)));
        _sameOf(abi.encodeCall(ours.governor.proposalEta, (a)), abi.encodeCall(ours.governor.proposalEta, (b)));
        _sameOf(
            abi.encodeCall(ours.governor.proposalDeadline, (a)), abi.encodeCall(ours.governor.proposalDeadline, (b))
        );
        _sameOf(
            abi.encodeCall(ours.governor.proposalSnapshot, (a)), abi.encodeCall(ours.governor.proposalSnapshot, (b))
        );
        _sameOf(
            abi.encodeCall(ours.governor.proposalProposer, (a)), abi.encodeCall(ours.governor.proposalProposer, (b))
        );
        bytes memory asked = abi.encodeCall(ours.governor.quorum, (ours.governor.proposalSnapshot(a)));
        _sameOf(asked, asked);
        for (uint256 i = 0; i <= actors.length; i++) {
            address voter = i < actors.length ? actors[i] : wallet;
            _sameOf(
                abi.encodeCall(ours.governor.hasVoted, (a, voter)), abi.encodeCall(ours.governor.hasVoted, (b, voter))
            );
        }
        for (uint256 i = 0; i < 2; i++) {
            _sameMapped(
                Call(address(ours.timelocks[i]), abi.encodeCall(ITimelock.getTimestamp, (item.oursOperation))),
                Call(address(theirs.timelocks[i]), abi.encodeCall(ITimelock.getTimestamp, (item.theirsOperation)))
            );
        }
    }

    function _sameOf(bytes memory oursData, bytes memory theirsData) internal view {
        _sameMapped(Call(address(ours.governor), oursData), Call(address(theirs.governor), theirsData));
    }
}
