// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDatanetRegistry} from "integrations/interfaces/IDatanetRegistry.sol";
import {IOpenToken} from "integrations/interfaces/IOpenToken.sol";
import {IReviewCourt} from "integrations/interfaces/IReviewCourt.sol";
import {IValidatorPool} from "integrations/interfaces/IValidatorPool.sol";
import {Deploy} from "support/Deploy.sol";
import {Suite} from "support/Suite.sol";
import {Vm, vm} from "support/Vm.sol";
import {ValidatorActions, GOVERNANCE, LEAVE_SECONDS, SEAT_WEI, SUPPLY_WEI, VALIDATORS} from "./ValidatorPool.t.sol";

uint256 constant COMMIT_SECONDS = 1_000;
uint256 constant REVEAL_SECONDS = 2_000;
uint256 constant APPEAL_SECONDS = 4_000;
// odd amounts, so that every half is rounded
uint256 constant BOND_WEI = 7 ether + 1;
uint256 constant DEPOSIT_WEI = 1 ether + 1;
// more than in production, so that many committees are asked again
uint256 constant AUDIT_BPS = 3_000;
uint256 constant DATANETS = 2;
uint256 constant LEVELS = 3;
uint256 constant OPENED = 1;
uint256 constant VOTING = 2;
uint256 constant TALLIED = 4;
uint256 constant PROVISIONAL = 8;
uint256 constant SETTLED = 16;
uint256 constant PENDING = 1;
uint256 constant ACCEPTED = 2;
uint256 constant REJECTED = 4;
uint256 constant WITHDRAWN = 8;
address constant TREASURY = address(uint160(uint256(keccak256("openledger treasury"))));

