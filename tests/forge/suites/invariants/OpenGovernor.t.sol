// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOpenGovernor} from "integrations/interfaces/IOpenGovernor.sol";
import {IOpenToken} from "integrations/interfaces/IOpenToken.sol";
import {IStakedOpen} from "integrations/interfaces/IStakedOpen.sol";
import {ITimelock} from "integrations/interfaces/ITimelock.sol";
import {Deploy} from "support/Deploy.sol";
import {Handler} from "support/Handler.sol";
import {Suite} from "support/Suite.sol";
import {vm} from "support/Vm.sol";

uint48 constant VOTING_DELAY = 1 hours;
uint32 constant VOTING_PERIOD = 1 days;
uint48 constant EXTENSION = 6 hours;
uint256 constant MIN_DELAY = 2 hours;
uint256 constant FUNDS_WEI = 20_000_000 ether;
uint256 constant THRESHOLD_WEI = 1_000 ether;
uint256 constant QUORUM_NUMERATOR = 25;
uint256 constant QUORUM_FLOOR_WEI = 6_000_000 ether;
// longer than the longest vote that the proposals here can ask for, with its extension
uint256 constant COOLDOWN_SECONDS = 3 days;
uint256 constant LONGEST_VOTE_SECONDS = 36 hours;
address constant GUARDIAN = address(uint160(uint256(keccak256("openledger guardian"))));

/// Keeps what the targets were told, and by whom; the targets' own code may change.
contract Journal {
    mapping(uint256 => uint256) public runs;
    mapping(uint256 => uint256) public ranAt;
    uint256 public strangers;
    address internal _timelock;
    address internal _callee;
    bytes internal _data;
    uint256 public reentries;

    function setTimelock(address timelock) external {
        _timelock = timelock;
    }

    /// What a target calls while it is called.
    function arm(address callee, bytes calldata data) external {
        (_callee, _data) = (callee, data);
    }

    function note(address caller, uint256 tag) external {
        runs[tag]++;
        ranAt[tag] = block.timestamp;
        if (caller != _timelock) strangers++;
        if (_callee == address(0)) return;
        (bool isDone,) = _callee.call(_data);
        if (isDone) reentries++;
    }
}

/// What proposals call.
contract Target {
    Journal internal immutable journal;

    constructor(Journal journal_) {
        journal = journal_;
    }

    function act(uint256 tag) external {
        journal.note(msg.sender, tag);
    }
}

/// Stakes what it borrowed, does what it can with it within a transaction, and takes everything back, as whoever lends
/// for a transaction would.
contract FlashStaker {
    function attack(IOpenToken open, IStakedOpen staked, IOpenGovernor governor, uint256 id, bytes calldata proposal)
        external
    {
        open.approve(address(staked), type(uint256).max);
        staked.stake(open.balanceOf(address(this)));
        staked.delegate(address(this));
        uint256 weight;
        try governor.castVote(id, 1) returns (uint256 counted) {
            weight = counted;
        } catch {}
        (bool hasProposed,) = address(governor).call(proposal);
        staked.request_exit(staked.balanceOf(address(this)));
        (bool hasLeft,) = address(staked).call(abi.encodeCall(staked.withdraw, ()));
        bytes memory answer = abi.encode(weight, hasProposed, hasLeft);
        assembly ("memory-safe") {
            revert(add(answer, 32), mload(answer))
        }
    }
}

