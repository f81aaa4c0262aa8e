// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOpenToken} from "integrations/interfaces/IOpenToken.sol";
import {IStakedOpen} from "integrations/interfaces/IStakedOpen.sol";
import {Deploy} from "support/Deploy.sol";
import {Handler} from "support/Handler.sol";
import {Suite} from "support/Suite.sol";
import {vm} from "support/Vm.sol";

uint256 constant COOLDOWN_SECONDS = 10 days;
uint256 constant FUNDS_WEI = 100_000_000 ether;

/// Stakers who stake, delegate, leave and earn, and a payer who shares rewards or sends OPEN by mistake.
contract StakedOpenHandler is Handler {
    struct Snapshot {
        uint256 timepoint;
        uint256 total;
        uint256[] votes;
    }

    uint256 internal constant SNAPSHOTS = 4;
    bytes32 internal constant DELEGATION_TYPEHASH =
        keccak256("Delegation(address delegatee,uint256 nonce,uint256 expiry)");

    bytes32 internal constant PERMIT_TYPEHASH =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    IOpenToken public immutable open;
    IStakedOpen public immutable staked;

    uint256 public stakedWei;
    uint256 public exitedWei;
    uint256 public withdrawnWei;
    uint256 public rewardsWei;
    uint256 public paidWei;
    uint256 public donatedWei;
    Snapshot[] internal _snapshots;
    uint256 internal _nextSnapshot;

    constructor(IOpenToken open_, IStakedOpen staked_) {
        open = open_;
        staked = staked_;
        _addActors(5);
        for (uint256 i = 0; i < actors.length; i++) {
            vm.prank(actors[i]);
            open.approve(address(staked), type(uint256).max);
        }
    }

    function stake(uint256 actorSeed, uint256 amountSeed) external {
        address actor = _actor(actorSeed);
        uint256 amount = _amount(amountSeed, open.balanceOf(actor));
        vm.prank(actor);
        staked.stake(amount);
        stakedWei += amount;
    }

    /// With a permit; the payer of gas may have sent it to the token before, and then the allowance is there.
    function stakeWithPermit(uint256 actorSeed, uint256 amountSeed, bool isFrontRun) external {
        address actor = _actor(actorSeed);
        uint256 amount = _amount(amountSeed, open.balanceOf(actor));
        vm.prank(actor);
        open.approve(address(staked), 0);
        bytes32 structHash = keccak256(
            abi.encode(PERMIT_TYPEHASH, actor, address(staked), amount, open.nonces(actor), type(uint256).max)
        );
        (uint8 v, bytes32 r, bytes32 s) = _sign(actor, _typed(open.DOMAIN_SEPARATOR(), structHash));
        if (isFrontRun) open.permit(actor, address(staked), amount, type(uint256).max, v, r, s);
        vm.prank(actor);
        staked.stake_with_permit(amount, type(uint256).max, v, r, s);
        stakedWei += amount;
        vm.prank(actor);
        open.approve(address(staked), type(uint256).max);
    }

    function requestExit(uint256 actorSeed, uint256 amountSeed) external {
        address actor = _staker(actorSeed);
        uint256 amount = _amount(amountSeed, staked.balanceOf(actor));
        vm.prank(actor);
        staked.request_exit(amount);
        exitedWei += amount;
        (, uint256 readyAt) = staked.exit_of(actor);
        _must(readyAt == _now() + COOLDOWN_SECONDS, "an exit does not wait the whole cooldown");
    }

    function cancelExit(uint256 actorSeed) external {
        address actor = _leaver(actorSeed);
        (uint256 queued,) = staked.exit_of(actor);
        vm.prank(actor);
        staked.cancel_exit();
        exitedWei -= queued;
    }

    /// Mostly when it is due; one time in four at once, which must fail before its time.
    function withdraw(uint256 actorSeed, bool isPatient) external {
        address actor = _leaver(actorSeed);
        (uint256 queued, uint256 readyAt) = staked.exit_of(actor);
        if ((isPatient || actorSeed & 1 == 0) && readyAt > _now()) _passTime(readyAt - _now());
        uint256 held = open.balanceOf(actor);
        vm.prank(actor);
        staked.withdraw();
        _must(_now() >= readyAt, "an exit was paid before its cooldown");
        _must(open.balanceOf(actor) == held + queued, "an exit paid another amount than was queued");
        withdrawnWei += queued;
    }

    /// A reward raises what each staker has earned by its part of it; what the division leaves, less than 1e-18 of the
    /// total stake, is held for the next one.
    function addReward(uint256 actorSeed, uint256 amountSeed) external {
        address payer = _actor(actorSeed);
        uint256 amount = _amount(amountSeed, open.balanceOf(payer) / 16);
        uint256 total = staked.totalSupply();
        uint256 shared = total < 1 ether ? 0 : amount + staked.held_reward();
        uint256[] memory earned = new uint256[](actors.length);
        for (uint256 i = 0; i < actors.length; i++) earned[i] = staked.earned(actors[i]);
        vm.prank(payer);
        staked.add_reward(amount);
        rewardsWei += amount;
        for (uint256 i = 0; i < actors.length && total > 0; i++) {
            uint256 part = shared * staked.balanceOf(actors[i]) / total;
            uint256 rise = staked.earned(actors[i]) - earned[i];
            _must(rise + total / 1 ether + 2 >= part && rise <= part + 2, "INV-6: a reward was not shared by stake");
        }
    }

    function claimReward(uint256 actorSeed) external {
        address actor = _actor(actorSeed);
        uint256 earned = staked.earned(actor);
        uint256 held = open.balanceOf(actor);
        vm.prank(actor);
        uint256 paid = staked.claim_reward();
        _must(paid == earned && open.balanceOf(actor) == held + paid, "a claim paid another amount than was earned");
        paidWei += paid;
    }

    function delegate(uint256 actorSeed, uint256 delegateSeed) external {
        vm.prank(_actor(actorSeed));
        staked.delegate(_delegate(delegateSeed));
    }

    /// Signed by the staker, sent by another, and sent again; one in eight with a wrong nonce or too late.
    function delegateBySig(uint256 actorSeed, uint256 delegateSeed, uint256 fault) external {
        address actor = _actor(actorSeed);
        address delegatee = _delegate(delegateSeed);
        uint256 nonce = staked.nonces(actor) + (fault % 16 == 0 ? 1 : 0);
        uint256 expiry = fault % 16 == 1 ? _now() - 1 : _now();
        bytes32 structHash = keccak256(abi.encode(DELEGATION_TYPEHASH, delegatee, nonce, expiry));
        bytes32 digest = _typed(_domain("OpenLedger StakedOpen", address(staked)), structHash);
        (uint8 v, bytes32 r, bytes32 s) = _sign(actor, digest);
        staked.delegateBySig(delegatee, nonce, expiry, v, r, s);
        _must(fault % 16 > 1, "INV-10: a signature with a wrong nonce or past its expiry counted");
        _must(staked.delegates(actor) == delegatee, "INV-10: a signature counted for another account");
        try staked.delegateBySig(delegatee, nonce, expiry, v, r, s) {
            _must(false, "INV-10: a signature counted twice");
        } catch {}
    }

    /// OPEN that is sent here by mistake changes nothing.
    function donate(uint256 actorSeed, uint256 amountSeed) external {
        address actor = _actor(actorSeed);
        uint256 amount = _amount(amountSeed, open.balanceOf(actor) / 64);
        vm.prank(actor);
        open.transfer(address(staked), amount);
        donatedWei += amount;
    }

    /// Remembers the votes of some past second; they must never change.
    function takeSnapshot(uint256 ageSeed) external {
        Snapshot memory taken;
        taken.timepoint = _now() - 1 - ageSeed % 3 days;
        taken.total = staked.getPastTotalSupply(taken.timepoint);
        taken.votes = new uint256[](actors.length);
        for (uint256 i = 0; i < actors.length; i++) {
            taken.votes[i] = staked.getPastVotes(actors[i], taken.timepoint);
        }
        if (_snapshots.length < SNAPSHOTS) _snapshots.push(taken);
        else _snapshots[_nextSnapshot++ % SNAPSHOTS] = taken;
    }

    function snapshots() external view returns (Snapshot[] memory) {
        return _snapshots;
    }

    function _delegate(uint256 seed) internal view returns (address) {
        return seed % 6 == 0 ? address(0) : _actor(seed / 6);
    }

    function _staker(uint256 seed) internal view returns (address actor) {
        for (uint256 i = 0; i < actors.length; i++) {
            actor = _actor(seed % actors.length + i);
            if (staked.balanceOf(actor) > 0) return actor;
        }
    }

    function _leaver(uint256 seed) internal view returns (address actor) {
        for (uint256 i = 0; i < actors.length; i++) {
            actor = _actor(seed % actors.length + i);
            (uint256 queued,) = staked.exit_of(actor);
            if (queued > 0) return actor;
        }
    }
}

