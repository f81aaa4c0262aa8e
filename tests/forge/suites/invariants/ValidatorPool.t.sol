// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOpenToken} from "integrations/interfaces/IOpenToken.sol";
import {IValidatorPool} from "integrations/interfaces/IValidatorPool.sol";
import {Deploy} from "support/Deploy.sol";
import {Handler} from "support/Handler.sol";
import {Suite} from "support/Suite.sol";
import {vm} from "support/Vm.sol";

uint256 constant SUPPLY_WEI = 1_000_000_000 ether;
// odd, so that half of it is not whole; a few penalties take half of it
uint256 constant SEAT_WEI = 8 ether + 1;
uint256 constant LEAVE_SECONDS = 36_000;
uint256 constant VALIDATORS = 6;
uint256 constant MAX_DRAWN = 41;
address constant GOVERNANCE = address(uint160(uint256(keccak256("openledger governance"))));
address constant COURT = address(uint160(uint256(keccak256("openledger court"))));

/// What validators do, and what others try to do to them. The handler keeps every seat, every list and every account;
/// it knows of every call beforehand whether it may pass. The court's suite does the same things around its reviews.
abstract contract ValidatorActions is Handler {
    struct Seat {
        address validator;
        uint256 modality;
        uint256 joinedIn;
        bool isSeated;
    }

    struct Account {
        uint256 stakeWei;
        uint256 leavingWei;
        uint256 readyAt;
        uint256 seats;
    }

    IOpenToken public immutable open;
    IValidatorPool public immutable pool;
    uint256 internal immutable _modalities;

    /// By id; nobody has seat 0.
    Seat[] internal _seats;
    mapping(uint256 => uint256[]) internal _lists;
    mapping(address => Account) internal _accounts;

    constructor(IOpenToken open_, IValidatorPool pool_, uint256 modalities) {
        (open, pool, _modalities) = (open_, pool_, modalities);
        _seats.push();
        _addActors(VALIDATORS + 3);
        for (uint256 i = 0; i < actors.length; i++) {
            vm.prank(actors[i]);
            open.approve(address(pool), type(uint256).max);
        }
    }

    function seatCount() external view returns (uint256) {
        return _seats.length - 1;
    }

    function seat(uint256 id) external view returns (Seat memory) {
        return _seats[id];
    }

    function listed(uint256 modality) external view returns (uint256) {
        return _lists[modality].length;
    }

    function account(address validator) external view returns (Account memory) {
        return _accounts[validator];
    }

    function join(uint256 actorSeed, uint256 modalitySeed, uint256 count) external {
        _join(_validator(actorSeed), 1 << modalitySeed % _modalities, 1 + count % 3);
    }

    /// One as a rule: then a draw moves only where it fell on that seat, or on the last one, which takes its place.
    function leave(uint256 actorSeed, uint256 seatSeed, uint256 count) external {
        uint256 first = _seated(seatSeed);
        if (first == 0) return;
        Seat memory left = _seats[first];
        uint256 last = _lists[left.modality][_lists[left.modality].length - 1];
        uint256[] memory ids = _alike(first, actorSeed % 2 == 0 ? 1 : 1 + count % 3);
        uint256[] memory before = _drawn(left.modality, seatSeed, 1);
        if (!_may(left.validator, address(pool), abi.encodeCall(pool.leave, (ids)), "who has seats cannot leave")) {
            return;
        }
        for (uint256 i = 0; i < ids.length; i++) {
            _unseat(ids[i]);
        }
        _giveUp(left.validator, ids.length);
        if (ids.length > 1 || _lists[left.modality].length == 0) return;
        uint256[] memory later = _drawn(left.modality, seatSeed, 1);
        for (uint256 i = 0; i < MAX_DRAWN; i++) {
            _must(
                before[i] == later[i] || before[i] == first || before[i] == last, "who leaves moved other seats' lots"
            );
        }
    }

    /// Rarely waits until it is due; before that it must fail.
    function withdrawStake(uint256 actorSeed, uint256 patience) external {
        address validator = _leaver(actorSeed);
        Account storage found = _accounts[validator];
        if (patience % 16 == 0 && found.leavingWei > 0 && found.readyAt > _now()) _passTime(found.readyAt - _now());
        bytes memory data = abi.encodeCall(pool.withdraw, ());
        if (found.leavingWei == 0 || found.readyAt > _now()) {
            _mayNot(validator, address(pool), data, "INV-10: stake left before its cooldown, or twice");
            return;
        }
        uint256 held = open.balanceOf(validator);
        if (!_may(validator, address(pool), data, "stake that is due was kept")) return;
        _must(open.balanceOf(validator) == held + found.leavingWei, "another amount than was leaving was paid");
        (found.leavingWei, found.readyAt) = (0, 0);
    }

    function topUp(uint256 actorSeed, uint256 amountSeed) external {
        address validator = _validator(actorSeed);
        uint256 amount = _amount(amountSeed, 2 * SEAT_WEI);
        bytes memory data = abi.encodeCall(pool.top_up, (amount));
        if (_accounts[validator].seats == 0) {
            _mayNot(validator, address(pool), data, "stake was added to no seat");
        } else if (_may(validator, address(pool), data, "a validator cannot add stake")) {
            _accounts[validator].stakeWei += amount;
        }
    }

    /// A seat that may be evicted, if there is one; else any, which must fail.
    function evict(uint256 senderSeed, uint256 seatSeed) external {
        uint256 id = seatSeed % (_seats.length + 1);
        for (uint256 i = 0; i < _seats.length && !_mayEvict(id); i++) {
            id = (seatSeed % _seats.length + i) % _seats.length;
        }
        bytes memory data = abi.encodeCall(pool.evict, (id));
        if (!_mayEvict(id)) {
            _mayNot(_actor(senderSeed), address(pool), data, "a seat was evicted that is covered, or not there");
        } else if (_may(_actor(senderSeed), address(pool), data, "a seat that nothing covers stays")) {
            address validator = _seats[id].validator;
            _unseat(id);
            _giveUp(validator, 1);
        }
    }

    /// Another's seat, one that was given up, or none; must fail.
    function leaveOther(uint256 actorSeed, uint256 seatSeed) external {
        uint256[] memory ids = new uint256[](1);
        ids[0] = seatSeed % (_seats.length + 1);
        address sender = _actor(actorSeed);
        if (ids[0] < _seats.length && _seats[ids[0]].isSeated && _seats[ids[0]].validator == sender) return;
        _mayNot(
            sender, address(pool), abi.encodeCall(pool.leave, (ids)), "a seat was given up that is not the sender's"
        );
    }

    /// By a validator, an outsider or the owner, of somebody's stake or his own; must fail.
    function penalizeAsOther(uint256 senderSeed, uint256 actorSeed, uint256 amountSeed) external {
        address sender = senderSeed % 4 == 0 ? GOVERNANCE : _actor(senderSeed >> 2);
        bytes memory data = abi.encodeCall(pool.penalize, (_validator(actorSeed), _amount(amountSeed, SEAT_WEI)));
        _mayNot(sender, address(pool), data, "INV-10: another than the court took stake");
        if (sender == GOVERNANCE) return;
        _mayNot(
            sender, address(pool), abi.encodeCall(pool.set_court, (sender)), "another than the owner named the court"
        );
    }

    /// Whoever joins in the draw's block or later is not drawn, and moves nobody's lot.
    function _join(address validator, uint256 modality, uint256 count) internal {
        uint256 seed = uint256(keccak256(abi.encode(validator, _now(), _seats.length)));
        bytes32 before = keccak256(abi.encode(_drawn(modality, seed, 0)));
        bytes memory data = abi.encodeCall(pool.join, (modality, count));
        if (!_may(validator, address(pool), data, "a validator cannot join")) return;
        for (uint256 i = 0; i < count; i++) {
            _lists[modality].push(_seats.length);
            _seats.push(Seat(validator, modality, vm.getBlockNumber(), true));
        }
        _accounts[validator].seats += count;
        _accounts[validator].stakeWei += count * SEAT_WEI;
        _must(keccak256(abi.encode(_drawn(modality, seed, 0))) == before, "who joined for a draw moved it");
    }

    /// The ghosts of a penalty: the stake first, then what is leaving.
    function _take(address validator, uint256 amount) internal returns (uint256 taken) {
        Account storage found = _accounts[validator];
        taken = _least(amount, found.stakeWei);
        uint256 fromLeaving = _least(amount - taken, found.leavingWei);
        found.stakeWei -= taken;
        found.leavingWei -= fromLeaving;
        taken += fromLeaving;
    }

    /// A call that the rules allow, so that it must succeed. A revert of the handler would hide that it did not.
    function _may(address sender, address target, bytes memory data, string memory what)
        internal
        returns (bool isDone)
    {
        bytes memory returned;
        vm.prank(sender);
        (isDone, returned) = target.call(data);
        if (!isDone) _must(false, string.concat("INV-7: ", what, ": ", _reason(returned)));
    }

    function _mayNot(address sender, address target, bytes memory data, string memory what) internal {
        vm.prank(sender);
        (bool isDone,) = target.call(data);
        _must(!isDone, what);
    }

    /// The text of a revert, which lies behind its selector.
    function _reason(bytes memory returned) internal pure returns (string memory) {
        if (returned.length < 68) return "no reason";
        bytes memory text = new bytes(returned.length - 4);
        for (uint256 i = 0; i < text.length; i++) {
            text[i] = returned[i + 4];
        }
        return abi.decode(text, (string));
    }

    function _drawn(uint256 modality, uint256 seed, uint256 blocks) internal view returns (uint256[] memory) {
        return pool.draw(modality, keccak256(abi.encode(seed)), MAX_DRAWN, vm.getBlockNumber() + blocks);
    }

    function _giveUp(address validator, uint256 count) internal {
        Account storage found = _accounts[validator];
        found.seats -= count;
        uint256 needed = found.seats * SEAT_WEI;
        if (found.stakeWei <= needed) return;
        found.leavingWei += found.stakeWei - needed;
        (found.stakeWei, found.readyAt) = (needed, _now() + LEAVE_SECONDS);
    }

    function _unseat(uint256 id) internal {
        _seats[id].isSeated = false;
        uint256[] storage list = _lists[_seats[id].modality];
        for (uint256 i = 0; i < list.length; i++) {
            if (list[i] == id) list[i] = list[list.length - 1];
        }
        list.pop();
    }

    /// The seat and up to `most` - 1 others of its validator, of any modality.
    function _alike(uint256 first, uint256 most) internal view returns (uint256[] memory ids) {
        uint256[] memory found = new uint256[](most);
        uint256 count;
        for (uint256 id = first; id < _seats.length && count < most; id++) {
            if (_seats[id].isSeated && _seats[id].validator == _seats[first].validator) found[count++] = id;
        }
        ids = new uint256[](count);
        for (uint256 i = 0; i < count; i++) {
            ids[i] = found[i];
        }
    }

    function _mayEvict(uint256 id) internal view returns (bool) {
        if (id >= _seats.length || !_seats[id].isSeated) return false;
        Account storage found = _accounts[_seats[id].validator];
        return 2 * found.stakeWei < found.seats * SEAT_WEI;
    }

    function _seated(uint256 seed) internal view returns (uint256) {
        for (uint256 i = 0; i < _seats.length; i++) {
            uint256 id = (seed % _seats.length + i) % _seats.length;
            if (_seats[id].isSeated) return id;
        }
        return 0;
    }

    function _leaver(uint256 seed) internal view returns (address validator) {
        for (uint256 i = 0; i < VALIDATORS; i++) {
            validator = _validator(seed % VALIDATORS + i);
            if (_accounts[validator].leavingWei > 0) return validator;
        }
    }

    function _validator(uint256 seed) internal view returns (address) {
        return actors[seed % VALIDATORS];
    }

    function _least(uint256 left, uint256 right) internal pure returns (uint256) {
        return left < right ? left : right;
    }
}

