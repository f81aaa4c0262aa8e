// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVotes, OzGuardedGovernor, TimelockController} from "anchors/governance.sol";
import {OzVotes} from "anchors/tokens.sol";
import {IOpenGovernor} from "integrations/interfaces/IOpenGovernor.sol";
import {IOpenToken} from "integrations/interfaces/IOpenToken.sol";
import {IStakedOpen} from "integrations/interfaces/IStakedOpen.sol";
import {ITimelock} from "integrations/interfaces/ITimelock.sol";
import {Deploy} from "support/Deploy.sol";
import {Governors, GUARDIAN, OTHER, System, Target} from "support/Governors.sol";
import {Suite} from "support/Suite.sol";
import {vm} from "support/Vm.sol";

uint48 constant VOTING_DELAY = 1 hours;
uint32 constant VOTING_PERIOD = 1 days;
uint48 constant EXTENSION = 6 hours;
uint256 constant MIN_DELAY = 2 hours;
uint256 constant THRESHOLD_WEI = 1_000 ether;
uint256 constant QUORUM_NUMERATOR = 25;
uint256 constant QUORUM_FLOOR_WEI = 2_000_000 ether;

/// OpenGovernor over Timelock and gOPEN, and OpenZeppelin's Governor with settings, simple counting, a quorum fraction,
/// late quorum, guardian and timelock control over TimelockController and ERC20Votes: the same random calls on both.
/// Returns, events, reverts and views must be the same, but for addresses, and for ids, which are hashes of addresses.
///
/// The differences that are meant; an action of that name shows both sides:
///
/// | action | OpenGovernor | OpenZeppelin | why |
/// |---|---|---|---|
/// | explainedCode | refuses to queue or execute for changed code | does it | what was voted on is what runs |
/// | explainedBounds | 8 calls × 1,024 bytes, 8,192 of text, 2,048 of reason, 1,024 of parameters | any | gas |
/// | explainedExecution 0 | a setter's calldata has no bytes too many | it may | one hash a call, of its 36 bytes |
/// | explainedExecution 1 | the threshold is below 2^96 | any | beyond all votes nobody could ever propose |
/// | explainedExecution 2, 3 | the timelock's delay is 1 second to 30 days | any | no decision ends the delay |
/// | explainedExecution 4 | the timelock is not the zero address | any | nothing could be executed any more |
/// | explainedExecution 5 | a proposal votes, proposes, queues and executes nothing | it may | the lock |
/// | explainedGuardian | without a guardian too a proposer cancels only before the vote | at any time | voters decide |
/// | any | `set_guardian`, `GuardianSet` | `setProposalGuardian`, `ProposalGuardianSet` | names |
/// | any | reasons in words | custom errors | Vyper has none; compared is whether a call reverts |
/// | none | a quorum floor in the governor itself | the anchor's override | OpenZeppelin has none of its own |
contract OpenGovernorTwins is Governors {
    constructor(IOpenToken open_, IStakedOpen staked_, OzVotes minted_, System memory ours_, System memory theirs_)
        Governors(open_, staked_, minted_, ours_, theirs_)
    {}

    // votes come and go
    function stake(uint256 actorSeed, uint256 amountSeed) external {
        address actor = _actor(actorSeed);
        uint256 amount = _amount(amountSeed, open.balanceOf(actor) / 4);
        if (amount == 0) revert("nothing left to stake");
        bytes memory theirsData = abi.encodeCall(minted.mint, (actor, amount));
        _token(actor, abi.encodeCall(staked.stake, (amount)), theirsData, "stake");
    }

    function requestExit(uint256 actorSeed, uint256 amountSeed) external {
        address actor = _actor(actorSeed);
        uint256 amount = _amount(amountSeed, staked.balanceOf(actor) / 2);
        if (amount == 0) revert("nothing to exit");
        bytes memory theirsData = abi.encodeCall(minted.burn, (actor, amount));
        _token(actor, abi.encodeCall(staked.request_exit, (amount)), theirsData, "exit");
    }

    /// Mostly to a voter, now and then to the wallet or to nobody.
    function delegate(uint256 actorSeed, uint256 delegateSeed) external {
        address delegatee = delegateSeed % 8 == 0 ? address(0) : _voter(delegateSeed / 8);
        bytes memory data = abi.encodeCall(staked.delegate, (delegatee));
        _token(_actor(actorSeed), data, data, "delegate");
    }

    // time
    function passTime(uint256 seed) external override {
        _passTime(1 + seed / 8 % (seed % 8 == 0 ? 1 days : 1 hours));
    }

    /// To the seconds about one at which a proposal changes its state.
    function reachBoundary(uint256 itemSeed, uint256 boundarySeed) external {
        Item storage item = _anItem(itemSeed);
        uint256 boundary = ours.governor.proposalSnapshot(item.oursId);
        if (boundary <= _now()) boundary = ours.governor.proposalDeadline(item.oursId);
        if (boundary <= _now()) boundary = ours.governor.proposalEta(item.oursId);
        if (boundary <= _now() + 1) revert("already past");
        _passTime(boundary - 1 + boundarySeed % 3 - _now());
    }

    // proposals
    function propose(uint256 actorSeed, uint256 countSeed, uint256 callsSeed, uint256 textSeed) external {
        address proposer = _proposer(actorSeed);
        uint256 count = 1 + (countSeed % 8 == 0 ? countSeed / 8 % 8 : countSeed / 8 % 2);
        Draft memory draft = _blank(count);
        for (uint256 i = 0; i < count; i++) _draw(draft, i, uint256(keccak256(abi.encode(callsSeed, i))));
        _propose(proposer, draft, _text(textSeed, proposer), NOTHING);
    }

    /// Lists that differ in length, or are empty; and what was proposed before. Both must refuse.
    function proposeWrongly(uint256 actorSeed, uint256 targets, uint256 values, uint256 calls) external {
        address[] memory to = new address[](targets % 4);
        for (uint256 i = 0; i < to.length; i++) to[i] = actors[i];
        bytes memory data = abi.encodeCall(
            IOpenGovernor.propose, (to, new uint256[](values % 4), new bytes[](calls % 4), "lengths")
        );
        _focus = NOTHING;
        _toGovernors(_proposer(actorSeed), 0, data, data, "propose wrongly");
    }

    function proposeAgain(uint256 actorSeed, uint256 itemSeed) external {
        Item storage item = _anItem(itemSeed);
        (address[] memory to, uint256[] memory values, bytes[] memory calls,) = _content(item.ours);
        (address[] memory theirTo,, bytes[] memory theirCalls,) = _content(item.theirs);
        _toGovernors(
            actorSeed % 2 == 0 ? item.proposer : _actor(actorSeed),
            0,
            abi.encodeCall(IOpenGovernor.propose, (to, values, calls, item.text)),
            abi.encodeCall(IOpenGovernor.propose, (theirTo, values, theirCalls, item.text)),
            "propose again"
        );
    }

    // votes; one in sixteen is none of the three
    function castVote(uint256 actorSeed, uint256 itemSeed, uint256 supportSeed) external {
        Item storage item = _aVote(itemSeed);
        uint8 support = _support(supportSeed);
        bytes memory oursData = abi.encodeCall(IOpenGovernor.castVote, (item.oursId, support));
        bytes memory theirsData = abi.encodeCall(IOpenGovernor.castVote, (item.theirsId, support));
        _toGovernors(_unheard(item, actorSeed), 0, oursData, theirsData, "castVote");
    }

    function castVoteWithReason(uint256 actorSeed, uint256 itemSeed, uint256 supportSeed, bytes memory reason)
        external
    {
        Item storage item = _aVote(itemSeed);
        (uint8 support, string memory text) = (_support(supportSeed), string(_cut(reason, 2_048)));
        bytes memory oursData = abi.encodeCall(IOpenGovernor.castVoteWithReason, (item.oursId, support, text));
        bytes memory theirsData = abi.encodeCall(IOpenGovernor.castVoteWithReason, (item.theirsId, support, text));
        _toGovernors(_unheard(item, actorSeed), 0, oursData, theirsData, "castVoteWithReason");
    }

    function castVoteWithReasonAndParams(
        uint256 actorSeed,
        uint256 itemSeed,
        uint256 supportSeed,
        bytes memory reason,
        bytes memory params
    ) external {
        Item storage item = _aVote(itemSeed);
        (uint8 support, string memory text) = (_support(supportSeed), string(_cut(reason, 2_048)));
        params = supportSeed % 5 == 0 ? bytes("") : _cut(params, 1_024);
        bytes memory oursData =
            abi.encodeCall(IOpenGovernor.castVoteWithReasonAndParams, (item.oursId, support, text, params));
        bytes memory theirsData =
            abi.encodeCall(IOpenGovernor.castVoteWithReasonAndParams, (item.theirsId, support, text, params));
        _toGovernors(_unheard(item, actorSeed), 0, oursData, theirsData, "castVoteWithReasonAndParams");
    }

    function castVoteBySig(uint256 actorSeed, uint256 itemSeed, uint256 supportSeed, uint256 faultSeed) external {
        Item storage item = _aVote(itemSeed);
        _castSigned(item, _ballot(item, actorSeed, supportSeed, faultSeed), faultSeed);
    }

    function castVoteWithReasonAndParamsBySig(
        uint256 actorSeed,
        uint256 itemSeed,
        uint256 supportSeed,
        uint256 faultSeed,
        bytes memory reason,
        bytes memory params
    ) external {
        Item storage item = _aVote(itemSeed);
        Ballot memory ballot = _ballot(item, actorSeed, supportSeed, faultSeed);
        (ballot.isExtended, ballot.reason, ballot.params) = (true, string(_cut(reason, 2_048)), _cut(params, 1_024));
        _castSigned(item, ballot, faultSeed);
    }

    // the rest of a proposal's life
    function queue(uint256 actorSeed, uint256 itemSeed) external {
        _handle(_actor(actorSeed), 0, _itemIn(SUCCEEDED, itemSeed), IOpenGovernor.queue.selector, "queue");
    }

    /// Now and then with ether, too early, or with other content than was proposed.
    function execute(uint256 actorSeed, uint256 itemSeed, uint256 valueSeed) external {
        Item storage item = _itemIn(QUEUED, itemSeed);
        if (item.isExplained) revert("explained");
        uint256 eta = ours.governor.proposalEta(item.oursId);
        if (valueSeed % 3 > 0 && eta > _now()) _passTime(eta - _now());
        uint256 value = valueSeed % 4 == 0 ? valueSeed / 4 % 3 : 0;
        _handle(_actor(actorSeed), value, item, IOpenGovernor.execute.selector, "execute");
    }

    /// By the proposer, the guardian or somebody.
    function cancel(uint256 actorSeed, uint256 itemSeed) external {
        Item storage item = actorSeed % 2 == 0 ? _itemIn(PENDING, itemSeed) : _anItem(itemSeed);
        address caller = actorSeed % 3 == 0 ? item.proposer : _actor(actorSeed / 3);
        if (actorSeed % 6 == 1 && ours.governor.guardian() != address(0)) caller = ours.governor.guardian();
        if (_isForgiven(item, caller)) revert("explained");
        _handle(caller, 0, item, IOpenGovernor.cancel.selector, "cancel");
    }

    /// One step further: the vote of somebody, or the time it waits for, or the queue, or the execution.
    function advance(uint256 itemSeed, uint256 actorSeed) external {
        _advance(_anItem(itemSeed), actorSeed);
    }

    /// Whoever got a role there from governance may go to the timelock itself.
    function atTimelock(uint256 actorSeed, uint256 itemSeed, bool isCancel) external {
        Item storage item = _itemIn(QUEUED, itemSeed);
        if (item.isExplained) revert("explained");
        uint256 eta = ours.governor.proposalEta(item.oursId);
        if (!isCancel && itemSeed % 3 > 0 && eta > _now()) _passTime(eta - _now());
        uint256 which = ours.governor.timelock() == address(ours.timelocks[0]) ? 0 : 1;
        bytes memory oursData = _batch(item.ours, item.oursSalt);
        bytes memory theirsData = _batch(item.theirs, item.theirsSalt);
        if (isCancel) oursData = abi.encodeCall(ITimelock.cancel, (item.oursOperation));
        if (isCancel) theirsData = abi.encodeCall(ITimelock.cancel, (item.theirsOperation));
        _bothMapped(
            actorSeed % 2 == 0 ? OTHER : _actor(actorSeed / 2),
            0,
            Call(address(ours.timelocks[which]), oursData),
            Call(address(theirs.timelocks[which]), theirsData),
            isCancel ? "cancel at the timelock" : "execute at the timelock"
        );
    }

    /// What only governance may do, by somebody; and tokens, which neither takes.
    function callDirectly(uint256 actorSeed, uint256 kind, uint256 seed) external {
        Draft memory draft = _blank(1);
        _draw(draft, 0, seed << 8 | 3 + kind % 6);
        if (kind % 8 == 0) {
            draft.oursData[0] = abi.encodeCall(ours.governor.onERC721Received, (address(1), address(2), seed, "x"));
            draft.theirsData[0] = draft.oursData[0];
        }
        _focus = NOTHING;
        _toGovernors(_actor(actorSeed), seed % 5 == 0 ? 1 : 0, draft.oursData[0], draft.theirsData[0], "direct call");
    }

    // reads
    function readPast(uint256 ageSeed, uint256 actorSeed, bytes memory params) external {
        uint256 timepoint = ageSeed % 2 == 0 ? _now() + 1 - ageSeed / 2 % 4 : _now() - ageSeed / 2 % 6 days;
        if (ageSeed % 32 == 5) timepoint = ageSeed;
        _focus = NOTHING;
        bytes memory data = abi.encodeCall(IOpenGovernor.quorum, (timepoint));
        _toGovernors(address(this), 0, data, data, "quorum");
        data = abi.encodeWithSignature("quorumNumerator(uint256)", timepoint);
        _toGovernors(address(this), 0, data, data, "quorumNumerator");
        data = abi.encodeCall(IOpenGovernor.getVotes, (_voter(actorSeed), timepoint));
        _toGovernors(address(this), 0, data, data, "getVotes");
        data = abi.encodeCall(IOpenGovernor.getVotesWithParams, (_voter(actorSeed), timepoint, _cut(params, 1_024)));
        _toGovernors(address(this), 0, data, data, "getVotesWithParams");
    }

    /// Of any lists: their lengths need not agree.
    function readHash(uint256 targets, uint256 values, bytes[] memory calls, bytes32 text) external {
        if (calls.length > 8) assembly { mstore(calls, 8) }
        for (uint256 i = 0; i < calls.length; i++) calls[i] = _cut(calls[i], 1_024);
        uint256[] memory amounts = new uint256[](values % 9);
        for (uint256 i = 0; i < amounts.length; i++) amounts[i] = uint256(keccak256(abi.encode(values, i)));
        address[] memory to = new address[](targets % 9);
        for (uint256 i = 0; i < to.length; i++) to[i] = address(uint160(targets / 2 + i));
        bytes memory data = abi.encodeCall(IOpenGovernor.hashProposal, (to, amounts, calls, text));
        _focus = NOTHING;
        _toGovernors(address(this), 0, data, data, "hashProposal");
        data = abi.encodeCall(IOpenGovernor.getProposalId, (to, amounts, calls, text));
        _toGovernors(address(this), 0, data, data, "getProposalId");
        // hashed: the text may be the id of a proposal that was seen in a log of one of the two, and ids differ
        data = abi.encodeCall(IOpenGovernor.state, (uint256(keccak256(abi.encode(text)))));
        _toGovernors(address(this), 0, data, data, "state of no proposal");
    }

    // what is meant to differ
    /// For a proposal that could be queued or executed now; one step of its life a call.
    function explainedCode(uint256 itemSeed, uint256 actorSeed) external {
        Item storage item = _anItem(itemSeed);
        for (uint256 i = 0; i < _items.length && !(_isLive(item) && _callsTarget(item)); i++) {
            _focus = (_focus + 1) % _items.length;
            item = _items[_focus];
        }
        if (item.isExplained || !_callsTarget(item)) revert("no such proposal");
        bytes4 selector = IOpenGovernor.queue.selector;
        if (ours.governor.state(item.oursId) == QUEUED) selector = IOpenGovernor.execute.selector;
        if (_wouldBoth(item, selector)) _showCode(item, selector);
        _advance(item, actorSeed);
    }

    function explainedBounds(uint256 actorSeed, uint256 itemSeed, uint256 kind) external {
        address actor = _proposer(actorSeed);
        _focus = NOTHING;
        (bytes memory atBound, bytes memory above) = _aboutBound(kind % 5, 0);
        if (kind % 5 < 2) {
            Item storage item = _aVote(itemSeed);
            (atBound, above) = _aboutBound(kind % 5, item.oursId);
            (bytes memory theirsAtBound, bytes memory theirsAbove) = _aboutBound(kind % 5, item.theirsId);
            _refusesMore(actor, atBound, theirsAtBound, above, theirsAbove);
        } else {
            _refusesMore(actor, atBound, atBound, above, above);
        }
    }

    /// A proposal that both let pass and only the anchor executes; one step of its life a call.
    function explainedExecution(uint256 actorSeed, uint256 kind) external {
        for (uint256 i = _items.length; i > 0; i--) {
            Item storage item = _items[i - 1];
            if (!item.isExplained || !_isLive(item)) continue;
            _focus = i - 1;
            if (ours.governor.state(item.oursId) == QUEUED && ours.governor.proposalEta(item.oursId) <= _now()) {
                _showExecution(item);
            } else {
                _advance(item, actorSeed);
            }
            return;
        }
        address proposer = _proposer(actorSeed);
        Draft memory draft = _blank(kind % EXPLAINED_KINDS == 5 ? 2 : 1);
        _drawExplained(draft, kind % EXPLAINED_KINDS, actorSeed);
        _propose(proposer, draft, _text(0, proposer), kind % EXPLAINED_KINDS);
    }

    /// Without a guardian, OpenZeppelin's proposers may cancel in any phase.
    function explainedGuardian(uint256 itemSeed) external {
        Item storage item = _anItem(itemSeed);
        Call memory called = Call(address(ours.governor), bytes.concat(IOpenGovernor.cancel.selector, item.ours));
        address caller = item.proposer;
        uint8 state = ours.governor.state(item.oursId);
        (bool isDone, bytes memory returned) = _wouldDo(caller, 0, called);
        if (state != PENDING && caller != ours.governor.guardian()) {
            _must(!isDone, "a proposer cancels after the vote has begun");
            _must(_isReason(returned, "governor: caller may not cancel"), "a cancel is refused for another reason");
        }
        called = Call(address(theirs.governor), bytes.concat(IOpenGovernor.cancel.selector, item.theirs));
        (bool isTheirs,) = _wouldDo(caller, 0, called);
        bool isOver = state == CANCELED || state == EXECUTED;
        _must(isTheirs == (isDone || (_isForgiven(item, caller) && !isOver)), "the anchor's proposer cancels");
    }
}