/// What the contracts should say: every review, every vote, and whose every wei is. It learns from the contracts only
/// which seats the lot chose, and which of three amounts a vote that peers judged was worth.
abstract contract ReviewLedger is ValidatorActions {
    struct Item {
        address contributor;
        uint256 datanetId;
        uint256 content;
        uint256 committedAt;
        uint256 status;
        bool locksDeposit;
        uint256 scoreSum;
        uint256 abuseRejects;
        /// A bit for each level.
        uint256 decided;
        uint256 accepted;
        IReviewCourt.Round round;
    }

    enum VoteState {
        Nothing,
        Committed,
        Revealed
    }

    enum Judge {
        Nobody,
        Committee,
        Peers
    }

    /// The arguments of `vote_commitment`, in their order.
    struct Ballot {
        address validator;
        uint256 id;
        uint256 level;
        uint256 position;
        bool isAccepted;
        uint256 score;
        uint256 reason;
        bytes32 reasonDigest;
        bytes32 salt;
    }

    /// What the court logged, read in its order.
    struct Tape {
        Vm.Log[] logs;
        uint256 next;
    }

    bytes32 internal constant SEAT_SCORED = keccak256("SeatScored(uint256,address,uint256,uint256,int256)");
    uint256 internal constant LOSS_FACTOR = 5;
    uint256 internal constant MAX_ATTEMPTS = 3;

    IDatanetRegistry public immutable registry;
    IReviewCourt public immutable court;

    mapping(uint256 => Item) internal _items;
    uint256 public itemCount;
    /// What is committed and not revealed, what can be reviewed, and what is settled.
    uint256[] internal _waiting;
    uint256[] internal _live;
    uint256[] public settled;
    /// content -> the contribution that holds it
    mapping(uint256 => uint256) public holder;
    mapping(uint256 => IDatanetRegistry.Terms) internal _terms;
    /// contribution -> level -> who sits there
    mapping(uint256 => mapping(uint256 => uint256[])) internal _committeeSeats;
    mapping(uint256 => mapping(uint256 => address[])) internal _committee;
    mapping(uint256 => mapping(uint256 => mapping(uint256 => Ballot))) internal _ballots;
    mapping(uint256 => mapping(uint256 => mapping(uint256 => VoteState))) internal _states;
    mapping(uint256 => mapping(uint256 => address)) internal _appellants;

    mapping(uint256 => uint256) public budgetWei;
    mapping(address => uint256) public earnedWei;
    uint256 public reservedWei;
    uint256 public bondsWei;
    uint256 public burnedWei;
    uint256 public treasuryWei;
    uint256 public donatedWei;
    /// Deposits paid and neither lost nor withdrawn, and those of them that a contribution locks.
    uint256 public depositCount;
    uint256 public lockedCount;

    constructor(IDatanetRegistry registry_, IReviewCourt court_) {
        (registry, court) = (registry_, court_);
        // the fee is less than the reward in one Datanet, so that agreeing blindly costs, and more in the other
        _terms[1] = IDatanetRegistry.Terms(3, 0.3 ether + 1, 1 ether + 3);
        _terms[2] = IDatanetRegistry.Terms(5, 0.7 ether + 1, 0.5 ether + 2);
    }

    function item(uint256 id) external view returns (Item memory) {
        return _items[id];
    }

    function live() external view returns (uint256[] memory) {
        return _live;
    }

    function settledCount() external view returns (uint256) {
        return settled.length;
    }

    function committeeOf(uint256 id, uint256 level) external view returns (uint256[] memory, address[] memory) {
        return (_committeeSeats[id][level], _committee[id][level]);
    }

    function appellantOf(uint256 id, uint256 level) external view returns (address) {
        return _appellants[id][level];
    }

    function _reserveWei(uint256 datanetId, uint256 level) internal view returns (uint256) {
        IDatanetRegistry.Terms memory terms = _terms[datanetId];
        return _sizeOf(terms.committee_size, level) * (terms.review_fee_wei + terms.review_reward_wei);
    }

    function _sizeOf(uint256 size, uint256 level) internal pure returns (uint256) {
        if (level == 0) return size;
        return level == 2 || 3 * size > 41 ? 41 : 3 * size;
    }

    function _reserve(uint256 id, uint256 level) internal {
        uint256 amount = _reserveWei(_items[id].datanetId, level);
        budgetWei[_items[id].datanetId] -= amount;
        reservedWei += amount;
    }

    /// A level begins, or another attempt at it; what was reserved stays.
    function _begin(uint256 id, uint256 level, uint256 attempt) internal {
        Item storage found = _items[id];
        IReviewCourt.Round storage round = found.round;
        (round.datanet_id, round.level, round.attempt, round.phase) = (found.datanetId, level, attempt, OPENED);
        round.size = _sizeOf(_terms[found.datanetId].committee_size, level);
        round.draw_block = vm.getBlockNumber() + 1;
        (round.present, round.drawn_at, round.commit_ends_at, round.reveal_ends_at) = (0, 0, 0, 0);
        (round.committed, round.revealed, round.accepts) = (0, 0, 0);
        (found.scoreSum, found.abuseRejects) = (0, 0);
        delete _committeeSeats[id][level];
        delete _committee[id][level];
    }

    function _count(uint256 id) internal {
        Item storage found = _items[id];
        IReviewCourt.Round storage round = found.round;
        (round.phase, round.draw_block) = (TALLIED, vm.getBlockNumber() + 1);
        (round.provisional_at, round.is_decided, round.decided_level) = (_now(), true, round.level);
        found.decided |= 1 << round.level;
        round.is_accepted = 3 * round.accepts >= 2 * round.size;
        if (round.is_accepted) found.accepted |= 1 << round.level;
        round.score = round.is_accepted ? found.scoreSum / round.accepts : 0;
        round.is_abusive = !round.is_accepted && 2 * found.abuseRejects > round.revealed - round.accepts;
    }

    /// Too few revealed: who did is paid, who did not is fined, and another committee is asked if the budget replaces
    /// what this one got.
    function _drawAgain(Tape memory tape, uint256 id) internal {
        IReviewCourt.Round storage round = _items[id].round;
        (uint256 datanetId, uint256 level) = (round.datanet_id, round.level);
        uint256 spent = _scoreLevel(tape, id, level, Judge.Nobody);
        for (uint256 i = 0; i < round.size; i++) {
            delete _states[id][level][i];
        }
        uint256 left = _reserveWei(datanetId, level) - spent;
        uint256 attempt = round.attempt < 255 ? round.attempt + 1 : 255;
        reservedWei -= spent;
        if ((level == 0 || attempt < MAX_ATTEMPTS) && budgetWei[datanetId] >= spent) {
            budgetWei[datanetId] -= spent;
            reservedWei += spent;
            _begin(id, level, attempt);
            return;
        }
        reservedWei -= left;
        address appellant = _appellants[id][level];
        if (appellant == address(0)) {
            budgetWei[datanetId] += left;
        } else {
            earnedWei[appellant] += BOND_WEI + left;
            bondsWei -= BOND_WEI;
        }
        if (level == 0) {
            delete _items[id].round;
            (round.datanet_id, round.attempt) = (datanetId, attempt);
            // nobody sits until the review is opened again
            delete _committeeSeats[id][0];
            delete _committee[id][0];
        } else {
            (round.phase, round.provisional_at) = (PROVISIONAL, 0);
        }
    }

    function _finalize(Tape memory tape, uint256 id) internal {
        Item storage found = _items[id];
        found.round.phase = SETTLED;
        for (uint256 level = 0; level < LEVELS; level++) {
            if (found.decided >> level & 1 == 0) continue;
            bool isLast = level == found.round.decided_level;
            _close(id, level, _scoreLevel(tape, id, level, isLast ? Judge.Peers : Judge.Committee));
        }
        if (found.status == PENDING) {
            found.status = found.round.is_accepted ? ACCEPTED : REJECTED;
            if (!found.round.is_accepted) holder[found.content] = 0;
        }
        if (found.locksDeposit && found.round.is_abusive) {
            depositCount--;
            burnedWei += DEPOSIT_WEI / 2;
            treasuryWei += DEPOSIT_WEI - DEPOSIT_WEI / 2;
        }
        _unlock(id);
        _drop(id);
        settled.push(id);
    }

    function _close(uint256 id, uint256 level, uint256 spent) internal {
        Item storage found = _items[id];
        uint256 reserved = _reserveWei(found.datanetId, level);
        reservedWei -= reserved;
        budgetWei[found.datanetId] += reserved - spent;
        address appellant = _appellants[id][level];
        if (appellant == address(0)) return;
        bondsWei -= BOND_WEI;
        if ((found.accepted >> level - 1 & 1 == 1) != found.round.is_accepted) {
            uint256 fees = _least(budgetWei[found.datanetId], reserved);
            budgetWei[found.datanetId] -= fees;
            earnedWei[appellant] += BOND_WEI + fees;
        } else {
            burnedWei += BOND_WEI / 2;
            treasuryWei += BOND_WEI - BOND_WEI / 2;
        }
    }

    /// Every seat that somebody has is scored once, in the order of positions. Returns what the level's seats earned.
    function _scoreLevel(Tape memory tape, uint256 id, uint256 level, Judge judge) internal returns (uint256 spent) {
        for (uint256 position = 0; position < _committee[id][level].length; position++) {
            address validator = _committee[id][level][position];
            if (validator == address(0)) continue;
            int256 amount = _logged(tape, id, validator, level, position);
            int256 due = _due(_ballots[id][level][position], _states[id][level][position], judge, amount, id);
            _must(_booked(validator, due) == amount, "INV-1: a seat got or lost another amount than by the rules");
            if (due >= 0) {
                spent += uint256(due);
                earnedWei[validator] += uint256(due);
            } else {
                _charge(_items[id].datanetId, validator, uint256(-due));
            }
        }
    }

    function _logged(Tape memory tape, uint256 id, address validator, uint256 level, uint256 position)
        internal
        returns (int256 amount)
    {
        while (tape.next < tape.logs.length && tape.logs[tape.next].topics[0] != SEAT_SCORED) tape.next++;
        if (tape.next == tape.logs.length) {
            _must(false, "a seat was not scored");
            return 0;
        }
        Vm.Log memory log = tape.logs[tape.next++];
        uint256 loggedLevel;
        uint256 loggedPosition;
        (loggedLevel, loggedPosition, amount) = abi.decode(log.data, (uint256, uint256, int256));
        bool isSeat = log.topics[1] == bytes32(id) && log.topics[2] == bytes32(uint256(uint160(validator)));
        _must(isSeat && loggedLevel == level && loggedPosition == position, "another seat was scored");
    }

    /// What a seat earns, less than 0 for what it should lose. Among peers it may be one of three amounts.
    function _due(Ballot memory ballot, VoteState state, Judge judge, int256 amount, uint256 id)
        internal
        view
        returns (int256)
    {
        IDatanetRegistry.Terms memory terms = _terms[_items[id].datanetId];
        (int256 fee, int256 reward) = (int256(terms.review_fee_wei), int256(terms.review_reward_wei));
        int256 loss = int256(LOSS_FACTOR) * reward;
        if (state != VoteState.Revealed) return -loss;
        if (judge == Judge.Nobody) return fee;
        if (judge == Judge.Committee) {
            return ballot.isAccepted == _items[id].round.is_accepted ? fee + reward : fee - loss;
        }
        for (int256 agreement = -1; agreement <= 1; agreement += 2) {
            if (_booked(ballot.validator, fee + agreement * reward) == amount) return fee + agreement * reward;
        }
        return fee;
    }

    /// The amount as far as there is anything to take.
    function _booked(address validator, int256 due) internal view returns (int256) {
        if (due >= 0) return due;
        Account storage found = _accounts[validator];
        return -int256(_least(uint256(-due), earnedWei[validator] + found.stakeWei + found.leavingWei));
    }

    /// Earnings first, then stake; half is burned, the rest goes to the Datanet.
    function _charge(uint256 datanetId, address validator, uint256 amount) internal {
        uint256 taken = _least(amount, earnedWei[validator]);
        earnedWei[validator] -= taken;
        taken += _take(validator, amount - taken);
        burnedWei += taken / 2;
        budgetWei[datanetId] += taken - taken / 2;
    }

    function _lock(uint256 id) internal {
        _items[id].locksDeposit = true;
        lockedCount++;
    }

    function _unlock(uint256 id) internal {
        if (_items[id].locksDeposit) lockedCount--;
        _items[id].locksDeposit = false;
    }

    /// Under review the deposit waits for the verdict, and the review goes on; else nothing is left to review.
    function _withdrawn(uint256 id) internal {
        Item storage found = _items[id];
        found.status = WITHDRAWN;
        if (holder[found.content] == id) holder[found.content] = 0;
        if (found.round.datanet_id != 0) return;
        _unlock(id);
        _drop(id);
    }

    function _drop(uint256 id) internal {
        _remove(_live, id);
    }

    function _remove(uint256[] storage list, uint256 id) internal {
        for (uint256 i = 0; i < list.length; i++) {
            if (list[i] != id) continue;
            list[i] = list[list.length - 1];
            list.pop();
            return;
        }
    }
}

