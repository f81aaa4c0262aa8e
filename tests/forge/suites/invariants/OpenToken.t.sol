// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOpenToken} from "integrations/interfaces/IOpenToken.sol";
import {Deploy} from "support/Deploy.sol";
import {Handler} from "support/Handler.sol";
import {Suite} from "support/Suite.sol";
import {vm} from "support/Vm.sol";

uint256 constant SUPPLY_WEI = 1_000_000_000 ether;

/// Holders who transfer, approve, burn, and sign permits and authorizations that others send, twice or late.
contract OpenTokenHandler is Handler {
    bytes32 internal constant PERMIT_TYPEHASH =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    bytes32 internal constant TRANSFER_TYPEHASH = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,"
        "uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 internal constant RECEIVE_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,"
        "uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 internal constant CANCEL_TYPEHASH = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");

    struct Authorization {
        address from;
        address to;
        uint256 value;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    IOpenToken public immutable open;
    uint256 public burnedWei;
    uint256 internal _nonce;
    Authorization internal _last;

    constructor(IOpenToken open_) {
        open = open_;
        _addActors(5);
    }

    function transfer(uint256 fromSeed, uint256 toSeed, uint256 amountSeed) external {
        (address from, address to) = (_actor(fromSeed), _actor(toSeed));
        _moves(from, to, _amount(amountSeed, open.balanceOf(from)), 0, from);
    }

    /// An amount above the balance; must fail.
    function transferTooMuch(uint256 fromSeed, uint256 toSeed, uint128 excess) external {
        address from = _actor(fromSeed);
        uint256 amount = open.balanceOf(from) + 1 + excess;
        vm.prank(from);
        try open.transfer(_actor(toSeed), amount) {
            _must(false, "INV-6: more was transferred than there was");
        } catch {}
    }

    function approve(uint256 ownerSeed, uint256 spenderSeed, uint256 amountSeed, bool isUnlimited) external {
        address owner = _actor(ownerSeed);
        uint256 amount = isUnlimited ? type(uint256).max : _amount(amountSeed, SUPPLY_WEI);
        vm.prank(owner);
        open.approve(_actor(spenderSeed), amount);
    }

    function transferFrom(uint256 ownerSeed, uint256 spenderSeed, uint256 toSeed, uint256 amountSeed) external {
        (address owner, address spender) = (_actor(ownerSeed), _actor(spenderSeed));
        uint256 allowed = open.allowance(owner, spender);
        uint256 held = open.balanceOf(owner);
        uint256 amount = _amount(amountSeed, allowed < held ? allowed : held);
        if (amount == 0) {
            vm.prank(spender);
            try open.transferFrom(owner, _actor(toSeed), allowed == 0 ? 1 : held + 1) {
                _must(false, "INV-6: moved without allowance or balance");
            } catch {}
            return;
        }
        _moves(owner, _actor(toSeed), amount, allowed, spender);
        uint256 left = open.allowance(owner, spender);
        _must(
            left == (allowed == type(uint256).max ? allowed : allowed - amount),
            "INV-6: an allowance did not fall by what was moved"
        );
    }

    function burn(uint256 ownerSeed, uint256 amountSeed) external {
        address owner = _actor(ownerSeed);
        uint256 amount = _amount(amountSeed, open.balanceOf(owner) / 64);
        vm.prank(owner);
        open.burn(amount);
        burnedWei += amount;
    }

    /// A permit, sent twice; the second must fail, as must one past its deadline.
    function permit(uint256 ownerSeed, uint256 spenderSeed, uint256 amount, bool isLate) external {
        (address owner, address spender) = (_actor(ownerSeed), _actor(spenderSeed));
        uint256 deadline = isLate ? _now() - 1 : _now();
        bytes32 structHash =
            keccak256(abi.encode(PERMIT_TYPEHASH, owner, spender, amount, open.nonces(owner), deadline));
        (uint8 v, bytes32 r, bytes32 s) = _sign(owner, _typed(open.DOMAIN_SEPARATOR(), structHash));
        try open.permit(owner, spender, amount, deadline, v, r, s) {
            _must(!isLate, "INV-10: a permit past its deadline counted");
            _must(open.allowance(owner, spender) == amount, "a permit gave another allowance");
        } catch {
            _must(isLate, "a good permit was refused");
        }
        try open.permit(owner, spender, amount, deadline, v, r, s) {
            _must(false, "INV-10: a permit counted twice");
        } catch {}
    }

    /// An authorization (EIP-3009) that anyone sends, or its receiver alone; kept, to be sent again.
    function authorize(uint256 fromSeed, uint256 toSeed, uint256 amountSeed, bool isReceive, bool isEarly) external {
        Authorization memory given;
        given.from = _actor(fromSeed);
        given.to = _actor(toSeed);
        given.value = _amount(amountSeed, open.balanceOf(given.from));
        given.validAfter = isEarly ? _now() : _now() - 1;
        given.validBefore = _now() + 1;
        given.nonce = bytes32(++_nonce);
        _signAuthorization(given, isReceive ? RECEIVE_TYPEHASH : TRANSFER_TYPEHASH);
        uint256 before = open.balanceOf(given.to);
        address sender = isReceive ? given.to : actors[toSeed % 3];
        if (_send(given, isReceive, sender)) {
            _must(!isEarly, "INV-10: an authorization counted before its time");
            bool isMoved = open.balanceOf(given.to) == before + (given.from == given.to ? 0 : given.value);
            _must(isMoved, "INV-6: an authorization moved another amount");
            _must(open.authorizationState(given.from, given.nonce), "INV-10: a used authorization is not marked");
            _last = given;
        } else {
            _must(isEarly, "a good authorization was refused");
        }
    }

    /// The last authorization again, as it was or as one of the other kind, from anybody; must fail.
    function replay(uint256 senderSeed, bool isReceive) external {
        if (_last.from == address(0)) return;
        _must(!_send(_last, isReceive, _actor(senderSeed)), "INV-10: an authorization counted twice");
    }

    /// One that only the receiver may send, sent by another; must fail.
    function intercept(uint256 fromSeed, uint256 toSeed, uint256 senderSeed) external {
        Authorization memory given;
        given.from = _actor(fromSeed);
        given.to = _actor(toSeed);
        given.value = 1;
        given.validBefore = _now() + 1;
        given.nonce = bytes32(++_nonce);
        _signAuthorization(given, RECEIVE_TYPEHASH);
        address sender = _actor(senderSeed);
        if (sender == given.to) return;
        _must(!_send(given, true, sender), "INV-10: another than the receiver sent a receipt");
        _must(!_send(given, false, sender), "INV-10: a receipt counted as a transfer");
    }

    /// Cancelled first, then sent; must fail.
    function cancel(uint256 fromSeed, uint256 toSeed) external {
        Authorization memory given;
        given.from = _actor(fromSeed);
        given.to = _actor(toSeed);
        given.validBefore = _now() + 1;
        given.nonce = bytes32(++_nonce);
        _signAuthorization(given, TRANSFER_TYPEHASH);
        bytes32 structHash = keccak256(abi.encode(CANCEL_TYPEHASH, given.from, given.nonce));
        (uint8 v, bytes32 r, bytes32 s) = _sign(given.from, _typed(open.DOMAIN_SEPARATOR(), structHash));
        open.cancelAuthorization(given.from, given.nonce, v, r, s);
        _must(!_send(given, false, given.to), "INV-10: a cancelled authorization counted");
    }

    function _moves(address from, address to, uint256 amount, uint256 allowed, address sender) internal {
        uint256 fromBefore = open.balanceOf(from);
        uint256 toBefore = open.balanceOf(to);
        vm.prank(sender);
        if (allowed > 0) open.transferFrom(from, to, amount);
        else open.transfer(to, amount);
        if (from == to) {
            _must(open.balanceOf(from) == fromBefore, "INV-6: a transfer to oneself changed a balance");
        } else {
            _must(open.balanceOf(from) == fromBefore - amount, "INV-6: a sender lost another amount");
            _must(open.balanceOf(to) == toBefore + amount, "INV-6: a receiver got another amount");
        }
    }

    function _signAuthorization(Authorization memory given, bytes32 typehash) internal view {
        bytes32 structHash = keccak256(
            abi.encode(
                typehash, given.from, given.to, given.value, given.validAfter, given.validBefore, given.nonce
            )
        );
        (given.v, given.r, given.s) = _sign(given.from, _typed(open.DOMAIN_SEPARATOR(), structHash));
    }

    function _send(Authorization memory given, bool isReceive, address sender) internal returns (bool isDone) {
        bytes4 selector =
            isReceive ? open.receiveWithAuthorization.selector : open.transferWithAuthorization.selector;
        vm.prank(sender);
        (isDone,) = address(open).call(bytes.concat(selector, abi.encode(given)));
    }
}

contract OpenTokenInvariants is Suite {
    IOpenToken internal open;
    OpenTokenHandler internal handler;

    function setUp() external override {
        open = IOpenToken(Deploy.vyper("OpenToken", abi.encode(address(this))));
        handler = new OpenTokenHandler(open);
        for (uint256 i = 0; i < handler.actorCount(); i++) open.transfer(handler.actors(i), SUPPLY_WEI / 5);
        _target(handler);
    }

    function invariant_holds() external override {
        _noViolation(handler);
        uint256 balances = open.balanceOf(address(open));
        for (uint256 i = 0; i < handler.actorCount(); i++) balances += open.balanceOf(handler.actors(i));
        _equal(open.totalSupply(), balances, "INV-6: the supply is not the sum of the balances");
        _equal(open.totalSupply(), SUPPLY_WEI - handler.burnedWei(), "INV-6: minted less burned is not the supply");
    }
}