contract StakedOpenInvariants is Suite {
    IOpenToken internal open;
    IStakedOpen internal staked;
    StakedOpenHandler internal handler;
    uint256[] internal lastEarned;
    uint256 internal lastPaid;

    function setUp() external override {
        open = IOpenToken(Deploy.vyper("OpenToken", abi.encode(address(this))));
        staked = IStakedOpen(Deploy.vyper("StakedOpen", abi.encode(address(open), COOLDOWN_SECONDS)));
        handler = new StakedOpenHandler(open, staked);
        for (uint256 i = 0; i < handler.actorCount(); i++) {
            open.transfer(handler.actors(i), FUNDS_WEI);
            lastEarned.push(0);
        }
        _target(handler);
    }

    function invariant_holds() external override {
        _noViolation(handler);
        (uint256 stakes, uint256 exits, uint256 earned, uint256 votes) = _sums();

        uint256 kept = handler.stakedWei() - handler.withdrawnWei();
        uint256 rewards = handler.rewardsWei() - handler.paidWei();
        _equal(open.balanceOf(address(staked)), handler.donatedWei() + kept + rewards, "INV-1: OPEN is missing");
        _equal(stakes + exits, kept, "INV-1: stakes and exits are not what was staked and not withdrawn");
        _atMost(earned + staked.held_reward(), rewards, "INV-1: more is owed than was added");
        // each staker's fraction of a wei and that of what is held
        _atMost(rewards, earned + staked.held_reward() + handler.actorCount() + 1, "INV-6: rewards were lost");

        _equal(staked.totalSupply(), stakes, "INV-6: the supply is not the sum of the balances");
        _equal(stakes, handler.stakedWei() - handler.exitedWei(), "INV-6: minted less burned is not the supply");
        _equal(votes, _delegated(), "INV-6: votes are not the stakes of those who delegate");
        _neverFalls();
        _snapshotsHold();
    }

    function _sums() internal view returns (uint256 stakes, uint256 exits, uint256 earned, uint256 votes) {
        for (uint256 i = 0; i < handler.actorCount(); i++) {
            address actor = handler.actors(i);
            (uint256 queued,) = staked.exit_of(actor);
            stakes += staked.balanceOf(actor);
            exits += queued;
            earned += staked.earned(actor);
            votes += staked.getVotes(actor);
            _equal(staked.getVotes(actor), _delegatedTo(actor), "INV-6: a delegate's votes are not its delegators'");
        }
    }

    function _delegatedTo(address delegatee) internal view returns (uint256 total) {
        for (uint256 i = 0; i < handler.actorCount(); i++) {
            address actor = handler.actors(i);
            if (staked.delegates(actor) == delegatee) total += staked.balanceOf(actor);
        }
    }

    function _delegated() internal view returns (uint256) {
        return staked.totalSupply() - _delegatedTo(address(0));
    }

    /// What is earned falls only by a claim, and by no more than it paid.
    function _neverFalls() internal {
        uint256 fallen;
        for (uint256 i = 0; i < handler.actorCount(); i++) {
            uint256 earned = staked.earned(handler.actors(i));
            if (earned < lastEarned[i]) fallen += lastEarned[i] - earned;
            if (earned != lastEarned[i]) lastEarned[i] = earned;
        }
        uint256 paid = handler.paidWei();
        _atMost(fallen, paid - lastPaid, "INV-6: earned has fallen without a claim");
        lastPaid = paid;
    }

    function _snapshotsHold() internal view {
        StakedOpenHandler.Snapshot[] memory taken = handler.snapshots();
        for (uint256 i = 0; i < taken.length; i++) {
            uint256 votes;
            for (uint256 j = 0; j < taken[i].votes.length; j++) {
                uint256 now_ = staked.getPastVotes(handler.actors(j), taken[i].timepoint);
                _equal(now_, taken[i].votes[j], "INV-12: votes at a snapshot changed");
                votes += now_;
            }
            _equal(
                staked.getPastTotalSupply(taken[i].timepoint), taken[i].total, "INV-12: supply at a snapshot changed"
            );
            _atMost(votes, taken[i].total, "INV-12: more votes than stake at a snapshot");
        }
    }
}