/// The pool alone, under a court that takes what it likes.
contract ValidatorPoolHandler is ValidatorActions {
    uint256 public penaltiesWei;
    uint256 public donatedWei;

    constructor(IOpenToken open_, IValidatorPool pool_) ValidatorActions(open_, pool_, 3) {
        vm.prank(GOVERNANCE);
        pool.set_court(COURT);
    }

    function penalize(uint256 actorSeed, uint256 amountSeed) external {
        address validator = _validator(actorSeed);
        uint256 amount = amountSeed % 16 == 0 ? type(uint256).max : _amount(amountSeed, 2 * SEAT_WEI);
        uint256 held = open.balanceOf(COURT);
        if (!_may(COURT, address(pool), abi.encodeCall(pool.penalize, (validator, amount)), "a penalty failed")) {
            return;
        }
        uint256 taken = _take(validator, amount);
        _must(open.balanceOf(COURT) == held + taken, "INV-1: a penalty is not what was there");
        penaltiesWei += taken;
    }

    /// Every seat that is drawn is on the list and old enough; where all are, every lot finds one.
    function draw(uint256 modalitySeed, bytes32 seed, uint256 count, uint256 age) external {
        uint256 modality = 1 << modalitySeed % 3;
        uint256 joinedBefore = vm.getBlockNumber() + 1 - age % 1_000;
        uint256[] memory drawn = pool.draw(modality, seed, count % (MAX_DRAWN + 1), joinedBefore);
        bool areOld = _lists[modality].length > 0;
        for (uint256 i = 0; i < _lists[modality].length; i++) {
            if (_seats[_lists[modality][i]].joinedIn >= joinedBefore) areOld = false;
        }
        _must(drawn.length == count % (MAX_DRAWN + 1), "another number of seats was drawn");
        for (uint256 i = 0; i < drawn.length; i++) {
            if (drawn[i] == 0) {
                _must(!areOld, "a lot fell on nobody");
                continue;
            }
            Seat memory found = _seats[drawn[i]];
            _must(found.isSeated && found.modality == modality, "a seat was drawn that is not on the list");
            _must(found.joinedIn < joinedBefore, "a seat was drawn that is too young");
        }
    }

    function donate(uint256 actorSeed, uint256 amountSeed) external {
        uint256 amount = _amount(amountSeed, 10 ether);
        vm.prank(_actor(actorSeed));
        open.transfer(address(pool), amount);
        donatedWei += amount;
    }
}