/// Voters who stake, delegate and leave, propose and vote; a guardian; targets whose code changes; and whoever tries
/// what only governance may. The handler keeps its own account of every vote, of who had how many votes at which
/// second, and of the code that a proposal was made for.
contract OpenGovernorHandler is Handler {
    struct Item {
        uint256 id;
        address proposer;
        uint256 tag;
        uint256 calls;
        uint256 codeCalls;
        bytes content;
        address[] targets;
        bytes32[] codes;
        uint256 snapshot;
        uint256 firstDeadline;
        uint256 queuedAt;
        bool isExecuted;
        bool isCanceled;
        uint256[3] votes;
    }

    /// Who had how many votes from some second on, how many there were, and the share that is the quorum.
    struct Mark {
        uint256 at;
        uint256 supply;
        uint256 numerator;
        uint256[] votes;
    }

    uint256 internal constant TARGETS = 3;
    uint8 internal constant PENDING = 0;
    uint8 internal constant ACTIVE = 1;
    uint8 internal constant CANCELED = 2;
    uint8 internal constant DEFEATED = 3;
    uint8 internal constant SUCCEEDED = 4;
    uint8 internal constant QUEUED = 5;
    uint8 internal constant EXECUTED = 7;
    bytes32 internal constant BALLOT_TYPEHASH =
        keccak256("Ballot(uint256 proposalId,uint8 support,address voter,uint256 nonce)");

    IOpenToken internal immutable open;
    IStakedOpen internal immutable staked;
    IOpenGovernor internal immutable governor;
    ITimelock internal immutable timelock;
    Journal public immutable journal;
    FlashStaker internal immutable flash = new FlashStaker();
    address[] internal _targets;
    bytes[] internal _codes;
    Item[] internal _items;
    Mark[] internal _marks;
    mapping(address => uint256) internal _requestedAt;
    mapping(uint256 => mapping(address => bool)) internal _hasVoted;

    constructor(IOpenToken open_, IStakedOpen staked_, IOpenGovernor governor_, ITimelock timelock_, Journal journal_) {
        (open, staked, governor, timelock, journal) = (open_, staked_, governor_, timelock_, journal_);
        _addActors(5);
        for (uint256 i = 0; i < actors.length; i++) {
            vm.prank(msg.sender);
            open.transfer(actors[i], FUNDS_WEI);
            vm.startPrank(actors[i]);
            open.approve(address(staked), type(uint256).max);
            staked.stake(FUNDS_WEI / 8);
            staked.delegate(actors[i]);
            vm.stopPrank();
        }
        for (uint256 i = 0; i < TARGETS; i++) {
            _targets.push(address(new Target(journal)));
            _codes.push(_targets[i].code);
        }
        _mark();
    }

    function items() external view returns (uint256) {
        return _items.length;
    }

    function item(uint256 position) external view returns (Item memory) {
        return _items[position];
    }

    // stake
    function stake(uint256 actorSeed, uint256 amountSeed, bool isDelegating) external {
        address actor = _actor(actorSeed);
        uint256 amount = _amount(amountSeed, open.balanceOf(actor) / 4);
        vm.startPrank(actor);
        staked.stake(amount);
        if (isDelegating && staked.delegates(actor) == address(0)) staked.delegate(actor);
        vm.stopPrank();
        _mark();
    }

    function requestExit(uint256 actorSeed, uint256 amountSeed) external {
        address actor = _actor(actorSeed);
        uint256 amount = _amount(amountSeed, staked.balanceOf(actor) / 2);
        vm.prank(actor);
        staked.request_exit(amount);
        _requestedAt[actor] = _now();
        _mark();
    }

    /// Whoever takes OPEN out during a vote had asked for it before the vote's snapshot, and had no vote for it.
    function withdraw(uint256 actorSeed) external {
        address actor = _actor(actorSeed);
        for (uint256 i = 0; i < actors.length && !_isDue(actor); i++) actor = _actor(actorSeed % 5 + i);
        vm.prank(actor);
        staked.withdraw();
        for (uint256 i = 0; i < _items.length; i++) {
            if (_items[i].snapshot >= _now() || governor.proposalDeadline(_items[i].id) < _now()) continue;
            _must(_requestedAt[actor] <= _items[i].snapshot, "INV-12: a voter has left before the vote's end");
        }
    }

    function delegate(uint256 actorSeed, uint256 delegateSeed) external {
        vm.prank(_actor(actorSeed));
        staked.delegate(delegateSeed % 8 == 0 ? address(0) : _actor(delegateSeed / 8));
        _mark();
    }

    // time
    function passTime(uint256 seed) external override {
        _passTime(1 + seed / 8 % (seed % 8 == 0 ? 1 days : 1 hours));
    }

    /// To the seconds about one at which a proposal changes its state.
    function reachBoundary(uint256 itemSeed, uint256 seed) external {
        Item storage chosen = _live(itemSeed);
        uint256 boundary = chosen.snapshot;
        if (boundary <= _now()) boundary = governor.proposalDeadline(chosen.id);
        if (boundary <= _now()) boundary = governor.proposalEta(chosen.id);
        if (boundary <= _now() + 1) revert("already past");
        _passTime(boundary - 1 + seed % 3 - _now());
    }

    // a proposal's life
    /// Mostly of calls to the targets; one in four has a setting too.
    function propose(uint256 actorSeed, uint256 callsSeed) public {
        address proposer = _actor(actorSeed);
        for (uint256 i = 0; i < 5 && !_mayPropose(proposer); i++) proposer = _actor(actorSeed % 5 + i);
        Item memory made = _make(proposer, callsSeed);
        (address[] memory to, uint256[] memory values, bytes[] memory data,) = _content(made.content);
        bool mayPropose = _mayPropose(proposer);
        vm.prank(proposer);
        made.id = governor.propose(to, values, data, vm.toString(made.tag));
        _must(mayPropose, "INV-12: proposed with too few votes of a second ago");
        made.snapshot = governor.proposalSnapshot(made.id);
        made.firstDeadline = governor.proposalDeadline(made.id);
        _must(made.snapshot >= _now(), "INV-12: a snapshot in the past");
        _items.push(made);
    }

    function castVote(uint256 actorSeed, uint256 itemSeed, uint256 support) external {
        Item storage chosen = _in(ACTIVE, itemSeed);
        address voter = _unheard(chosen, actorSeed);
        vm.prank(voter);
        uint256 weight = governor.castVote(chosen.id, uint8(support % 3));
        _counted(chosen, voter, uint8(support % 3), weight);
    }

    /// The same ballot a second time must fail, also on another proposal, and where it was signed with a wrong nonce.
    function castVoteBySig(uint256 actorSeed, uint256 itemSeed, uint256 support, uint256 fault) external {
        Item storage chosen = _in(ACTIVE, itemSeed);
        address voter = _unheard(chosen, actorSeed);
        uint256 nonce = governor.nonces(voter) + (fault % 8 == 0 ? 1 : 0);
        bytes memory signature = _ballot(chosen.id, uint8(support % 3), voter, nonce);
        uint256 weight = governor.castVoteBySig(chosen.id, uint8(support % 3), voter, signature);
        _must(fault % 8 > 0, "INV-12: a ballot with a wrong nonce counted");
        _must(governor.nonces(voter) == nonce + 1, "INV-12: a ballot's nonce is not used up");
        _counted(chosen, voter, uint8(support % 3), weight);
        Item storage other = _items[itemSeed / 3 % _items.length];
        try governor.castVoteBySig(other.id, uint8(support % 3), voter, signature) {
            _must(false, "INV-12: a ballot counted twice");
        } catch {}
    }

    function queue(uint256 itemSeed) external {
        _queue(_in(SUCCEEDED, itemSeed), itemSeed);
    }

    /// One time in four as it comes, otherwise when it is due and its targets' code is back.
    function execute(uint256 itemSeed, uint256 seed) external {
        Item storage chosen = _in(QUEUED, itemSeed);
        uint256 eta = governor.proposalEta(chosen.id);
        if (seed % 4 > 0) {
            if (eta > _now()) _passTime(eta - _now());
            _restore(chosen);
        }
        bytes memory data = bytes.concat(IOpenGovernor.execute.selector, chosen.content);
        // the targets try to run the same once more from inside, and another that may be due
        if (seed % 3 == 0) journal.arm(address(governor), data);
        if (seed % 3 == 1) journal.arm(address(timelock), _batch(chosen));
        _call(_actor(seed / 3), address(governor), data);
        _must(!chosen.isExecuted, "INV-14: executed twice");
        _must(chosen.queuedAt > 0 && _now() >= chosen.queuedAt + MIN_DELAY, "INV-14: executed before its eta");
        _must(_isSameCode(chosen), "INV-14: executed for another code");
        chosen.isExecuted = true;
        journal.arm(address(0), "");
        _mark();
    }

    /// Only the proposer before the vote, and the guardian until it is executed.
    function cancel(uint256 itemSeed, uint256 actorSeed) external {
        Item storage chosen = actorSeed % 2 == 0 ? _in(PENDING, itemSeed) : _items[itemSeed % _items.length];
        address caller = actorSeed % 3 == 0 ? chosen.proposer : _actor(actorSeed / 3);
        if (actorSeed % 12 == 1) caller = GUARDIAN;
        uint8 state = governor.state(chosen.id);
        bool mayCancel = caller == GUARDIAN && state != CANCELED && state != EXECUTED;
        mayCancel = mayCancel || (caller == chosen.proposer && state == PENDING);
        vm.prank(caller);
        (bool isDone,) = address(governor).call(bytes.concat(IOpenGovernor.cancel.selector, chosen.content));
        _must(isDone == mayCancel, "INV-14: canceled by somebody who may not, or not by somebody who may");
        if (isDone) chosen.isCanceled = true;
    }

    /// One step further: the votes of all, or the time it waits for, or the queue; or a new one where none is left.
    function advance(uint256 itemSeed) external {
        Item storage chosen = _in(SUCCEEDED, itemSeed);
        if (governor.state(chosen.id) != SUCCEEDED || itemSeed % 4 == 0) chosen = _live(itemSeed);
        if (_isOver(chosen)) return propose(itemSeed, itemSeed / 5);
        uint8 state = governor.state(chosen.id);
        if (state == PENDING) return _passTime(chosen.snapshot + 1 - _now());
        if (state == ACTIVE) {
            for (uint256 i = 0; i < actors.length; i++) {
                if (_hasVoted[chosen.id][actors[i]]) continue;
                vm.prank(actors[i]);
                _counted(chosen, actors[i], 1, governor.castVote(chosen.id, 1));
            }
            return _passTime(governor.proposalDeadline(chosen.id) + 1 - _now());
        }
        if (state == SUCCEEDED) _queue(chosen, itemSeed);
    }

    // attacks
    /// A target gets another code, loses its code, or gets the first one back.
    function morph(uint256 targetSeed, uint256 kind) external {
        uint256 i = targetSeed % TARGETS;
        bytes memory code = _codes[i];
        if (kind % 3 == 0) code = "";
        if (kind % 3 == 1) code = bytes.concat(code, hex"00");
        vm.etch(_targets[i], code);
    }

    /// What is staked in a transaction has no vote in it, and cannot leave in it.
    function flashStake(uint256 itemSeed, uint256 amountSeed) external {
        Item memory made = _make(address(flash), itemSeed);
        (address[] memory to, uint256[] memory values, bytes[] memory data,) = _content(made.content);
        address lender = _actor(itemSeed);
        bytes memory proposal = abi.encodeCall(IOpenGovernor.propose, (to, values, data, vm.toString(made.tag)));
        uint256 amount = 1 + amountSeed % (open.balanceOf(lender) / 2);
        uint256 id = _items.length == 0 ? 0 : _in(ACTIVE, itemSeed).id;
        vm.prank(lender);
        open.transfer(address(flash), amount);
        bytes memory attack = abi.encodeCall(FlashStaker.attack, (open, staked, governor, id, proposal));
        (, bytes memory answer) = address(flash).call(attack);
        (uint256 weight, bool hasProposed, bool hasLeft) = abi.decode(answer, (uint256, bool, bool));
        _must(weight == 0, "INV-12: a stake of this transaction voted");
        _must(!hasProposed, "INV-12: a stake of this transaction proposed");
        _must(!hasLeft, "INV-12: a stake of this transaction was paid back");
        vm.prank(address(flash));
        open.transfer(lender, amount);
    }

    /// What only the governor may do at the timelock, and only governance at the governor, by anybody: voter, guardian
    /// or deployer. All must fail.
    function attack(uint256 actorSeed, uint256 itemSeed, uint256 kind) external {
        address attacker = _actor(actorSeed / 4);
        if (actorSeed % 4 == 0) attacker = GUARDIAN;
        if (actorSeed % 4 == 1) attacker = msg.sender;
        Item storage chosen = _in(QUEUED, itemSeed);
        (address to, bytes memory data) = kind % 2 == 0
            ? (address(timelock), _timelockAttack(chosen, kind / 2, attacker))
            : (address(governor), _governorAttack(kind / 2, attacker));
        vm.prank(attacker);
        (bool isDone,) = to.call(data);
        _must(!isDone, "INV-14: somebody did what only governance may");
    }

    /// The guardian has no more power than anybody, but for canceling.
    function guardianTries(uint256 itemSeed, uint256 seed) external {
        Item memory made = _make(GUARDIAN, seed);
        (address[] memory to, uint256[] memory values, bytes[] memory data,) = _content(made.content);
        vm.prank(GUARDIAN);
        try governor.propose(to, values, data, vm.toString(made.tag)) {
            _must(false, "the guardian proposes without votes");
        } catch {}
        Item storage chosen = _in(ACTIVE, itemSeed);
        if (governor.state(chosen.id) != ACTIVE || governor.hasVoted(chosen.id, GUARDIAN)) return;
        vm.prank(GUARDIAN);
        _must(governor.castVote(chosen.id, 1) == 0, "the guardian votes without votes");
    }

    // what the handler knows
    /// What the state must be, from what the handler saw and from the deadline.
    function expectedState(uint256 position) external view returns (uint8) {
        Item storage chosen = _items[position];
        if (chosen.isExecuted) return EXECUTED;
        if (chosen.isCanceled) return CANCELED;
        if (_now() <= chosen.snapshot) return PENDING;
        if (_now() <= governor.proposalDeadline(chosen.id)) return ACTIVE;
        uint256 share = _votesFor(chosen) + chosen.votes[2];
        if (share < neededQuorum(position) || _votesFor(chosen) <= chosen.votes[0]) return DEFEATED;
        return chosen.queuedAt == 0 ? SUCCEEDED : QUEUED;
    }

    /// At least the floor, from what there was at the snapshot.
    function neededQuorum(uint256 position) public view returns (uint256) {
        Mark storage then = _markAt(_items[position].snapshot);
        uint256 share = then.supply * then.numerator / 100;
        return share < QUORUM_FLOOR_WEI ? QUORUM_FLOOR_WEI : share;
    }

    function supplyAt(uint256 timepoint) external view returns (uint256) {
        return _markAt(timepoint).supply;
    }

    function _votesFor(Item storage chosen) internal view returns (uint256) {
        return chosen.votes[1];
    }

    function _queue(Item storage chosen, uint256 seed) internal {
        if (seed % 4 > 0) _restore(chosen);
        uint8 before = governor.state(chosen.id);
        _call(actors[0], address(governor), bytes.concat(IOpenGovernor.queue.selector, chosen.content));
        _must(before == SUCCEEDED, "INV-14: queued without having succeeded");
        _must(_isSameCode(chosen), "INV-14: queued for another code");
        chosen.queuedAt = _now();
    }

    function _counted(Item storage chosen, address voter, uint8 support, uint256 weight) internal {
        _must(!_hasVoted[chosen.id][voter], "INV-12: a vote counted twice");
        _must(weight == _votesAt(voter, chosen.snapshot), "INV-12: a vote is not what it was at the snapshot");
        _hasVoted[chosen.id][voter] = true;
        chosen.votes[support] += weight;
        vm.prank(voter);
        try governor.castVote(chosen.id, support) {
            _must(false, "INV-12: an account voted twice");
        } catch {}
    }

    /// Once a second at most, as what was changed in a second counts at its end.
    function _mark() internal {
        Mark memory made;
        (made.at, made.supply, made.numerator) = (_now(), staked.totalSupply(), governor.quorumNumerator());
        made.votes = new uint256[](actors.length);
        for (uint256 i = 0; i < actors.length; i++) made.votes[i] = staked.getVotes(actors[i]);
        if (_marks.length > 0 && _marks[_marks.length - 1].at == made.at) _marks.pop();
        _marks.push(made);
    }

    function _markAt(uint256 timepoint) internal view returns (Mark storage) {
        uint256 i = _marks.length - 1;
        while (i > 0 && _marks[i].at > timepoint) i--;
        return _marks[i];
    }

    function _votesAt(address account, uint256 timepoint) internal view returns (uint256) {
        for (uint256 i = 0; i < actors.length; i++) {
            if (actors[i] == account) return _markAt(timepoint).votes[i];
        }
        return 0;
    }

    function _mayPropose(address account) internal view returns (bool) {
        return _votesAt(account, _now() - 1) >= governor.proposalThreshold();
    }

    function _isSameCode(Item storage chosen) internal view returns (bool) {
        for (uint256 i = 0; i < chosen.targets.length; i++) {
            if (keccak256(chosen.targets[i].code) != chosen.codes[i]) return false;
        }
        return true;
    }

    /// Gives the targets the code that the proposal was made for.
    function _restore(Item storage chosen) internal {
        for (uint256 i = 0; i < chosen.calls; i++) {
            for (uint256 j = 0; j < TARGETS; j++) {
                if (_targets[j] != chosen.targets[i]) continue;
                bytes memory code = _codes[j];
                if (chosen.codes[i] == keccak256("")) code = "";
                else if (chosen.codes[i] != keccak256(code)) code = bytes.concat(code, hex"00");
                vm.etch(_targets[j], code);
            }
        }
    }

    // drawing
    function _make(address proposer, uint256 seed) internal view returns (Item memory made) {
        made.proposer = proposer;
        made.tag = uint256(keccak256(abi.encode(proposer, seed, _items.length, _now())));
        made.calls = 1 + seed % 3;
        bool hasSetting = seed / 3 % 4 == 0;
        uint256 count = made.calls + (hasSetting ? 1 : 0);
        address[] memory to = new address[](count);
        bytes[] memory data = new bytes[](count);
        made.codes = new bytes32[](count);
        for (uint256 i = 0; i < count; i++) {
            to[i] = _targets[(seed / 12 + i) % TARGETS];
            data[i] = abi.encodeCall(Target.act, (made.tag));
            if (i == made.calls) (to[i], data[i]) = (address(governor), _setting(seed / 16));
            made.codes[i] = keccak256(to[i].code);
            if (i < made.calls && to[i].code.length > 0) made.codeCalls++;
        }
        made.targets = to;
        made.content = abi.encode(to, new uint256[](count), data, keccak256(bytes(vm.toString(made.tag))));
    }

    /// Within what the cooldown can bear; a vote that outlasts it could be left.
    function _setting(uint256 seed) internal view returns (bytes memory) {
        uint256 kind = seed % 5;
        seed /= 5;
        if (kind == 0) return abi.encodeCall(governor.setVotingDelay, (uint48(seed % 4 hours)));
        if (kind == 1) {
            uint256 period = 12 hours + seed % (LONGEST_VOTE_SECONDS - 12 hours);
            return abi.encodeCall(governor.setVotingPeriod, (uint32(period)));
        }
        if (kind == 2) return abi.encodeCall(governor.setLateQuorumVoteExtension, (uint48(seed % 12 hours)));
        if (kind == 3) return abi.encodeCall(governor.updateQuorumNumerator, (seed % 60));
        return abi.encodeCall(governor.setProposalThreshold, (1 + seed % 10_000 ether));
    }

    function _timelockAttack(Item storage chosen, uint256 kind, address attacker)
        internal
        view
        returns (bytes memory)
    {
        (address[] memory to, uint256[] memory values, bytes[] memory data,) = _content(chosen.content);
        bytes32 salt = bytes20(address(governor)) ^ keccak256(bytes(vm.toString(chosen.tag)));
        if (kind % 7 == 0) return _batch(chosen);
        if (kind % 7 == 1) return abi.encodeCall(timelock.scheduleBatch, (to, values, data, 0, salt, MIN_DELAY));
        if (kind % 7 == 2) return abi.encodeCall(timelock.schedule, (to[0], 0, data[0], 0, salt, MIN_DELAY));
        if (kind % 7 == 3) {
            return abi.encodeCall(timelock.cancel, (timelock.hashOperationBatch(to, values, data, 0, salt)));
        }
        if (kind % 7 == 4) return abi.encodeCall(timelock.updateDelay, (1));
        if (kind % 7 == 5) return abi.encodeCall(timelock.grantRole, (keccak256("PROPOSER_ROLE"), attacker));
        return abi.encodeCall(timelock.execute, (to[0], 0, data[0], 0, salt));
    }

    function _governorAttack(uint256 kind, address attacker) internal view returns (bytes memory) {
        if (kind % 8 < 5) return _setting(kind);
        if (kind % 8 == 5) return abi.encodeCall(governor.set_guardian, (attacker));
        if (kind % 8 == 6) return abi.encodeCall(governor.updateTimelock, (attacker));
        return abi.encodeCall(governor.relay, (address(staked), 0, abi.encodeCall(staked.delegate, (attacker))));
    }

    function _batch(Item storage chosen) internal view returns (bytes memory) {
        (address[] memory to, uint256[] memory values, bytes[] memory data, bytes32 text) = _content(chosen.content);
        bytes32 salt = bytes20(address(governor)) ^ text;
        return abi.encodeCall(timelock.executeBatch, (to, values, data, 0, salt));
    }

    function _ballot(uint256 id, uint8 support, address voter, uint256 nonce) internal view returns (bytes memory) {
        bytes32 structHash = keccak256(abi.encode(BALLOT_TYPEHASH, id, support, voter, nonce));
        bytes32 domain = _domain("OpenLedger OpenGovernor", address(governor));
        (uint8 v, bytes32 r, bytes32 s) = _sign(voter, _typed(domain, structHash));
        return abi.encodePacked(r, s, v);
    }

    function _content(bytes memory content)
        internal
        pure
        returns (address[] memory, uint256[] memory, bytes[] memory, bytes32)
    {
        return abi.decode(content, (address[], uint256[], bytes[], bytes32));
    }

    /// A call whose revert is passed on.
    function _call(address sender, address to, bytes memory data) internal {
        vm.prank(sender);
        (bool isDone, bytes memory returned) = to.call(data);
        if (isDone) return;
        assembly ("memory-safe") {
            revert(add(returned, 32), mload(returned))
        }
    }

    function _isDue(address actor) internal view returns (bool) {
        (uint256 amount, uint256 readyAt) = staked.exit_of(actor);
        return amount > 0 && readyAt <= _now();
    }

    function _unheard(Item storage chosen, uint256 seed) internal view returns (address voter) {
        for (uint256 i = 0; i < actors.length; i++) {
            voter = _actor(seed % actors.length + i);
            if (!_hasVoted[chosen.id][voter]) return voter;
        }
    }

    /// One in this state, or any.
    function _in(uint8 state, uint256 seed) internal view returns (Item storage) {
        for (uint256 i = 0; i < _items.length; i++) {
            Item storage found = _items[(seed % _items.length + i) % _items.length];
            if (governor.state(found.id) == state) return found;
        }
        return _items[seed % _items.length];
    }

    /// One that can still change, if there is one.
    function _live(uint256 seed) internal view returns (Item storage found) {
        for (uint256 i = 0; i < _items.length; i++) {
            found = _items[(seed % _items.length + i) % _items.length];
            if (!_isOver(found)) return found;
        }
        return _items[seed % _items.length];
    }

    function _isOver(Item storage chosen) internal view returns (bool) {
        uint8 state = governor.state(chosen.id);
        return state == CANCELED || state == DEFEATED || state == EXECUTED;
    }
}