contract OpenGovernorDifferential is Suite {
    OpenGovernorTwins internal twins;

    function setUp() external override {
        IOpenToken open = IOpenToken(Deploy.vyper("OpenToken", abi.encode(address(this))));
        IStakedOpen staked = IStakedOpen(Deploy.vyper("StakedOpen", abi.encode(address(open), 10 days)));
        OzVotes minted = new OzVotes();
        twins = new OpenGovernorTwins(open, staked, minted, _ours(staked), _theirs(minted));
        for (uint256 i = 0; i < twins.actorCount(); i++) {
            address actor = twins.actors(i);
            open.transfer(actor, 100_000_000 ether);
            payable(actor).transfer(1_000);
            minted.mint(actor, 5_000_000 ether);
            vm.startPrank(actor);
            staked.stake(5_000_000 ether);
            staked.delegate(actor);
            minted.delegate(actor);
            vm.stopPrank();
        }
        vm.warp(vm.getBlockTimestamp() + 1);
        _target(twins);
    }

    /// The timelocks know their governor before it is there, by the address that it will have.
    function _ours(IStakedOpen staked) internal returns (System memory made) {
        address[] memory members = _members(_created(6));
        for (uint256 i = 0; i < 2; i++) {
            made.timelocks[i] = ITimelock(Deploy.vyper("Timelock", abi.encode(MIN_DELAY, members, members)));
            (bool isPaid,) = address(made.timelocks[i]).call{value: 1_000}("");
            require(isPaid, "a timelock takes no ether");
        }
        made.governor = IOpenGovernor(
            Deploy.vyper(
                "OpenGovernor",
                abi.encode(
                    staked,
                    made.timelocks[0],
                    GUARDIAN,
                    VOTING_DELAY,
                    VOTING_PERIOD,
                    THRESHOLD_WEI,
                    QUORUM_NUMERATOR,
                    QUORUM_FLOOR_WEI,
                    EXTENSION
                )
            )
        );
        require(address(made.governor) == members[0], "the governor is elsewhere");
        made.target = address(new Target());
    }

    function _theirs(OzVotes minted) internal returns (System memory made) {
        address[] memory members = _members(_created(10));
        TimelockController[2] memory timelocks;
        for (uint256 i = 0; i < 2; i++) {
            timelocks[i] = new TimelockController(MIN_DELAY, members, members, address(0));
            made.timelocks[i] = ITimelock(address(timelocks[i]));
            payable(timelocks[i]).transfer(1_000);
        }
        made.governor = IOpenGovernor(
            address(
                new OzGuardedGovernor(
                    IVotes(address(minted)),
                    timelocks[0],
                    GUARDIAN,
                    VOTING_DELAY,
                    VOTING_PERIOD,
                    THRESHOLD_WEI,
                    QUORUM_NUMERATOR,
                    QUORUM_FLOOR_WEI,
                    EXTENSION
                )
            )
        );
        require(address(made.governor) == members[0], "the anchor is elsewhere");
        made.target = address(new Target());
    }

    function _members(address governor) internal pure returns (address[] memory named) {
        named = new address[](2);
        (named[0], named[1]) = (governor, OTHER);
    }

    /// The address of what this contract creates as its `count`-th.
    function _created(uint8 count) internal view returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"d694", address(this), count)))));
    }

    function invariant_holds() external override {
        _noViolation(twins);
        twins.check();
    }
}