contract ValidatorPoolInvariants is Suite {
    IOpenToken internal open;
    IValidatorPool internal pool;
    ValidatorPoolHandler internal handler;

    function setUp() external override {
        open = IOpenToken(Deploy.vyper("OpenToken", abi.encode(address(this))));
        vm.roll(1_000);
        pool = IValidatorPool(Deploy.vyper("ValidatorPool", abi.encode(open, SEAT_WEI, LEAVE_SECONDS, GOVERNANCE)));
        handler = new ValidatorPoolHandler(open, pool);
        for (uint256 i = 0; i < handler.actorCount(); i++) {
            open.transfer(handler.actors(i), 1_000_000 ether);
        }
        _target(handler);
    }

    function invariant_holds() external override {
        _noViolation(handler);
        uint256 owed = handler.donatedWei();
        for (uint256 i = 0; i < VALIDATORS; i++) {
            owed += _accountHolds(handler.actors(i));
        }
        _equal(open.balanceOf(address(pool)), owed, "INV-1: the stakes are not what is there");
        _equal(open.balanceOf(COURT), handler.penaltiesWei(), "INV-1: the court got another amount");
        _equal(open.totalSupply(), SUPPLY_WEI, "INV-6: the pool made or burned OPEN");
        for (uint256 modality = 1; modality <= 4; modality *= 2) {
            _equal(pool.seat_count(modality), handler.listed(modality), "another number of seats can be drawn");
        }
        // all of them after every call would take most of the time
        uint256 count = handler.seatCount();
        for (uint256 i = 0; i < count && i < 8; i++) {
            _seatHolds(1 + (vm.getBlockTimestamp() + i) % count);
        }
    }

    function _accountHolds(address validator) internal view returns (uint256) {
        ValidatorActions.Account memory seen = handler.account(validator);
        (uint256 leaving, uint256 readyAt) = pool.leaving_of(validator);
        _equal(pool.stake_of(validator), seen.stakeWei, "INV-1: a stake is not what was put down");
        _equal(leaving, seen.leavingWei, "INV-1: what leaves is not what was let go");
        if (leaving > 0) _equal(readyAt, seen.readyAt, "stake leaves at another time");
        _equal(pool.seats_of(validator), seen.seats, "a validator has another number of seats");
        return seen.stakeWei + seen.leavingWei;
    }

    function _seatHolds(uint256 id) internal view {
        ValidatorActions.Seat memory seen = handler.seat(id);
        require(pool.validator_of(id) == seen.validator, "a seat changed hands");
        require(pool.is_seated(id) == seen.isSeated, "a seat can be drawn that was given up, or cannot that was not");
    }
}