/// Contributors, some of whom overtake each other, one of whom is a validator; validators who vote together, apart, or
/// not at all; appellants; and whoever takes the steps between. Each step must succeed where the rules allow it, and
/// must fail where they do not.
contract ReviewCourtHandler is ReviewLedger {
    uint256 internal constant MAX_LIVE = 8;
    uint256 internal constant MAX_VOTES = 32;
    uint256 internal constant BLOCK_HASHES = 256;

    constructor(IOpenToken open_, IValidatorPool pool_, IDatanetRegistry registry_, IReviewCourt court_)
        ValidatorActions(open_, pool_, DATANETS)
        ReviewLedger(registry_, court_)
    {
        vm.startPrank(GOVERNANCE);
        pool.set_court(address(court));
        registry.set_court(address(court));
        for (uint256 id = 1; id <= DATANETS; id++) {
            registry.create_datanet(
                1 << id - 1,
                1 << 8 * (id - 1),
                _terms[id],
                IDatanetRegistry.Limits(2 ** 27, 2 ** 33, 62, 2 ** 20),
                "metadata"
            );
        }
        vm.stopPrank();
        for (uint256 i = 0; i < actors.length; i++) {
            vm.startPrank(actors[i]);
            open.approve(address(registry), type(uint256).max);
            open.approve(address(court), type(uint256).max);
            vm.stopPrank();
        }
    }

    /// Mostly within one phase.
    function passTime(uint256 seed) external override {
        _passTime(1 + (seed >> 4) % (seed % 4 == 0 ? 24 : seed % 4 == 1 ? 4_000 : 1_000));
    }

    // contributors

    /// One time in three somebody else committed to the same content before, and may still reveal.
    function contribute(uint256 actorSeed, uint256 datanetSeed) external {
        if (_live.length >= MAX_LIVE) return;
        uint256 datanetId = 1 + datanetSeed % DATANETS;
        uint256 content = itemCount + 1;
        if (actorSeed % 3 == 0) _waiting.push(_commit(_contributor(actorSeed / 3 + 1), datanetId, content));
        uint256 id = _commit(_contributor(actorSeed / 3), datanetId, content);
        _passTime(12);
        _reveal(id);
    }

    /// The earlier commitment takes the content, under review or not, until it is decided; after that it must fail.
    function overtake(uint256 seed) external {
        if (_waiting.length == 0) return;
        uint256 id = _waiting[seed % _waiting.length];
        uint256 before = holder[_items[id].content];
        _remove(_waiting, id);
        bool mayReveal = before == 0 || _items[before].status == PENDING;
        if (_now() <= _items[id].committedAt + 1 days && mayReveal) {
            _reveal(id);
        } else {
            bytes memory data = _revealData(id);
            _mayNot(_items[id].contributor, address(registry), data, "a decided content was taken by another");
        }
    }

    function withdrawContribution(uint256 seed) external {
        uint256[] memory ids = _choose(seed, _isPending, 1);
        if (ids.length == 0 || seed % 2 == 0) return;
        Item storage found = _items[ids[0]];
        bytes memory data = abi.encodeCall(registry.withdraw_contribution, (ids[0], _canonicalHash(found.content)));
        if (_may(found.contributor, address(registry), data, "a contribution cannot be withdrawn")) _withdrawn(ids[0]);
    }

    /// Of what was withdrawn under review, rarely when its 90 days are over; before that it must fail.
    function releaseDeposit(uint256 seed, uint256 senderSeed) external {
        if (_live.length == 0) return;
        uint256 id = _live[seed % _live.length];
        for (uint256 i = 0; i < _live.length && _items[id].status != WITHDRAWN; i++) {
            id = _live[(seed % _live.length + i) % _live.length];
        }
        IDatanetRegistry.Contribution memory found = registry.contribution(id);
        if (senderSeed % 16 == 0 && found.status == WITHDRAWN) _passTime(90 days);
        bytes memory data = abi.encodeCall(registry.release_deposit, (id));
        bool isDue = found.withdrawn_at != 0 && _now() >= found.withdrawn_at + 90 days;
        if (!isDue || !_items[id].locksDeposit) {
            _mayNot(_actor(senderSeed), address(registry), data, "a deposit was released that awaits its verdict");
        } else if (_may(_actor(senderSeed), address(registry), data, "a deposit that was due was kept")) {
            _unlock(id);
        }
    }

    // anyone

    function fund(uint256 actorSeed, uint256 datanetSeed, uint256 amountSeed) external {
        _fund(_actor(actorSeed), 1 + datanetSeed % DATANETS, _amount(amountSeed, 20 ether));
    }

    /// Three times in four with a budget that is large enough; else it fails where that is too small.
    function openRounds(uint256 seed) external {
        uint256[] memory ids = _choose(seed, _canOpen, 1 + seed % 3);
        if (ids.length == 0) return;
        uint256[3] memory needed;
        for (uint256 i = 0; i < ids.length; i++) {
            needed[_items[ids[i]].datanetId] += _reserveWei(_items[ids[i]].datanetId, 0);
        }
        bool isFunded = true;
        for (uint256 id = 1; id <= DATANETS; id++) {
            if (needed[id] <= budgetWei[id]) continue;
            if (seed % 4 != 0) _fund(_actor(seed), id, needed[id] - budgetWei[id]);
            else isFunded = false;
        }
        if (isFunded) _open(ids);
        else _mayNot(_actor(seed), address(court), abi.encodeCall(court.open_rounds, (ids)), "INV-1: unpaid reviews");
    }

    /// As soon as the block allows, at the last block whose hash there is, or later.
    function drawCommittees(uint256 seed, bytes32 blockHash) external {
        uint256[] memory ids = _choose(seed, _isOpened, 1 + seed % 3);
        if (ids.length == 0) return;
        _tooEarly(ids, abi.encodeCall(court.draw_committees, (ids)));
        _draw(ids, _delay(seed), blockHash);
    }

    /// A committee as a whole, or one of its validators, as a rule with some who say nothing.
    function commitVotes(uint256 seed, uint256 mood) external {
        uint256[] memory ids = _bring(seed, _isCommitting);
        if (ids.length == 0) return;
        if (seed % 4 == 0) _commitSeats(ids[0], _committeeMember(ids[0], seed), mood, 0);
        else _commitAll(ids[0], mood, _silence(ids[0], seed));
    }

    function revealVotes(uint256 seed) external {
        uint256[] memory ids = _choose(seed, _isRevealing, 1);
        if (ids.length == 0) {
            ids = _bring(seed, _hasCommitted);
            if (ids.length == 0) return;
            _wait(_items[ids[0]].round.commit_ends_at);
        }
        if (seed % 4 == 0) _revealSeats(ids[0], _committeeMember(ids[0], seed), seed, 0);
        else _revealAll(ids[0], seed, _silence(ids[0], seed));
    }

    /// Of committees that are done; where none is, one is waited for.
    function tally(uint256 seed) external {
        uint256[] memory ids = _choose(seed, _mayTally, 1 + seed % 3);
        if (ids.length == 0) {
            ids = _choose(seed, _isVoting, 1);
            if (ids.length == 0 || seed % 4 == 0) return;
            _wait(_items[ids[0]].round.reveal_ends_at);
        }
        _tally(ids);
    }

    function audit(uint256 seed, bytes32 blockHash) external {
        uint256[] memory ids = _choose(seed, _isTallied, 1 + seed % 3);
        if (ids.length == 0) return;
        _tooEarly(ids, abi.encodeCall(court.audit, (ids)));
        _audit(ids, _delay(seed), blockHash);
    }

    function appeal(uint256 seed, uint256 actorSeed) external {
        uint256[] memory ids = _bring(seed, _mayAppeal);
        if (ids.length == 0) return;
        uint256 level = _items[ids[0]].round.level + 1;
        uint256 cost = BOND_WEI + _reserveWei(_items[ids[0]].datanetId, level);
        (address appellant, uint256 held) = (_actor(actorSeed), open.balanceOf(_actor(actorSeed)));
        bytes memory data = abi.encodeCall(court.appeal, (ids[0], bytes32(0)));
        if (!_may(appellant, address(court), data, "nobody can appeal within the window")) return;
        _must(open.balanceOf(appellant) == held - cost, "INV-1: an appeal took another amount");
        bondsWei += BOND_WEI;
        reservedWei += cost - BOND_WEI;
        _appellants[ids[0]][level] = appellant;
        _begin(ids[0], level, 0);
    }

    function settle(uint256 seed) external {
        uint256[] memory ids = _choose(seed, _maySettle, 1 + seed % 3);
        if (ids.length == 0) {
            ids = _choose(seed, _isProvisional, 1);
            if (ids.length == 0 || seed % 4 == 0) return;
            _wait(_items[ids[0]].round.provisional_at + APPEAL_SECONDS);
        }
        _settle(ids);
    }

    /// Somebody pays whoever has earned something; nobody gets what he has not.
    function withdrawEarnings(uint256 senderSeed, uint256 actorSeed) external {
        address account = _actor(actorSeed);
        for (uint256 i = 1; i < actors.length && earnedWei[account] == 0 && senderSeed % 8 != 0; i++) {
            account = _actor(actorSeed % actors.length + i);
        }
        bytes memory data = abi.encodeCall(court.withdraw_earnings, (account));
        uint256 held = open.balanceOf(account);
        if (earnedWei[account] == 0) {
            _mayNot(_actor(senderSeed), address(court), data, "INV-1: an account was paid that earned nothing");
        } else if (_may(_actor(senderSeed), address(court), data, "earnings are not paid")) {
            _must(open.balanceOf(account) == held + earnedWei[account], "INV-1: another amount than was earned");
            earnedWei[account] = 0;
        }
    }

    function donate(uint256 actorSeed, uint256 amountSeed) external {
        uint256 amount = _amount(amountSeed, 10 ether);
        vm.prank(_actor(actorSeed));
        open.transfer(address(court), amount);
        donatedWei += amount;
    }

    /// Whatever state a review is in: if there are validators, who vote, and a budget, it comes to its end.
    function finish(uint256 seed) external {
        if (_live.length == 0) return;
        uint256 id = _live[seed % _live.length];
        _seat(1 << _items[id].datanetId - 1);
        for (uint256 step = 0; step < 120; step++) {
            if (_items[id].round.phase == SETTLED) return;
            if (bytes(violation).length > 0) return;
            _step(id, uint256(keccak256(abi.encode(seed, step))), 0);
        }
        _must(false, "INV-7: a review does not come to its end");
    }

    // what nobody may do

    /// Out of turn, too early, too late, or twice; must fail, also behind one that may pass.
    function stepBadly(uint256 seed, uint256 kind, uint256 actorSeed) external {
        if (itemCount == 0) return;
        uint256 id = 1 + seed % (itemCount + 1);
        uint256[] memory ids = _one(id);
        bytes memory data;
        bool mayPass;
        kind %= 6;
        if (kind == 0) {
            mayPass = _canOpen(id) && budgetWei[_items[id].datanetId] >= _reserveWei(_items[id].datanetId, 0);
            data = abi.encodeCall(court.open_rounds, (ids));
        } else if (kind == 1) {
            mayPass = _isOpened(id) && vm.getBlockNumber() > _items[id].round.draw_block;
            data = abi.encodeCall(court.draw_committees, (ids));
        } else if (kind == 2) {
            (mayPass, data) = (_mayTally(id), abi.encodeCall(court.tally, (ids)));
        } else if (kind == 3) {
            mayPass = _isTallied(id) && vm.getBlockNumber() > _items[id].round.draw_block;
            data = abi.encodeCall(court.audit, (ids));
        } else if (kind == 4) {
            (mayPass, data) = (_mayAppeal(id), abi.encodeCall(court.appeal, (id, bytes32(0))));
        } else {
            (mayPass, data) = (_maySettle(id), abi.encodeCall(court.settle, (ids, _hashes(ids))));
        }
        if (!mayPass) {
            _mayNot(_actor(actorSeed), address(court), data, string.concat("a step out of turn: ", _name(kind)));
        }
    }

    /// What is settled, what is due to be settled with another hash, and what is due twice in one call; must fail.
    function settleBadly(uint256 seed, uint256 kind) external {
        kind %= 3;
        uint256[] memory ids = _choose(seed, _maySettle, 1);
        if (kind == 0 && settled.length == 0) return;
        if (kind == 0) ids = _one(settled[seed % settled.length]);
        if (ids.length == 0) return;
        bytes32[] memory hashes = _hashes(ids);
        if (kind == 1 && _items[ids[0]].status != PENDING) return;
        if (kind == 1) hashes[0] = _canonicalHash(_items[ids[0]].content + 1);
        if (kind == 2) {
            uint256 id = ids[0];
            (ids, hashes) = (new uint256[](2), new bytes32[](2));
            (ids[0], ids[1]) = (id, id);
            hashes[0] = hashes[1] = _canonicalHash(_items[id].content);
        }
        bytes memory data = abi.encodeCall(court.settle, (ids, hashes));
        _mayNot(_actor(seed), address(court), data, "a review was settled twice, or on another content");
    }

    /// In the second after the window or later, or against the last level; must fail.
    function appealLate(uint256 seed, uint256 actorSeed) external {
        uint256[] memory ids = seed % 4 == 0 ? _bring(seed, _mayAppeal) : _choose(seed, _isProvisional, 1);
        if (ids.length == 0 || (_mayAppeal(ids[0]) && seed % 4 != 0)) return;
        if (_mayAppeal(ids[0])) _wait(_items[ids[0]].round.provisional_at + APPEAL_SECONDS);
        bytes memory data = abi.encodeCall(court.appeal, (ids[0], bytes32(0)));
        _mayNot(_actor(actorSeed), address(court), data, "an appeal was heard after its window");
    }

    /// At another's seat, at nobody's, or at none; must fail.
    function voteForAnother(uint256 seed, uint256 actorSeed) external {
        uint256[] memory ids = _bring(seed, _isCommitting);
        if (ids.length == 0) return;
        IReviewCourt.Round memory round = _items[ids[0]].round;
        uint256 position = (seed >> 8) % (round.size + 1);
        address sender = _actor(actorSeed);
        if (position < round.size && _committee[ids[0]][round.level][position] == sender) return;
        Ballot memory ballot = _ballot(sender, ids[0], position, seed);
        bytes memory data = _commitData(ballot);
        _mayNot(sender, address(court), data, "INV-10: a vote was cast at a seat that is not the sender's");
    }

    /// Twice at one seat, or after the phase; must fail.
    function commitBadly(uint256 seed, bool isLate) external {
        uint256[] memory ids = _bring(seed, isLate ? _isVoting : _hasCommitted);
        if (ids.length == 0) return;
        IReviewCourt.Round memory round = _items[ids[0]].round;
        for (uint256 i = 0; i < round.size; i++) {
            uint256 position = (seed % round.size + i) % round.size;
            address validator = _committee[ids[0]][round.level][position];
            bool isSilent = _states[ids[0]][round.level][position] == VoteState.Nothing;
            if (validator == address(0) || isSilent != isLate) continue;
            if (isLate) _wait(round.commit_ends_at);
            bytes memory data = _commitData(_ballot(validator, ids[0], position, seed));
            _mayNot(validator, address(court), data, "a seat committed twice, or too late");
            return;
        }
    }

    /// Another vote than was committed, by another, at another position, twice, too early or too late; must fail.
    function revealBadly(uint256 seed, uint256 kind, uint256 actorSeed) external {
        kind %= 8;
        uint256[] memory ids = _bring(seed, kind == 7 ? _hasRevealed : _hasCommitted);
        if (ids.length == 0) return;
        IReviewCourt.Round memory round = _items[ids[0]].round;
        for (uint256 i = 0; i < round.size; i++) {
            uint256 position = (seed % round.size + i) % round.size;
            VoteState state = _states[ids[0]][round.level][position];
            if (state != (kind == 7 ? VoteState.Revealed : VoteState.Committed)) continue;
            // kind 6 differs in nothing but the time
            bool isEarly = kind == 6 && _isCommitting(ids[0]) && seed % 2 == 0;
            if (kind == 6 && !isEarly) _wait(round.reveal_ends_at);
            else if (!isEarly) _wait(round.commit_ends_at);
            _revealOther(_ballots[ids[0]][round.level][position], round, kind, actorSeed);
            return;
        }
    }

    /// By anyone but the court; must fail.
    function resolveAsOther(uint256 seed, uint256 senderSeed, bool isAccepted) external {
        uint256[] memory ids = _choose(seed, _isPending, 1);
        if (ids.length == 0) return;
        address sender = senderSeed % 4 == 0 ? GOVERNANCE : _actor(senderSeed >> 2);
        bytes32 canonicalHash = _canonicalHash(_items[ids[0]].content);
        bytes memory data =
            abi.encodeCall(registry.resolve, (ids[0], canonicalHash, isAccepted, isAccepted ? 1 : 0, false));
        _mayNot(sender, address(registry), data, "INV-10: another than the court decided");
        data = abi.encodeCall(registry.begin_review, (ids[0]));
        _mayNot(sender, address(registry), data, "another than the court began a review");
    }

    // the steps

    /// One that fits; where none does, another is brought as far, if it comes there.
    function _bring(uint256 seed, function(uint256) view returns (bool) fits) internal returns (uint256[] memory ids) {
        ids = _choose(seed, fits, 1);
        if (ids.length > 0 || _live.length == 0) return ids;
        uint256 id = _live[(seed >> 16) % _live.length];
        for (uint256 step = 0; step < 12; step++) {
            if (fits(id)) return _one(id);
            if (_items[id].round.phase == SETTLED || bytes(violation).length > 0) return ids;
            _step(id, uint256(keccak256(abi.encode(seed, step))), _silence(id, seed));
        }
    }

    /// The next thing that a review waits for; of `silence` votes one is not given, 0 for none.
    function _step(uint256 id, uint256 seed, uint256 silence) internal {
        uint256 phase = _items[id].round.phase;
        if (phase == 0) {
            _fund(actors[0], _items[id].datanetId, _reserveWei(_items[id].datanetId, 0));
            _open(_one(id));
        } else if (phase == OPENED) {
            _draw(_one(id), 1, bytes32(seed));
        } else if (phase == VOTING) {
            _stepVotes(id, seed, silence);
        } else if (phase == TALLIED) {
            _audit(_one(id), 1, bytes32(seed));
        } else {
            if (!_maySettle(id)) _wait(_items[id].round.provisional_at + APPEAL_SECONDS);
            _settle(_one(id));
        }
    }

    function _stepVotes(uint256 id, uint256 seed, uint256 silence) internal {
        uint256 committed = _items[id].round.committed;
        if (_isCommitting(id)) _commitAll(id, seed, silence);
        if (_items[id].round.committed > committed) return;
        _wait(_items[id].round.commit_ends_at);
        if (_isRevealing(id)) _revealAll(id, seed, silence);
        if (!_mayTally(id)) _wait(_items[id].round.reveal_ends_at);
        _tally(_one(id));
    }

    function _commit(address contributor, uint256 datanetId, uint256 content) internal returns (uint256 id) {
        id = ++itemCount;
        Item storage made = _items[id];
        (made.contributor, made.datanetId, made.content) = (contributor, datanetId, content);
        made.committedAt = _now();
        bytes32 commitment =
            keccak256(abi.encode(contributor, datanetId, _digest(content), _canonicalHash(content), bytes32(id)));
        _may(contributor, address(registry), abi.encodeCall(registry.commit, (commitment)), "nobody can commit");
    }

    function _reveal(uint256 id) internal {
        Item storage found = _items[id];
        (address contributor, uint256 before) = (found.contributor, holder[found.content]);
        if (registry.free_deposits(found.datanetId, contributor) == 0) {
            bytes memory data = abi.encodeCall(registry.add_deposits, (found.datanetId, 1));
            if (!_may(contributor, address(registry), data, "nobody can pay a deposit")) return;
            depositCount++;
        }
        (,, uint256 filesLeft) = registry.allowance_of(found.datanetId, contributor);
        if (filesLeft == 0) return;
        if (!_may(contributor, address(registry), _revealData(id), "what was committed cannot be revealed")) return;
        if (before != 0) _withdrawn(before);
        (found.status, holder[found.content]) = (PENDING, id);
        _lock(id);
        _live.push(id);
    }

    function _revealData(uint256 id) internal view returns (bytes memory) {
        Item storage found = _items[id];
        bytes32 canonicalHash = _canonicalHash(found.content);
        return abi.encodeCall(
            registry.reveal,
            (id, found.datanetId, _digest(found.content), canonicalHash, 100, 8 * (found.datanetId - 1), bytes32(id))
        );
    }

    function _fund(address payer, uint256 datanetId, uint256 amount) internal {
        bytes memory data = abi.encodeCall(court.fund, (datanetId, amount));
        if (_may(payer, address(court), data, "nobody can fund reviews")) budgetWei[datanetId] += amount;
    }

    function _open(uint256[] memory ids) internal {
        if (!_may(_actor(ids[0]), address(court), abi.encodeCall(court.open_rounds, (ids)), "no review opens")) return;
        for (uint256 i = 0; i < ids.length; i++) {
            _reserve(ids[i], 0);
            _begin(ids[i], 0, _items[ids[i]].round.attempt);
        }
    }

    /// The committee is what the pool draws by that block's hash, without its contributor.
    function _draw(uint256[] memory ids, uint256 delay, bytes32 blockHash) internal {
        uint256[][] memory drawn = new uint256[][](ids.length);
        _mine(ids, delay, blockHash);
        for (uint256 i = 0; i < ids.length; i++) {
            IReviewCourt.Round memory round = _items[ids[i]].round;
            if (_isLate(round)) continue;
            bytes32 seed = keccak256(abi.encode(blockhash(round.draw_block), ids[i], round.level));
            drawn[i] = pool.draw(1 << round.datanet_id - 1, seed, round.size, round.draw_block);
        }
        bytes memory data = abi.encodeCall(court.draw_committees, (ids));
        if (!_may(_actor(ids[0]), address(court), data, "no committee is drawn")) return;
        for (uint256 i = 0; i < ids.length; i++) {
            if (_isLate(_items[ids[i]].round)) _items[ids[i]].round.draw_block = vm.getBlockNumber() + 1;
            else _sit(ids[i], drawn[i]);
        }
    }

    function _sit(uint256 id, uint256[] memory seats) internal {
        Item storage found = _items[id];
        IReviewCourt.Round storage round = found.round;
        for (uint256 i = 0; i < seats.length; i++) {
            address validator = _seats[seats[i]].validator;
            if (validator == found.contributor) (seats[i], validator) = (0, address(0));
            if (validator != address(0)) round.present++;
            _committeeSeats[id][round.level].push(seats[i]);
            _committee[id][round.level].push(validator);
        }
        (round.phase, round.drawn_at) = (VOTING, _now());
        round.commit_ends_at = _now() + (round.present > 0 ? COMMIT_SECONDS : 0);
        round.reveal_ends_at = round.commit_ends_at + REVEAL_SECONDS;
    }

    function _commitAll(uint256 id, uint256 mood, uint256 silence) internal {
        for (uint256 i = 0; i < VALIDATORS && _isCommitting(id); i++) {
            _commitSeats(id, actors[i], mood, silence);
        }
    }

    /// Of `silence` seats one stays silent; 0 for none.
    function _commitSeats(uint256 id, address validator, uint256 mood, uint256 silence) internal {
        IReviewCourt.Round storage round = _items[id].round;
        uint256[] memory positions = _positions(id, validator, VoteState.Nothing, mood, silence);
        if (positions.length == 0) return;
        IReviewCourt.VoteCommit[] memory votes = new IReviewCourt.VoteCommit[](positions.length);
        for (uint256 i = 0; i < positions.length; i++) {
            Ballot memory ballot = _ballot(validator, id, positions[i], mood);
            _ballots[id][round.level][positions[i]] = ballot;
            votes[i] = IReviewCourt.VoteCommit(id, positions[i], keccak256(abi.encode(ballot)));
        }
        if (!_may(validator, address(court), abi.encodeCall(court.commit_votes, (votes)), "nobody can commit")) return;
        for (uint256 i = 0; i < positions.length; i++) {
            _states[id][round.level][positions[i]] = VoteState.Committed;
        }
        round.committed += positions.length;
        if (round.committed < round.present) return;
        (round.commit_ends_at, round.reveal_ends_at) = (_now(), _now() + REVEAL_SECONDS);
    }

    function _revealAll(uint256 id, uint256 seed, uint256 silence) internal {
        for (uint256 i = 0; i < VALIDATORS; i++) {
            _revealSeats(id, actors[i], seed, silence);
        }
    }

    function _revealSeats(uint256 id, address validator, uint256 seed, uint256 silence) internal {
        Item storage found = _items[id];
        uint256[] memory positions = _positions(id, validator, VoteState.Committed, seed, silence);
        if (positions.length == 0) return;
        IReviewCourt.VoteReveal[] memory votes = new IReviewCourt.VoteReveal[](positions.length);
        for (uint256 i = 0; i < positions.length; i++) {
            votes[i] = _revealed(_ballots[id][found.round.level][positions[i]]);
        }
        bytes memory data = abi.encodeCall(court.reveal_votes, (votes));
        if (!_may(validator, address(court), data, "a vote cannot be revealed")) return;
        for (uint256 i = 0; i < positions.length; i++) {
            _states[id][found.round.level][positions[i]] = VoteState.Revealed;
            found.round.revealed++;
            found.scoreSum += votes[i].score;
            if (votes[i].is_accepted) found.round.accepts++;
            if (votes[i].reason == 4 || votes[i].reason == 6 || votes[i].reason == 8) found.abuseRejects++;
        }
    }

    function _tally(uint256[] memory ids) internal {
        vm.recordLogs();
        if (!_may(_actor(ids[0]), address(court), abi.encodeCall(court.tally, (ids)), "votes are not counted")) return;
        Tape memory tape = Tape(vm.getRecordedLogs(), 0);
        for (uint256 i = 0; i < ids.length; i++) {
            IReviewCourt.Round storage round = _items[ids[i]].round;
            if (3 * round.revealed >= 2 * round.size) _count(ids[i]);
            else _drawAgain(tape, ids[i]);
        }
        _wasRead(tape);
    }

    /// By the hash of the block after the tally; a hash that is gone asks for an audit.
    function _audit(uint256[] memory ids, uint256 delay, bytes32 blockHash) internal {
        _mine(ids, delay, blockHash);
        if (!_may(_actor(ids[0]), address(court), abi.encodeCall(court.audit, (ids)), "no audit is decided")) return;
        for (uint256 i = 0; i < ids.length; i++) {
            IReviewCourt.Round memory round = _items[ids[i]].round;
            uint256 random = uint256(keccak256(abi.encode(blockhash(round.draw_block), ids[i], round.level)));
            bool isDue = round.level == 0 && (_isLate(round) || random % 10_000 < AUDIT_BPS);
            if (isDue && budgetWei[round.datanet_id] >= _reserveWei(round.datanet_id, 1)) {
                _reserve(ids[i], 1);
                _begin(ids[i], 1, 0);
            } else {
                _items[ids[i]].round.phase = PROVISIONAL;
            }
        }
    }

    function _settle(uint256[] memory ids) internal {
        vm.recordLogs();
        bytes memory data = abi.encodeCall(court.settle, (ids, _hashes(ids)));
        if (!_may(_actor(ids[0]), address(court), data, "a review that is over is not settled")) return;
        Tape memory tape = Tape(vm.getRecordedLogs(), 0);
        for (uint256 i = 0; i < ids.length; i++) {
            _finalize(tape, ids[i]);
        }
        _wasRead(tape);
    }

    function _wasRead(Tape memory tape) internal {
        for (; tape.next < tape.logs.length; tape.next++) {
            _must(tape.logs[tape.next].topics[0] != SEAT_SCORED, "a seat was scored twice, or one that nobody has");
        }
    }

    /// At least so many seats of those who contribute nothing that a committee of them is likely.
    function _seat(uint256 modality) internal {
        uint256 honest;
        uint256[] storage list = _lists[modality];
        for (uint256 i = 0; i < list.length; i++) {
            if (_seats[list[i]].validator != actors[VALIDATORS - 1]) honest++;
        }
        uint256 others = list.length - honest;
        while (honest < 3 * others || honest < 3) {
            _join(actors[honest % (VALIDATORS - 1)], modality, 3);
            honest += 3;
        }
    }

    /// In the youngest of the fixed blocks itself, whose hash there is not yet; must fail.
    function _tooEarly(uint256[] memory ids, bytes memory data) internal {
        uint256 newest = _newest(ids);
        if (newest < vm.getBlockNumber()) return;
        vm.roll(newest);
        _mayNot(_actor(newest), address(court), data, "INV-10: a lot was drawn by a block without a hash");
    }

    /// To `delay` blocks after the youngest of the fixed blocks, whose hashes nobody knew.
    function _mine(uint256[] memory ids, uint256 delay, bytes32 blockHash) internal {
        uint256 newest = _newest(ids);
        uint256 present = vm.getBlockNumber();
        if (newest + delay > present) {
            vm.warp(_now() + 12 * (newest + delay - present));
            vm.roll(newest + delay);
        }
        for (uint256 i = 0; i < ids.length; i++) {
            IReviewCourt.Round memory round = _items[ids[i]].round;
            if (!_isLate(round)) vm.setBlockhash(round.draw_block, keccak256(abi.encode(blockHash, round.draw_block)));
        }
    }

    function _newest(uint256[] memory ids) internal view returns (uint256 newest) {
        for (uint256 i = 0; i < ids.length; i++) {
            if (_items[ids[i]].round.draw_block > newest) newest = _items[ids[i]].round.draw_block;
        }
    }

    function _wait(uint256 until) internal {
        if (until > _now()) _passTime(until - _now());
    }

    function _revealOther(Ballot memory ballot, IReviewCourt.Round memory round, uint256 kind, uint256 seed) internal {
        address sender = ballot.validator;
        IReviewCourt.VoteReveal[] memory votes = new IReviewCourt.VoteReveal[](1);
        votes[0] = _revealed(ballot);
        if (kind == 0) {
            votes[0].is_accepted = !ballot.isAccepted;
            votes[0].score = ballot.isAccepted ? 0 : 80;
            votes[0].reason = ballot.isAccepted ? 1 : 0;
        }
        if (kind == 1) votes[0].salt ^= bytes32(uint256(1) << seed % 256);
        if (kind == 2 && ballot.isAccepted) votes[0].score = ballot.score % 100 + 1;
        if (kind == 2 && !ballot.isAccepted) votes[0].reason = ballot.reason % 8 + 1;
        if (kind == 3) sender = _actor(seed);
        if (kind == 4) votes[0].position = (ballot.position + 1 + seed % round.size) % (round.size + 1);
        if (kind == 5) votes[0].reason_digest = bytes32(seed | 1);
        if (kind == 3 && sender == ballot.validator) return;
        _mayNot(
            sender,
            address(court),
            abi.encodeCall(court.reveal_votes, (votes)),
            "another vote than was committed counts"
        );
    }

    // what can be done

    function _isPending(uint256 id) internal view returns (bool) {
        return _items[id].status == PENDING;
    }

    function _canOpen(uint256 id) internal view returns (bool) {
        Item storage found = _items[id];
        if (found.round.phase != 0) return false;
        return found.status == PENDING || (found.status == WITHDRAWN && found.round.datanet_id != 0);
    }

    function _isOpened(uint256 id) internal view returns (bool) {
        return _items[id].round.phase == OPENED;
    }

    function _isVoting(uint256 id) internal view returns (bool) {
        return _items[id].round.phase == VOTING;
    }

    function _isCommitting(uint256 id) internal view returns (bool) {
        return _isVoting(id) && _now() < _items[id].round.commit_ends_at;
    }

    function _hasCommitted(uint256 id) internal view returns (bool) {
        IReviewCourt.Round storage round = _items[id].round;
        return _isVoting(id) && round.committed > round.revealed && _now() < round.reveal_ends_at;
    }

    function _hasRevealed(uint256 id) internal view returns (bool) {
        return _isVoting(id) && _items[id].round.revealed > 0;
    }

    function _isRevealing(uint256 id) internal view returns (bool) {
        IReviewCourt.Round storage round = _items[id].round;
        if (round.phase != VOTING || round.committed == round.revealed) return false;
        return _now() >= round.commit_ends_at && _now() < round.reveal_ends_at;
    }

    function _mayTally(uint256 id) internal view returns (bool) {
        IReviewCourt.Round storage round = _items[id].round;
        if (round.phase != VOTING || _now() < round.commit_ends_at) return false;
        return round.committed == round.revealed || _now() >= round.reveal_ends_at;
    }

    function _isTallied(uint256 id) internal view returns (bool) {
        return _items[id].round.phase == TALLIED;
    }

    function _mayAppeal(uint256 id) internal view returns (bool) {
        IReviewCourt.Round storage round = _items[id].round;
        if (round.phase != TALLIED && round.phase != PROVISIONAL) return false;
        return round.level < LEVELS - 1 && _now() < round.provisional_at + APPEAL_SECONDS;
    }

    function _isProvisional(uint256 id) internal view returns (bool) {
        return _items[id].round.phase == PROVISIONAL;
    }

    function _maySettle(uint256 id) internal view returns (bool) {
        IReviewCourt.Round storage round = _items[id].round;
        if (round.phase != PROVISIONAL) return false;
        return round.level == LEVELS - 1 || _now() >= round.provisional_at + APPEAL_SECONDS;
    }

    function _isLate(IReviewCourt.Round memory round) internal view returns (bool) {
        return vm.getBlockNumber() > round.draw_block + BLOCK_HASHES;
    }

    /// Up to `most` different live contributions that fit, from a random one on.
    function _choose(uint256 seed, function(uint256) view returns (bool) fits, uint256 most)
        internal
        view
        returns (uint256[] memory ids)
    {
        uint256[] memory found = new uint256[](most);
        uint256 count;
        for (uint256 i = 0; i < _live.length && count < most; i++) {
            uint256 id = _live[((seed >> 16) % _live.length + i) % _live.length];
            if (fits(id)) found[count++] = id;
        }
        ids = new uint256[](count);
        for (uint256 i = 0; i < count; i++) {
            ids[i] = found[i];
        }
    }

    /// The positions of a validator in that state; of `silence` of them one is left out.
    function _positions(uint256 id, address validator, VoteState state, uint256 seed, uint256 silence)
        internal
        view
        returns (uint256[] memory positions)
    {
        // nobody sits where the lot fell on the contributor
        if (validator == address(0)) return positions;
        uint256 level = _items[id].round.level;
        uint256[] memory found = new uint256[](MAX_VOTES);
        uint256 count;
        for (uint256 i = 0; i < _committee[id][level].length && count < MAX_VOTES; i++) {
            if (_committee[id][level][i] != validator || _states[id][level][i] != state) continue;
            if (silence > 0 && uint256(keccak256(abi.encode(seed, i))) % silence == 0) continue;
            found[count++] = i;
        }
        positions = new uint256[](count);
        for (uint256 i = 0; i < count; i++) {
            positions[i] = found[i];
        }
    }

    /// Most committees agree, more or less; others vote as they like. The salt is new for every attempt.
    function _ballot(address validator, uint256 id, uint256 position, uint256 mood)
        internal
        view
        returns (Ballot memory ballot)
    {
        IReviewCourt.Round storage round = _items[id].round;
        uint256 random = uint256(keccak256(abi.encode(mood, id, round.level, position)));
        (ballot.validator, ballot.id, ballot.level, ballot.position) = (validator, id, round.level, position);
        ballot.salt = keccak256(abi.encode(validator, id, round.level, round.attempt, position, mood));
        uint256 kind = mood % 8 < 6 && random % 8 != 0 ? mood % 8 : (random >> 8) % 8;
        if (kind < 4) (ballot.isAccepted, ballot.score) = (true, 1 + (random >> 16) % 100);
        else if (kind == 4) ballot.reason = 1 + (random >> 16) % 8;
        else ballot.reason = kind == 5 ? 4 : kind == 6 ? 6 : 8;
    }

    function _committeeMember(uint256 id, uint256 seed) internal view returns (address) {
        address[] storage committee = _committee[id][_items[id].round.level];
        return committee[(seed >> 32) % committee.length];
    }

    function _commitData(Ballot memory ballot) internal view returns (bytes memory) {
        IReviewCourt.VoteCommit[] memory votes = new IReviewCourt.VoteCommit[](1);
        votes[0] = IReviewCourt.VoteCommit(ballot.id, ballot.position, keccak256(abi.encode(ballot)));
        return abi.encodeCall(court.commit_votes, (votes));
    }

    function _revealed(Ballot memory ballot) internal pure returns (IReviewCourt.VoteReveal memory vote) {
        (vote.contribution_id, vote.position, vote.is_accepted) = (ballot.id, ballot.position, ballot.isAccepted);
        (vote.score, vote.reason) = (ballot.score, ballot.reason);
        (vote.reason_digest, vote.salt) = (ballot.reasonDigest, ballot.salt);
    }

    /// What was withdrawn has lost its hash, and none is asked for.
    function _hashes(uint256[] memory ids) internal view returns (bytes32[] memory hashes) {
        hashes = new bytes32[](ids.length);
        for (uint256 i = 0; i < ids.length; i++) {
            if (_items[ids[i]].status == PENDING) hashes[i] = _canonicalHash(_items[ids[i]].content);
        }
    }

    /// The last validator, and one who is none.
    function _contributor(uint256 seed) internal view returns (address) {
        return actors[VALIDATORS - 1 + seed % 3];
    }

    /// One committee in four is careless; some contributions find no larger committee that cares.
    function _silence(uint256 id, uint256 seed) internal view returns (uint256) {
        if (id % 4 == 0 && _items[id].round.level > 0) return 1 + seed % 2;
        return seed % 4 == 1 ? 3 : 0;
    }

    function _one(uint256 id) internal pure returns (uint256[] memory ids) {
        ids = new uint256[](1);
        ids[0] = id;
    }

    function _delay(uint256 seed) internal pure returns (uint256) {
        uint256 kind = (seed >> 8) % 12;
        return kind == 0 ? BLOCK_HASHES : kind == 1 ? BLOCK_HASHES + 1 : 1;
    }

    function _canonicalHash(uint256 content) internal pure returns (bytes32) {
        return keccak256(abi.encode("content", content));
    }

    function _digest(uint256 content) internal pure returns (bytes32) {
        return keccak256(abi.encode("file", content));
    }

    function _name(uint256 kind) internal pure returns (string memory) {
        return ["open", "draw", "tally", "audit", "appeal", "settle"][kind];
    }
}

