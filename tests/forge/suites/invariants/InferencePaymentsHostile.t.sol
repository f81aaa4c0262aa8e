// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IInferencePayments} from "integrations/interfaces/IInferencePayments.sol";
import {HostileToken} from "support/HostileToken.sol";
import {Suite} from "support/Suite.sol";
import {vm} from "support/Vm.sol";
import {DATASET_ROOT, DELAY_SECONDS, Market, Markets, TREASURY, VoucherHandler} from "./InferencePayments.t.sol";

/// As payments need it: a burn, in the middle of which it calls back as in a transfer.
contract HostileOpen is HostileToken {
    function burn(uint256 amount) external {
        _move(msg.sender, address(0), amount);
    }
}

/// Payments over a token that calls back into them, refuses, or answers false. The token itself is a payer, an operator
/// and the owner of an adapter: what it calls from inside a transfer is called by somebody who may.
contract InferencePaymentsHostileHandler is VoucherHandler {
    HostileOpen public immutable token;

    constructor(HostileOpen token_, Market memory market) VoucherHandler(market) {
        token = token_;
        actors.push(address(token_));
        _addActors(4);
        for (uint256 i = 0; i < actors.length; i++) {
            token.mint(actors[i], 1_000_000 ether);
            vm.prank(actors[i]);
            token.approve(address(payments), type(uint256).max);
            // a line of adapters, the token's first; the token may serve them all
            _register(actors[i], 1, i, 2_000, DATASET_ROOT);
            vm.prank(actors[i]);
            models.set_operator(i + 1, address(token), true);
        }
    }

    function deposit(uint256 actorSeed, uint256 payerSeed, uint256 amountSeed, uint256 mood, uint256 callSeed)
        external
    {
        address actor = _actor(actorSeed);
        uint256 amount = _amount(amountSeed, token.balanceOf(actor) / 8);
        _act(actor, abi.encodeCall(payments.deposit, (_actor(payerSeed), amount)), mood, callSeed);
    }

    function requestWithdrawal(uint256 actorSeed, uint256 amountSeed) external {
        address actor = _rich(actorSeed, 0);
        uint256 amount = _amount(amountSeed, payments.balance_of(actor));
        vm.prank(actor);
        payments.request_withdrawal(amount);
    }

    function withdraw(uint256 actorSeed, uint256 mood, uint256 callSeed) external {
        address actor = _rich(actorSeed, 0);
        (uint256 pending, uint256 readyAt) = payments.withdrawal_of(actor);
        if (pending == 0) {
            uint256 balance = payments.balance_of(actor);
            if (balance == 0) return;
            vm.prank(actor);
            payments.request_withdrawal(balance);
            readyAt = _now() + DELAY_SECONDS;
        }
        if (readyAt > _now()) _passTime(readyAt - _now());
        _act(actor, abi.encodeCall(payments.withdraw, ()), mood, callSeed);
    }

    function redeem(uint256 adapterSeed, uint256 operatorSeed, uint256 seed, uint256 mood, uint256 callSeed) external {
        uint256 adapterId = 1 + adapterSeed % models.adapter_count();
        address operator = _operator(adapterId, operatorSeed);
        address payer = _rich(seed, 1);
        if (payments.balance_of(payer) < 4) {
            uint256 amount = token.balanceOf(payer) / 8;
            vm.prank(payer);
            payments.deposit(payer, amount);
        }
        _act(operator, _redeeming(adapterId, operator, seed), mood, callSeed);
    }

    function payEarnings(uint256 actorSeed, uint256 mood, uint256 callSeed) external {
        address account = _actor(actorSeed);
        for (uint256 i = 0; i < actors.length && payments.earnings_of(account) == 0; i++) {
            account = _actor(actorSeed % actors.length + i);
        }
        if (payments.earnings_of(account) == 0) return;
        _act(_actor(actorSeed >> 8), abi.encodeCall(payments.pay_earnings, (account)), mood, callSeed);
    }

    function _act(address actor, bytes memory data, uint256 mood, uint256 callSeed) internal {
        HostileToken.Mood chosen = HostileToken.Mood(mood % 8 < 5 ? 1 : mood % 4);
        token.arm(chosen, address(payments), _backCall(callSeed));
        vm.prank(actor);
        (bool isDone, bytes memory reason) = address(payments).call(data);
        _must(!isDone || uint8(chosen) < 2, "a call passed though the token refused");
        token.arm(HostileToken.Mood.Honest, address(0), "");
        if (!isDone) {
            assembly ("memory-safe") {
                revert(add(reason, 32), mload(reason))
            }
        }
    }

    /// Some call that a thief would make in the middle of another's.
    function _backCall(uint256 seed) internal view returns (bytes memory) {
        uint256 kind = seed % 6;
        if (kind == 0) return abi.encodeCall(payments.deposit, (address(token), 1 + seed % 1 ether));
        if (kind == 1) return abi.encodeCall(payments.withdraw, ());
        if (kind == 2) return abi.encodeCall(payments.pay_earnings, (_actor(seed / 6)));
        if (kind == 3) {
            return abi.encodeCall(payments.request_withdrawal, (payments.balance_of(address(token))));
        }
        return _redeeming(1 + seed / 6 % models.adapter_count(), address(token), seed);
    }

    /// A redemption that is good as long as nothing else happens.
    function _redeeming(uint256 adapterId, address operator, uint256 seed) internal view returns (bytes memory) {
        // the token signs nothing, so it pays nobody
        address payer = _rich(seed, 1);
        uint256 due = payments.redeemed_of(payer, operator, adapterId);
        due += _amount(seed >> 8, payments.balance_of(payer) / 4);
        IInferencePayments.Redemption[] memory batch = new IInferencePayments.Redemption[](1);
        batch[0] = _redemption(_voucher(payer, operator, adapterId, due, _now()), due, payer, _home());
        return abi.encodeCall(payments.redeem, (adapterId, batch));
    }

    /// An actor with a balance, from the place `first` on.
    function _rich(uint256 seed, uint256 first) internal view returns (address actor) {
        for (uint256 i = 0; i < actors.length; i++) {
            actor = actors[first + (seed % actors.length + i) % (actors.length - first)];
            if (payments.balance_of(actor) >= 4) return actor;
        }
    }
}

contract InferencePaymentsHostileInvariants is Suite {
    HostileOpen internal token;
    Market internal market;
    InferencePaymentsHostileHandler internal handler;

    function setUp() external override {
        token = new HostileOpen();
        market = Markets.deploy(address(token));
        handler = new InferencePaymentsHostileHandler(token, market);
        _target(handler);
    }

    function invariant_holds() external override {
        _noViolation(handler);
        uint256 owed;
        uint256 all = token.balanceOf(address(0)) + token.balanceOf(TREASURY);
        for (uint256 i = 0; i < handler.actorCount(); i++) {
            address actor = handler.actors(i);
            owed += market.payments.balance_of(actor) + market.payments.earnings_of(actor);
            all += token.balanceOf(actor);
        }
        uint256 held = token.balanceOf(address(market.payments));
        uint256 accrued = token.balanceOf(address(market.distributor));
        uint256 shared = token.balanceOf(address(market.staked));
        _equal(held, owed, "INV-1: what is owed is not what is there");
        _atMost(market.distributor.owed_wei(), accrued, "INV-1: the distributor owes more than it has");
        _atMost(market.staked.held_reward(), shared, "INV-1: stakers are owed more than is there");
        _equal(all + held + accrued + shared, handler.actorCount() * 1_000_000 ether, "R0: a part went nowhere");
        _equal(token.reentries(), 0, "a call from inside a transfer got through");
    }
}
