// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStakedOpen} from "integrations/interfaces/IStakedOpen.sol";
import {Deploy} from "support/Deploy.sol";
import {Handler} from "support/Handler.sol";
import {HostileToken} from "support/HostileToken.sol";
import {Suite} from "support/Suite.sol";
import {vm} from "support/Vm.sol";

/// gOPEN over a token that calls back into it, refuses, or answers false. The token itself is a staker: what it calls
/// from inside a transfer is called by somebody with a stake, an exit and rewards of their own.
contract StakedOpenHostileHandler is Handler {
    HostileToken public immutable token;
    IStakedOpen public immutable staked;

    constructor(HostileToken token_, IStakedOpen staked_) {
        token = token_;
        staked = staked_;
        actors.push(address(token_));
        _addActors(3);
        for (uint256 i = 0; i < actors.length; i++) {
            token.mint(actors[i], 1_000_000 ether);
            vm.prank(actors[i]);
            token.approve(address(staked), type(uint256).max);
        }
    }

    function stake(uint256 actorSeed, uint256 amountSeed, uint256 mood, uint256 callSeed) external {
        address actor = _actor(actorSeed);
        uint256 amount = _amount(amountSeed, token.balanceOf(actor) / 8);
        _act(actor, abi.encodeCall(staked.stake, (amount)), mood, callSeed);
    }

    function stakeWithPermit(uint256 actorSeed, uint256 amountSeed, uint256 mood, uint256 callSeed) external {
        address actor = _actor(actorSeed);
        uint256 amount = _amount(amountSeed, token.balanceOf(actor) / 8);
        _act(actor, abi.encodeCall(staked.stake_with_permit, (amount, 0, 27, 0, 0)), mood, callSeed);
    }

    function requestExit(uint256 actorSeed, uint256 amountSeed) external {
        address actor = _actor(actorSeed);
        uint256 amount = _amount(amountSeed, staked.balanceOf(actor));
        vm.prank(actor);
        staked.request_exit(amount);
    }

    function withdraw(uint256 actorSeed, uint256 mood, uint256 callSeed) external {
        address actor = _actor(actorSeed);
        (, uint256 readyAt) = staked.exit_of(actor);
        if (readyAt > _now()) _passTime(readyAt - _now());
        _act(actor, abi.encodeCall(staked.withdraw, ()), mood, callSeed);
    }

    function addReward(uint256 actorSeed, uint256 amountSeed, uint256 mood, uint256 callSeed) external {
        address actor = _actor(actorSeed);
        uint256 amount = _amount(amountSeed, token.balanceOf(actor) / 16);
        _act(actor, abi.encodeCall(staked.add_reward, (amount)), mood, callSeed);
    }

    function claimReward(uint256 actorSeed, uint256 mood, uint256 callSeed) external {
        _act(_actor(actorSeed), abi.encodeCall(staked.claim_reward, ()), mood, callSeed);
    }

    function _act(address actor, bytes memory data, uint256 mood, uint256 callSeed) internal {
        HostileToken.Mood chosen = HostileToken.Mood(mood % 8 < 5 ? 1 : mood % 4);
        token.arm(chosen, address(staked), _backCall(callSeed));
        vm.prank(actor);
        (bool isDone, bytes memory reason) = address(staked).call(data);
        _must(
            !isDone || uint8(chosen) < 2 || keccak256(data) == keccak256(abi.encodeCall(staked.claim_reward, ())),
            "a call passed though the token refused"
        );
        token.arm(HostileToken.Mood.Honest, address(0), "");
        if (!isDone) {
            assembly ("memory-safe") {
                revert(add(reason, 32), mload(reason))
            }
        }
    }

    /// Some call that a thief would make in the middle of another's.
    function _backCall(uint256 seed) internal view returns (bytes memory) {
        uint256 amount = 1 + seed % 1_000 ether;
        uint256 kind = seed % 8;
        if (kind == 0) return abi.encodeCall(staked.stake, (amount));
        if (kind == 1) return abi.encodeCall(staked.withdraw, ());
        if (kind == 2) return abi.encodeCall(staked.claim_reward, ());
        if (kind == 3) return abi.encodeCall(staked.request_exit, (amount));
        if (kind == 4) return abi.encodeCall(staked.cancel_exit, ());
        if (kind == 5) return abi.encodeCall(staked.add_reward, (amount));
        if (kind == 6) return abi.encodeCall(staked.delegate, (_actor(seed / 8)));
        return abi.encodeCall(staked.stake_with_permit, (amount, 0, 27, 0, 0));
    }
}

contract StakedOpenHostileInvariants is Suite {
    HostileToken internal token;
    IStakedOpen internal staked;
    StakedOpenHostileHandler internal handler;

    function setUp() external override {
        token = new HostileToken();
        staked = IStakedOpen(Deploy.vyper("StakedOpen", abi.encode(address(token), 10 days)));
        handler = new StakedOpenHostileHandler(token, staked);
        _target(handler);
    }

    function invariant_holds() external override {
        _noViolation(handler);
        uint256 owed = staked.held_reward();
        uint256 stakes;
        for (uint256 i = 0; i < handler.actorCount(); i++) {
            address actor = handler.actors(i);
            (uint256 queued,) = staked.exit_of(actor);
            stakes += staked.balanceOf(actor);
            owed += staked.balanceOf(actor) + queued + staked.earned(actor);
        }
        _atMost(owed, token.balanceOf(address(staked)), "INV-1: more is owed than is there");
        _equal(staked.totalSupply(), stakes, "INV-6: the supply is not the sum of the balances");
        _equal(token.reentries(), 0, "a call from inside a transfer got through");
    }
}