contract ReviewCourtInvariants is Suite {
    IOpenToken internal open;
    IValidatorPool internal pool;
    IDatanetRegistry internal registry;
    IReviewCourt internal court;
    ReviewCourtHandler internal handler;

    function setUp() external override {
        vm.roll(1_000);
        open = IOpenToken(Deploy.vyper("OpenToken", abi.encode(address(this))));
        pool = IValidatorPool(Deploy.vyper("ValidatorPool", abi.encode(open, SEAT_WEI, LEAVE_SECONDS, GOVERNANCE)));
        bytes memory arguments = abi.encode(open, TREASURY, DEPOSIT_WEI, GOVERNANCE);
        registry = IDatanetRegistry(Deploy.vyper("DatanetRegistry", arguments));
        arguments = abi.encode(
            [uint256(uint160(address(open))), uint160(address(registry)), uint160(address(pool)), uint160(TREASURY)],
            [COMMIT_SECONDS, REVEAL_SECONDS, APPEAL_SECONDS, BOND_WEI, AUDIT_BPS]
        );
        court = IReviewCourt(Deploy.vyper("ReviewCourt", arguments));
        handler = new ReviewCourtHandler(open, pool, registry, court);
        for (uint256 i = 0; i < handler.actorCount(); i++) {
            open.transfer(handler.actors(i), 1_000_000 ether);
        }
        for (uint256 i = 0; i < VALIDATORS; i++) {
            handler.join(i, 0, 1);
            handler.join(i, 1, 1);
        }
        _target(handler);
    }

    function invariant_holds() external override {
        _noViolation(handler);
        _moneyHolds();
        uint256[] memory ids = handler.live();
        for (uint256 i = 0; i < ids.length; i++) {
            _reviewHolds(ids[i]);
        }
        // all of them after every call would take most of the time
        uint256 count = handler.settledCount();
        if (count > 0) _reviewHolds(handler.settled(vm.getBlockTimestamp() % count));
        if (count > 0) _reviewHolds(handler.settled(count - 1));
    }

    function _moneyHolds() internal view {
        uint256 owed = handler.reservedWei() + handler.bondsWei() + handler.donatedWei();
        uint256 stakes;
        uint256 free;
        for (uint256 id = 1; id <= DATANETS; id++) {
            _equal(court.budget(id), handler.budgetWei(id), "INV-1: a budget is not what was put down and spent");
            owed += court.budget(id);
        }
        for (uint256 i = 0; i < handler.actorCount(); i++) {
            address actor = handler.actors(i);
            _equal(court.earnings(actor), handler.earnedWei(actor), "INV-1: earnings are not what the verdicts gave");
            owed += court.earnings(actor);
            stakes += _stakeHolds(actor);
            for (uint256 id = 1; id <= DATANETS; id++) {
                free += registry.free_deposits(id, actor);
            }
        }
        _equal(open.balanceOf(address(court)), owed, "INV-1: budgets, reserves, earnings and bonds are not there");
        _equal(open.balanceOf(address(pool)), stakes, "INV-1: the stakes are not what is there");
        _equal(free + handler.lockedCount(), handler.depositCount(), "INV-1: a deposit was made or forgotten");
        uint256 deposits = handler.depositCount() * DEPOSIT_WEI;
        _equal(open.balanceOf(address(registry)), deposits, "INV-1: the deposits are not what is there");
        _equal(open.totalSupply(), SUPPLY_WEI - handler.burnedWei(), "INV-6: another amount was burned, or OPEN made");
        _equal(open.balanceOf(TREASURY), handler.treasuryWei(), "INV-1: the treasury got another amount");
    }

    function _stakeHolds(address validator) internal view returns (uint256) {
        ValidatorActions.Account memory seen = handler.account(validator);
        (uint256 leaving,) = pool.leaving_of(validator);
        _equal(pool.stake_of(validator), seen.stakeWei, "INV-1: a stake is not what the verdicts left");
        _equal(leaving, seen.leavingWei, "INV-1: what leaves is not what the verdicts left");
        _equal(pool.seats_of(validator), seen.seats, "a validator has another number of seats");
        return seen.stakeWei + seen.leavingWei;
    }

    function _reviewHolds(uint256 id) internal view {
        ReviewLedger.Item memory seen = handler.item(id);
        IReviewCourt.Round memory round = court.round(id);
        _equal(round.phase, seen.round.phase, "a review is in another phase");
        require(round.is_accepted == seen.round.is_accepted, "the votes came to another outcome");
        require(keccak256(abi.encode(round)) == keccak256(abi.encode(seen.round)), "a review stands elsewhere");
        IDatanetRegistry.Contribution memory stored = registry.contribution(id);
        _equal(stored.status, seen.status, "a status is decided before it is settled, twice, or otherwise");
        bool isAccepted = seen.status == ACCEPTED;
        _equal(stored.score, isAccepted ? seen.round.score : 0, "a score is not what the votes came to");
        for (uint256 level = 0; level <= round.level; level++) {
            _committeeHolds(id, level);
            require(court.appellant(id, level) == handler.appellantOf(id, level), "an appellant changed");
        }
    }

    /// Who was drawn stays, whatever happens to his seat.
    function _committeeHolds(uint256 id, uint256 level) internal view {
        (uint256[] memory seats, address[] memory validators) = court.committee(id, level);
        (uint256[] memory seenSeats, address[] memory seen) = handler.committeeOf(id, level);
        require(keccak256(abi.encode(seats)) == keccak256(abi.encode(seenSeats)), "a committee's seats changed");
        require(keccak256(abi.encode(validators)) == keccak256(abi.encode(seen)), "a committee's members changed");
    }
}
