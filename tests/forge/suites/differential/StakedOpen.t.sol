// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {OzVotes} from "anchors/tokens.sol";
import {IOpenToken} from "integrations/interfaces/IOpenToken.sol";
import {IStakedOpen} from "integrations/interfaces/IStakedOpen.sol";
import {Deploy} from "support/Deploy.sol";
import {Twins} from "support/Twins.sol";
import {Suite} from "support/Suite.sol";
import {vm} from "support/Vm.sol";

/// gOPEN and OpenZeppelin's ERC20Votes in one EVM, the same random calls on both: a stake is a mint, an exit is a burn.
///
/// The differences that are meant; an action of that name shows both sides:
///
/// | action | gOPEN | OpenZeppelin | why |
/// |---|---|---|---|
/// | explainedZeroAmount | refuses to stake or exit 0 | mints and burns 0 | an action without effect is a mistake |
/// | explainedTransfer | has no transfer | moves tokens and votes | a transfer would get round the cooldown |
/// | any | the events of votes, then Transfer | the other way round | each kind of event is equal, in its order |
/// | any | reasons in words | custom errors | Vyper has none; compared is whether a call reverts |
contract StakedOpenTwins is Twins {
    struct Delegation {
        address delegatee;
        address signed;
        uint256 nonce;
        uint256 expiry;
        bool isMalleable;
    }

    bytes32 internal constant DELEGATION_TYPEHASH =
        keccak256("Delegation(address delegatee,uint256 nonce,uint256 expiry)");
    string internal constant DOMAIN_NAME = "OpenLedger StakedOpen";

    IOpenToken internal immutable open;
    IStakedOpen internal immutable ours;
    OzVotes internal immutable theirs;

    constructor(IOpenToken open_, IStakedOpen ours_, OzVotes theirs_) Twins(address(ours_), address(theirs_)) {
        open = open_;
        ours = ours_;
        theirs = theirs_;
        _addActors(5);
        for (uint256 i = 0; i < actors.length; i++) {
            vm.prank(actors[i]);
            open.approve(address(ours), type(uint256).max);
        }
        _compare("Transfer(address,address,uint256)");
        _compare("DelegateChanged(address,address,address)");
        _compare("DelegateVotesChanged(address,uint256,uint256)");
    }

    function stake(uint256 actorSeed, uint256 amountSeed) external {
        address actor = _actor(actorSeed);
        uint256 amount = _amount(amountSeed, open.balanceOf(actor) / 4);
        if (amount == 0) revert("nothing left to stake");
        _both(
            actor,
            abi.encodeCall(ours.stake, (amount)),
            abi.encodeCall(theirs.mint, (actor, amount)),
            "stake"
        );
    }

    /// One time in eight more than there is, which both must refuse.
    function requestExit(uint256 actorSeed, uint256 amountSeed) external {
        address actor = _actor(actorSeed);
        uint256 amount = _amount(amountSeed, ours.balanceOf(actor)) + (amountSeed % 8 == 7 ? 1 : 0);
        if (amount == 0) revert("nothing to exit");
        _both(
            actor,
            abi.encodeCall(ours.request_exit, (amount)),
            abi.encodeCall(theirs.burn, (actor, amount)),
            "exit"
        );
    }

    function cancelExit(uint256 actorSeed) external {
        address actor = _leaver(actorSeed);
        (uint256 queued,) = ours.exit_of(actor);
        _both(
            actor,
            abi.encodeCall(ours.cancel_exit, ()),
            abi.encodeCall(theirs.mint, (actor, queued)),
            "cancel"
        );
    }

    function delegate(uint256 actorSeed, uint256 delegateSeed) external {
        bytes memory data = abi.encodeCall(ours.delegate, (_delegate(delegateSeed)));
        _both(_actor(actorSeed), data, data, "delegate");
    }

    /// One time in four with something wrong in it: nonce, expiry, signer, or an s in the upper half.
    function delegateBySig(uint256 actorSeed, uint256 delegateSeed, uint256 faultSeed) external {
        Delegation memory order;
        order.delegatee = _delegate(delegateSeed);
        order.nonce = ours.nonces(_actor(actorSeed)) + (faultSeed % 16 == 0 ? 1 : 0);
        order.expiry = faultSeed % 16 == 1 ? _now() - 1 : _now() + faultSeed % 1000;
        order.signed = order.delegatee;
        // what nobody signed is a signature of somebody whose nonce is 0, of another on each side
        if (faultSeed % 16 == 2 && order.nonce > 0) order.signed = address(uint160(faultSeed));
        order.isMalleable = faultSeed % 16 == 3;
        _both(
            actors[faultSeed % actors.length],
            _signed(_actor(actorSeed), address(ours), order),
            _signed(_actor(actorSeed), address(theirs), order),
            "delegateBySig"
        );
    }

    /// The past as both tell it; the present second and the future, which both refuse. Half of the time points lie
    /// about the present, for there a borrowed stake would count.
    function readPast(uint256 ageSeed, uint256 actorSeed) external {
        uint256 timepoint = ageSeed % 2 == 0 ? _now() + 1 - (ageSeed / 2) % 4 : _now() - (ageSeed / 2) % 6 days;
        bytes memory data = abi.encodeCall(ours.getPastVotes, (_actor(actorSeed), timepoint));
        _both(address(this), data, data, "getPastVotes");
        data = abi.encodeCall(ours.getPastTotalSupply, (timepoint));
        _both(address(this), data, data, "getPastTotalSupply");
    }

    function readCheckpoint(uint256 actorSeed, uint256 positionSeed) external {
        address actor = _actor(actorSeed);
        uint32 position = uint32(positionSeed % (ours.numCheckpoints(actor) + 1));
        bytes memory data = abi.encodeCall(ours.checkpoints, (actor, position));
        _both(address(this), data, data, "checkpoints");
    }

    function explainedZeroAmount(uint256 actorSeed, bool isStake) external {
        address actor = _actor(actorSeed);
        vm.startPrank(actor);
        (bool isOurs, bytes memory reason) = address(ours).call(
            isStake ? abi.encodeCall(ours.stake, (0)) : abi.encodeCall(ours.request_exit, (0))
        );
        (bool isTheirs,) = address(theirs).call(
            isStake ? abi.encodeCall(theirs.mint, (actor, 0)) : abi.encodeCall(theirs.burn, (actor, 0))
        );
        vm.stopPrank();
        _must(!isOurs && isTheirs, "zero amounts are no longer told apart");
        _must(_isReason(reason, "staked_open: amount is zero"), "zero amounts are refused for another reason");
    }

    function explainedTransfer(uint256 actorSeed, uint256 receiverSeed) external {
        vm.prank(_actor(actorSeed));
        (bool isOurs,) = address(ours).call(abi.encodeCall(theirs.transfer, (_actor(receiverSeed), 1)));
        _must(!isOurs, "gOPEN can be transferred");
    }

    function _leaver(uint256 seed) internal view returns (address actor) {
        for (uint256 i = 0; i < actors.length; i++) {
            actor = _actor(seed % actors.length + i);
            (uint256 queued,) = ours.exit_of(actor);
            if (queued > 0) return actor;
        }
        revert("nobody leaves");
    }

    function _delegate(uint256 seed) internal view returns (address) {
        return seed % 6 == 0 ? address(0) : _actor(seed / 6);
    }

    function _signed(address actor, address verifier, Delegation memory order) internal view returns (bytes memory) {
        bytes32 structHash = keccak256(abi.encode(DELEGATION_TYPEHASH, order.signed, order.nonce, order.expiry));
        (uint8 v, bytes32 r, bytes32 s) = _sign(actor, _typed(_domain(DOMAIN_NAME, verifier), structHash));
        if (order.isMalleable) (v, s) = _malleable(v, s);
        return abi.encodeCall(ours.delegateBySig, (order.delegatee, order.nonce, order.expiry, v, r, s));
    }

    /// What must be the same after every call.
    function check() external view {
        _same(abi.encodeCall(ours.totalSupply, ()));
        _same(abi.encodeCall(ours.clock, ()));
        _same(abi.encodeCall(ours.CLOCK_MODE, ()));
        for (uint256 i = 0; i < actors.length; i++) {
            _same(abi.encodeCall(ours.balanceOf, (actors[i])));
            _same(abi.encodeCall(ours.getVotes, (actors[i])));
            _same(abi.encodeCall(ours.delegates, (actors[i])));
            _same(abi.encodeCall(ours.nonces, (actors[i])));
            _same(abi.encodeCall(ours.numCheckpoints, (actors[i])));
        }
    }
}

contract StakedOpenDifferential is Suite {
    StakedOpenTwins internal twins;

    function setUp() external override {
        IOpenToken open = IOpenToken(Deploy.vyper("OpenToken", abi.encode(address(this))));
        IStakedOpen ours = IStakedOpen(Deploy.vyper("StakedOpen", abi.encode(address(open), 10 days)));
        twins = new StakedOpenTwins(open, ours, new OzVotes());
        for (uint256 i = 0; i < twins.actorCount(); i++) open.transfer(twins.actors(i), 100_000_000 ether);
        _target(twins);
    }

    function invariant_holds() external override {
        _noViolation(twins);
        twins.check();
    }
}
