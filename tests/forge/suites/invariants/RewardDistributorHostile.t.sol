// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRewardDistributor} from "integrations/interfaces/IRewardDistributor.sol";
import {HostileToken} from "support/HostileToken.sol";
import {Suite} from "support/Suite.sol";
import {vm} from "support/Vm.sol";
import {HostileOpen} from "./InferencePaymentsHostile.t.sol";
import {
    ACCRUER,
    CHUNKS,
    DEMAND_BOND_WEI,
    OWNER,
    RESOLUTION_SECONDS,
    TREASURY,
    WINDOW_SECONDS,
    Fault,
    OracleHandler,
    RewardContracts,
    Rewards,
    RewardTrees,
    Tree
} from "./RewardDistributor.t.sol";

/// Rewards over a token that calls back into them, refuses, or answers false. The token itself posts, challenges,
/// demands and has a leaf: what it calls from inside a transfer is called by somebody who may. Half of the roots are
/// false.
contract RewardDistributorHostileHandler is OracleHandler {
    using RewardTrees for Tree;

    struct Demand {
        uint256 epoch;
        uint256 attempt;
        uint256 index;
    }

    HostileOpen public immutable token;
    /// Calls that got into the distributor while it was called by nobody: disputes paid a bond, and that is no reentry.
    uint256 public visits;
    uint256 public accruedWei;
    Demand[] internal _demands;
    mapping(uint256 => bytes) internal _trees;

    constructor(HostileOpen token_, Rewards memory rewards) OracleHandler(rewards) {
        token = token_;
        _addActors(3);
        actors.push(address(token_));
        _addSorted(0);
        address[] memory signers = new address[](3);
        uint256 next;
        for (uint256 i = 0; i < actors.length; i++) {
            if (actors[i] != address(token)) signers[next++] = actors[i];
            token.mint(actors[i], 100_000_000 ether);
            vm.startPrank(actors[i]);
            token.approve(address(distributor), type(uint256).max);
            token.approve(address(disputes), type(uint256).max);
            vm.stopPrank();
        }
        _setSigners(signers, 2);
    }

    function openDemands() external view returns (uint256) {
        return _demands.length;
    }

    function accrue(uint256 amountSeed) external {
        _accrue(_amount(amountSeed, 1_000 ether));
    }

    function postRoot(uint256 seed, uint256 mood, uint256 callSeed) external {
        (uint256 epoch, Tree memory tree) = _next(seed);
        bytes memory data = _posting(epoch, tree, seed);
        if (_act(_actor(seed), address(distributor), data, mood, callSeed)) _trees[epoch] = abi.encode(tree);
        else _fail();
    }

    function challenge(uint256 seed, uint256 mood, uint256 callSeed) external {
        uint256 epoch = _pendingEpoch(seed, 3, true);
        bytes memory data = abi.encodeCall(distributor.challenge, (epoch, "reason"));
        if (!_act(_actor(seed), address(distributor), data, mood, callSeed)) _fail();
    }

    function resolve(uint256 seed, bool isVoid, uint256 mood, uint256 callSeed) external {
        uint256 epoch = _pendingEpoch(seed, 2, false);
        bytes memory data = abi.encodeCall(distributor.resolve_challenge, (epoch, isVoid));
        if (!_act(OWNER, address(distributor), data, mood, callSeed)) _fail();
    }

    function voidExpired(uint256 seed, uint256 mood, uint256 callSeed) external {
        uint256 epoch = _pendingEpoch(seed, 2, false);
        _passTo(distributor.root(epoch).posted_at + WINDOW_SECONDS + RESOLUTION_SECONDS);
        bytes memory data = abi.encodeCall(distributor.void_expired, (epoch));
        if (!_act(_actor(seed), address(distributor), data, mood, callSeed)) _fail();
    }

    function withdrawBond(uint256 seed, uint256 mood, uint256 callSeed) external {
        _act(_actor(seed), address(distributor), abi.encodeCall(distributor.withdraw_bond, ()), mood, callSeed);
    }

    function finalize(uint256 seed, uint256 mood, uint256 callSeed) external {
        uint256 epoch = _pendingEpoch(0, 1, false);
        _passTo(distributor.root(epoch).posted_at + WINDOW_SECONDS + RESOLUTION_SECONDS);
        bytes memory data = abi.encodeCall(distributor.finalize, (epoch));
        if (!_act(_actor(seed), address(distributor), data, mood, callSeed)) _fail();
    }

    function claim(uint256 seed, uint256 mood, uint256 callSeed) external {
        bytes memory data = _claiming(seed);
        if (data.length == 0) return;
        if (!_act(_actor(seed >> 8), address(distributor), data, mood, callSeed)) _fail();
    }

    function claimMany(uint256 seed, uint256 mood, uint256 callSeed) external {
        Tree memory tree = _tree(distributor.last_final_epoch());
        IRewardDistributor.ProvenLeaf[] memory leaves = new IRewardDistributor.ProvenLeaf[](tree.leafCount);
        for (uint256 i = 0; i < leaves.length; i++) leaves[i] = _claimed(tree, i);
        bytes memory data = abi.encodeCall(distributor.claim_many, (leaves));
        _act(_actor(seed), address(distributor), data, mood, callSeed);
    }

    /// What one has goes to another, who is paid in the middle of it.
    function setRecovery(uint256 actorSeed, uint256 recipientSeed) external {
        vm.prank(_actor(actorSeed));
        distributor.set_recovery(recipientSeed % 4 == 0 ? address(0) : _actor(recipientSeed >> 8));
    }

    function prove(uint256 seed, uint256 mood, uint256 callSeed) external {
        uint256 epoch = _pendingEpoch(seed, 3, false);
        Tree memory tree = _tree(epoch);
        if (tree.fault == Fault.None) return;
        bytes memory data = _fraudProof(epoch, tree, tree);
        if (!_act(_actor(seed), address(disputes), data, mood, callSeed)) _fail();
    }

    function demandChunk(uint256 seed, uint256 mood, uint256 callSeed) external {
        uint256 epoch = _pendingEpoch(seed, 3, true);
        uint256 attempt = distributor.root(epoch).attempt;
        uint256 index = seed % CHUNKS;
        bytes memory data = abi.encodeCall(disputes.demand_chunk, (epoch, index));
        if (_act(_actor(seed), address(disputes), data, mood, callSeed)) _demands.push(Demand(epoch, attempt, index));
        else _fail();
    }

    function answerDemand(uint256 seed, uint256 mood, uint256 callSeed) external {
        (bool isThere, uint256 place) = _answerable(seed);
        if (!isThere) return;
        uint256 index = _demands[place].index;
        bytes memory data = abi.encodeCall(
            disputes.answer_demand, (_demands[place].epoch, index, _chunk(index), _chunkProof(index))
        );
        if (_act(_actor(seed), address(disputes), data, mood, callSeed)) _forget(place);
        else _fail();
    }

    /// What nobody answered makes the root void; a demand whose root is pending no longer is settled.
    function endDemand(uint256 seed, uint256 mood, uint256 callSeed) external {
        if (_demands.length == 0) return;
        uint256 place = seed % _demands.length;
        Demand memory demand = _demands[place];
        IRewardDistributor.RootRecord memory record = distributor.root(demand.epoch);
        bytes memory data = abi.encodeCall(disputes.settle_demand, (demand.epoch, demand.attempt, demand.index));
        if (record.attempt == demand.attempt && record.status < 4) {
            _passTo(disputes.demand(demand.epoch, demand.attempt, demand.index).deadline);
            data = abi.encodeCall(disputes.void_unanswered, (demand.epoch, demand.index));
        }
        if (_act(_actor(seed), address(disputes), data, mood, callSeed)) _forget(place);
        else _fail();
    }

    /// What it calls back: mostly the contract that pays, sometimes the other of the two.
    function _act(address actor, address target, bytes memory data, uint256 mood, uint256 callSeed)
        internal
        returns (bool isDone)
    {
        HostileToken.Mood chosen = HostileToken.Mood(mood % 8 < 5 ? 1 : mood % 4);
        bool isVisit = target == address(disputes) && callSeed % 2 == 0;
        uint256 before = token.reentries();
        bool isBackToDisputes = target == address(disputes) && !isVisit;
        bytes memory back = isBackToDisputes ? _disputing(callSeed) : _backCall(callSeed);
        token.arm(chosen, isBackToDisputes ? target : address(distributor), back);
        vm.prank(actor);
        (isDone,) = target.call(data);
        token.arm(HostileToken.Mood.Honest, address(0), "");
        // these two have nothing to pay at times
        bytes4 called = bytes4(data);
        bool isIdle = called == distributor.withdraw_bond.selector || called == distributor.claim_many.selector;
        _must(!isDone || isIdle || uint8(chosen) < 2, "a call passed though the token refused");
        if (isVisit) visits += token.reentries() - before;
    }

    /// Some call that a thief would make in the middle of another's.
    function _backCall(uint256 seed) internal view returns (bytes memory) {
        uint256 kind = (seed >> 8) % 7;
        uint256 last = distributor.last_posted_epoch();
        if (kind == 0) return abi.encodeCall(distributor.withdraw_bond, ());
        if (kind == 1) return abi.encodeCall(distributor.challenge, (last, "reason"));
        if (kind == 2) return abi.encodeCall(distributor.finalize, (last));
        if (kind == 3) return abi.encodeCall(distributor.void_expired, (last));
        if (kind == 4) return abi.encodeCall(distributor.set_recovery, (address(token)));
        if (kind == 5) return abi.encodeCall(distributor.owed_wei, ());
        bytes memory data = _claiming(seed >> 16);
        return data.length > 0 ? data : abi.encodeCall(distributor.withdraw_bond, ());
    }

    function _disputing(uint256 seed) internal view returns (bytes memory) {
        if (_demands.length == 0) return abi.encodeCall(disputes.demand_chunk, (distributor.last_posted_epoch(), 0));
        Demand memory demand = _demands[(seed >> 16) % _demands.length];
        uint256 kind = (seed >> 8) % 4;
        if (kind == 0) return abi.encodeCall(disputes.demand_chunk, (demand.epoch, (demand.index + 1) % CHUNKS));
        if (kind == 1) return abi.encodeCall(disputes.void_unanswered, (demand.epoch, demand.index));
        if (kind == 2) {
            return abi.encodeCall(disputes.settle_demand, (demand.epoch, demand.attempt, demand.index));
        }
        return abi.encodeCall(
            disputes.answer_demand, (demand.epoch, demand.index, _chunk(demand.index), _chunkProof(demand.index))
        );
    }

    /// A leaf of the final root from which something is due.
    function _claiming(uint256 seed) internal view returns (bytes memory) {
        Tree memory tree = _tree(distributor.last_final_epoch());
        for (uint256 i = 0; i < tree.leafCount; i++) {
            IRewardDistributor.ProvenLeaf memory leaf = _claimed(tree, (seed % 4 + i) % tree.leafCount);
            if (leaf.cumulative_wei <= distributor.claimed(leaf.account)) continue;
            return abi.encodeCall(distributor.claim, (leaf.account, leaf.cumulative_wei, leaf.index, leaf.proof));
        }
        return "";
    }

    /// The last epoch that ended and what it may give, all actors having more than before; false ones out of order.
    function _next(uint256 seed) internal returns (uint256 epoch, Tree memory tree) {
        _accrue(4 + seed % 1_000 ether);
        epoch = distributor.current_epoch();
        _passTo(distributor.epoch_end(epoch));
        uint256 previous = distributor.last_posted_epoch();
        uint256 total = distributor.root(previous).total_wei;
        for (uint256 i = previous + 1; i <= epoch; i++) total += distributor.accrued(i);
        (tree.accounts, tree.amounts, tree.leafCount) = (actors, new uint256[](actors.length), actors.length);
        Tree memory before = _tree(previous);
        for (uint256 i = 0; i < before.leafCount; i++) {
            uint256 place;
            while (actors[place] != before.accounts[i]) place++;
            tree.amounts[place] = before.amounts[i];
            total -= before.amounts[i];
        }
        for (uint256 i = 0; i < actors.length; i++) tree.amounts[i] += total / actors.length;
        if (seed & 1 == 0) {
            (tree.accounts[0], tree.accounts[1]) = (tree.accounts[1], tree.accounts[0]);
            (tree.amounts[0], tree.amounts[1]) = (tree.amounts[1], tree.amounts[0]);
            (tree.fault, tree.place) = (Fault.Order, 1 << 8);
        }
        tree.grow(address(distributor));
    }

    function _posting(uint256 epoch, Tree memory tree, uint256 seed) internal view returns (bytes memory) {
        IRewardDistributor.RootRecord memory record = distributor.root(epoch);
        bytes32 previousRoot = distributor.root(distributor.last_posted_epoch()).root;
        IRewardDistributor.RootPost memory post =
            _postOf(tree, epoch, record.status == 0 ? 0 : record.attempt + 1, previousRoot);
        return abi.encodeCall(distributor.post_root, (post, _signed(_digest(post), seed >> 16)));
    }

    /// A pending root with one of these statuses, the oldest if the seed is zero; where there is none, one is posted,
    /// and challenged if it must be.
    function _pendingEpoch(uint256 seed, uint256 statuses, bool isInWindow) internal returns (uint256 found) {
        uint256 oldest = distributor.last_final_epoch();
        for (uint256 epoch = distributor.last_posted_epoch(); epoch > oldest; seed >>= 1) {
            IRewardDistributor.RootRecord memory record = distributor.root(epoch);
            bool isInTime = !isInWindow || _now() < record.posted_at + WINDOW_SECONDS;
            if (record.status & statuses != 0 && isInTime) found = epoch;
            if (found > 0 && seed & 1 == 1) return found;
            epoch = record.previous_epoch;
        }
        if (found > 0) return found;
        Tree memory tree;
        (found, tree) = _next(seed);
        bytes memory data = _posting(found, tree, seed);
        vm.prank(_actor(seed));
        (bool isDone,) = address(distributor).call(data);
        if (!isDone) _fail();
        _trees[found] = abi.encode(tree);
        if (statuses != 2) return found;
        vm.prank(_actor(seed));
        distributor.challenge(found, "reason");
    }

    function _answerable(uint256 seed) internal view returns (bool, uint256) {
        for (uint256 i = 0; i < _demands.length; i++) {
            uint256 place = (seed % _demands.length + i) % _demands.length;
            Demand memory demand = _demands[place];
            IRewardDistributor.RootRecord memory record = distributor.root(demand.epoch);
            if (record.attempt != demand.attempt || record.status > 2) continue;
            if (_now() < disputes.demand(demand.epoch, demand.attempt, demand.index).deadline) return (true, place);
        }
        return (false, 0);
    }

    function _accrue(uint256 amount) internal {
        token.mint(address(distributor), amount);
        vm.prank(ACCRUER);
        distributor.accrue(amount);
        accruedWei += amount;
    }

    function _tree(uint256 epoch) internal view returns (Tree memory tree) {
        if (_trees[epoch].length > 0) tree = abi.decode(_trees[epoch], (Tree));
    }

    function _forget(uint256 place) internal {
        _demands[place] = _demands[_demands.length - 1];
        _demands.pop();
    }

    function _passTo(uint256 time) internal {
        if (time > _now()) _passTime(time - _now());
    }

    function _fail() internal pure {
        revert("refused");
    }
}