contract OpenGovernorInvariants is Suite {
    uint256 internal constant CHECKED = 4;

    IStakedOpen internal staked;
    IOpenGovernor internal governor;
    ITimelock internal timelock;
    OpenGovernorHandler internal handler;
    mapping(uint256 => uint256) internal lastDeadline;
    uint256 internal turn;

    /// The timelock knows the governor alone, so it is made for the address that the governor will have.
    function setUp() external override {
        IOpenToken open = IOpenToken(Deploy.vyper("OpenToken", abi.encode(address(this))));
        staked = IStakedOpen(Deploy.vyper("StakedOpen", abi.encode(address(open), COOLDOWN_SECONDS)));
        address[] memory only = new address[](1);
        only[0] = address(uint160(uint256(keccak256(abi.encodePacked(hex"d694", address(this), uint8(4))))));
        timelock = ITimelock(Deploy.vyper("Timelock", abi.encode(MIN_DELAY, only, only)));
        bytes memory settings =
            abi.encode(VOTING_DELAY, VOTING_PERIOD, THRESHOLD_WEI, QUORUM_NUMERATOR, QUORUM_FLOOR_WEI, EXTENSION);
        bytes memory arguments = bytes.concat(abi.encode(address(staked), address(timelock), GUARDIAN), settings);
        governor = IOpenGovernor(Deploy.vyper("OpenGovernor", arguments));
        require(address(governor) == only[0], "the governor is elsewhere");
        Journal journal = new Journal();
        journal.setTimelock(address(timelock));
        handler = new OpenGovernorHandler(open, staked, governor, timelock, journal);
        vm.warp(vm.getBlockTimestamp() + 1);
        _target(handler);
    }

    /// All proposals in turn, some after each call.
    function invariant_holds() external override {
        _noViolation(handler);
        _equal(handler.journal().strangers(), 0, "INV-14: a target was called by another than the timelock");
        _equal(handler.journal().reentries(), 0, "INV-14: a target executed from inside an execution");
        _atMost(QUORUM_FLOOR_WEI, governor.quorum(vm.getBlockTimestamp() - 1), "INV-12: the quorum is below its floor");
        for (uint256 i = 0; i < CHECKED && i < handler.items(); i++) _check(turn++ % handler.items());
    }

    function _check(uint256 position) internal {
        OpenGovernorHandler.Item memory item = handler.item(position);
        (uint256 against, uint256 inFavour, uint256 abstaining) = governor.proposalVotes(item.id);
        _equal(against, item.votes[0], "INV-12: votes against are not those that were cast");
        _equal(inFavour, item.votes[1], "INV-12: votes for are not those that were cast");
        _equal(abstaining, item.votes[2], "INV-12: votes abstaining are not those that were cast");
        _atMost(against + inFavour + abstaining, handler.supplyAt(item.snapshot), "INV-12: more votes than stake");
        _equal(governor.state(item.id), handler.expectedState(position), "INV-14: the state is not what it must be");
        if (vm.getBlockTimestamp() > item.snapshot) {
            _equal(governor.quorum(item.snapshot), handler.neededQuorum(position), "INV-12: the quorum is another");
        }
        _equal(governor.proposalSnapshot(item.id), item.snapshot, "INV-12: a snapshot moved");
        uint256 deadline = governor.proposalDeadline(item.id);
        _atMost(item.firstDeadline, deadline, "INV-12: a vote got shorter");
        _atMost(deadline, item.firstDeadline + 12 hours, "INV-12: a vote is extended by more than the extension");
        uint256 eta = item.queuedAt == 0 ? 0 : item.queuedAt + MIN_DELAY;
        _equal(governor.proposalEta(item.id), eta, "INV-14: the eta is not the delay after the queue");
        uint256 runs = handler.journal().runs(item.tag);
        _equal(runs, item.isExecuted ? item.codeCalls : 0, "INV-14: calls ran that were not executed, or twice");
        if (runs > 0) _atMost(eta, handler.journal().ranAt(item.tag), "INV-14: calls ran before their eta");
    }
}