contract RewardDistributorHostileInvariants is Suite {
    HostileOpen internal token;
    Rewards internal rewards;
    RewardDistributorHostileHandler internal handler;

    function setUp() external override {
        token = new HostileOpen();
        rewards = RewardContracts.deploy(address(token));
        handler = new RewardDistributorHostileHandler(token, rewards);
        _target(handler);
    }

    function invariant_holds() external override {
        _noViolation(handler);
        IRewardDistributor distributor = rewards.distributor;
        uint256 held = token.balanceOf(address(distributor));
        uint256 demanded = token.balanceOf(address(rewards.disputes));
        _equal(held, distributor.owed_wei(), "INV-1: what is owed is not what is there");
        _equal(demanded, handler.openDemands() * DEMAND_BOND_WEI, "INV-1: demanders' bonds are not what is there");
        uint256 all = held + demanded + token.balanceOf(address(0)) + token.balanceOf(TREASURY);
        uint256 claimed;
        for (uint256 i = 0; i < handler.actorCount(); i++) {
            all += token.balanceOf(handler.actors(i));
            claimed += distributor.claimed(handler.actors(i));
        }
        uint256 minted = handler.actorCount() * 100_000_000 ether + handler.accruedWei();
        _equal(all, minted, "INV-7: a bond or an amount went nowhere");
        uint256 total = distributor.root(distributor.last_final_epoch()).total_wei;
        _atMost(claimed, total, "INV-3: more was claimed than the final root's total");
        _atMost(total, handler.accruedWei(), "INV-3: a final root's total is above what accrued");
        _equal(token.reentries(), handler.visits(), "a call from inside a transfer got through");
    }
}
