// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDatanetRegistry} from "integrations/interfaces/IDatanetRegistry.sol";
import {IOpenToken} from "integrations/interfaces/IOpenToken.sol";
import {Deploy} from "support/Deploy.sol";
import {Handler} from "support/Handler.sol";
import {Suite} from "support/Suite.sol";
import {vm} from "support/Vm.sol";

uint256 constant SUPPLY_WEI = 1_000_000_000 ether;
// odd, so that half of it is not whole
uint256 constant DEPOSIT_WEI = 1 ether + 1;
uint256 constant DATANETS = 2;
uint256 constant PENDING = 1;
uint256 constant ACCEPTED = 2;
uint256 constant REJECTED = 4;
uint256 constant WITHDRAWN = 8;
address constant TREASURY = address(uint160(uint256(keccak256("openledger treasury"))));
address constant GOVERNANCE = address(uint160(uint256(keccak256("openledger governance"))));
address constant DATANET_OWNER = address(uint160(uint256(keccak256("openledger datanet owner"))));

/// Contributors who commit to a few contents that they all know, so that they overtake one another, in two Datanets
/// with narrow limits; and the court, which reviews and decides. The handler keeps what the registry should say of
/// every contribution, and knows of every reveal beforehand whether it may pass.
contract DatanetRegistryHandler is Handler {
    struct Item {
        address contributor;
        uint256 datanetId;
        uint256 content;
        uint256 committedAt;
        uint256 committedIn;
        uint256 status;
        bool isReviewed;
        bool wasAccepted;
        uint256 byteCount;
        uint256 score;
        uint256 decidedAt;
        uint256 withdrawnAt;
    }

    struct Revealed {
        address contributor;
        uint256 at;
        uint256 byteCount;
    }

    /// The arguments of `reveal`, in their order.
    struct Reveal {
        uint256 id;
        uint256 datanetId;
        bytes32 digest;
        bytes32 canonicalHash;
        uint256 byteCount;
        uint256 format;
        bytes32 salt;
    }

    /// What was answered about a past second.
    struct Answer {
        uint256 id;
        uint256 timepoint;
        bool isAccepted;
    }

    uint256 internal constant KIB = 1_024;
    uint256 internal constant BUCKET_SECONDS = 3 hours;
    uint256 internal constant ANSWERS = 8;

    IOpenToken public immutable open;
    IDatanetRegistry public immutable registry;

    mapping(uint256 => Item) internal _items;
    uint256 public itemCount;
    /// content -> the contribution that holds it
    mapping(uint256 => uint256) public holder;
    mapping(uint256 => mapping(address => uint256)) public free;
    mapping(uint256 => Revealed[]) internal _revealed;
    mapping(uint256 => IDatanetRegistry.Limits) internal _limits;
    mapping(uint256 => bool) internal _isOpen;
    Answer[] internal _answers;
    uint256 internal _nextAnswer;
    address[2] internal _courts = [address(0xC0), address(0xC1)];
    uint256 internal _court;
    uint256 public lostCount;
    uint256 public donatedWei;

    constructor(IOpenToken open_, IDatanetRegistry registry_) {
        (open, registry) = (open_, registry_);
        _addActors(4);
        for (uint256 i = 0; i < actors.length; i++) {
            vm.prank(actors[i]);
            open.approve(address(registry), type(uint256).max);
        }
        vm.prank(GOVERNANCE);
        registry.set_court(_courts[0]);
        for (uint256 id = 1; id <= DATANETS; id++) {
            _limits[id] = IDatanetRegistry.Limits(24 * KIB, 48 * KIB, 6, 16 * KIB);
            _isOpen[id] = true;
            vm.prank(DATANET_OWNER);
            registry.create_datanet(1, 3, IDatanetRegistry.Terms(3, 0, 1 ether), _limits[id], "metadata");
        }
    }

    function item(uint256 id) external view returns (Item memory) {
        return _items[id];
    }

    function answers() external view returns (Answer[] memory) {
        return _answers;
    }

    /// Mostly within the hours of one window.
    function passTime(uint256 seed) external override {
        _passTime(1 + seed % (seed % 16 == 0 ? MAX_STEP_SECONDS : 4 hours));
    }

    /// One to four, in one block, and often of the same contents, some of which are new.
    function commit(uint256 seed, uint256 count) external {
        _commitSome(seed, 1 + count % 4);
    }

    /// One to three contributions that may pass, if there are any; each passes if, and only if, it may.
    function reveal(uint256 seed, uint256 count, uint256 formatSeed) external {
        if (seed % 8 != 0) _passTime(1 + seed % 60);
        for (uint256 i = 0; i <= count % 3; i++) {
            seed = uint256(keccak256(abi.encode(seed, i)));
            uint256 format = formatSeed % 16 == 0 ? formatSeed >> 4 : formatSeed % 2;
            Reveal memory made = _reveal(seed, seed >> 64, format);
            // commitments run out; then some more are made
            if (seed % 4 != 0 && (made.id == 0 || !_mayReveal(made))) {
                _commitSome(seed, 2);
                _passTime(12);
                made = _reveal(seed, seed >> 64, format);
            }
            _tryReveal(made);
        }
    }

    function _tryReveal(Reveal memory made) internal {
        if (made.id == 0) return;
        bool mayPass = _mayReveal(made);
        bool isDone = _send(_items[made.id].contributor, made);
        _must(isDone || !mayPass, "a good reveal was refused");
        _must(!isDone || mayPass, "a reveal passed that breaks a rule");
        if (isDone) _record(made);
    }

    /// By another, or of something else than was committed; must fail.
    function revealOther(uint256 seed, uint256 kind) external {
        if (seed % 8 != 0) _passTime(1 + seed % 60);
        Reveal memory made = _reveal(seed >> 8, seed >> 16, 0);
        if (made.id == 0) return;
        address sender = _items[made.id].contributor;
        kind %= 6;
        if (kind == 0) sender = _other(sender, seed);
        if (kind == 1) made.datanetId = 3 - made.datanetId;
        if (kind == 2) made.digest ^= bytes32(uint256(1) << 40 + seed % 200);
        if (kind == 3) made.canonicalHash = _canonicalHash(_items[made.id].content + 1);
        if (kind == 4) made.salt ^= bytes32(uint256(1) << seed % 256);
        if (kind == 5) made.id = 1 + (made.id + seed % itemCount) % (itemCount + 1);
        if (kind == 5 && _items[made.id].status == 0 && _isSame(made)) return;
        bool isDone = _send(sender, made);
        _must(!isDone, "a reveal passed that is not what its sender committed to");
    }

    /// What was revealed before; must fail.
    function revealAgain(uint256 seed) external {
        uint256 id = _find(seed, PENDING | ACCEPTED | REJECTED | WITHDRAWN);
        if (id == 0) return;
        Reveal memory made = _revealOf(id, 1, 0);
        bool isDone = _send(_items[id].contributor, made);
        _must(!isDone, "a contribution was revealed twice");
    }

    /// What would have passed, had a later commitment to the same content not just been accepted; must fail.
    function revealTooLate(uint256 seed) external {
        for (uint256 i = 0; i < itemCount; i++) {
            uint256 id = 1 + (seed % itemCount + i) % itemCount;
            Reveal memory made = _revealOf(id, 1, 0);
            uint256 later = holder[_items[id].content];
            if (later == 0 || !_mayReveal(made)) continue;
            _resolve(later, true, 50, false);
            bool isDone = _send(_items[id].contributor, made);
            _must(!isDone, "a content that was accepted was taken by another");
            return;
        }
    }

    function addDeposits(uint256 actorSeed, uint256 datanetSeed, uint256 count) external {
        _addDeposits(_actor(actorSeed), 1 + datanetSeed % DATANETS, 1 + count % 4);
    }

    function withdrawDeposits(uint256 actorSeed, uint256 datanetSeed, uint256 countSeed) external {
        for (uint256 i = 0; i < actors.length * DATANETS; i++) {
            address actor = _actor(actorSeed % actors.length + i);
            uint256 datanetId = 1 + (datanetSeed % DATANETS + i / actors.length) % DATANETS;
            if (free[datanetId][actor] == 0) continue;
            uint256 count = _amount(countSeed, free[datanetId][actor]);
            uint256 held = open.balanceOf(actor);
            vm.prank(actor);
            registry.withdraw_deposits(datanetId, count);
            free[datanetId][actor] -= count;
            _must(open.balanceOf(actor) == held + count * DEPOSIT_WEI, "another amount than the deposits was paid");
            return;
        }
    }

    /// More than are free, or none of a Datanet that does not exist; must fail.
    function withdrawTooMany(uint256 actorSeed, uint256 datanetSeed, uint64 excess) external {
        address actor = _actor(actorSeed);
        uint256 datanetId = datanetSeed % (DATANETS + 2);
        uint256 count = free[datanetId][actor] + 1 + (datanetSeed % 4 == 0 ? excess : 0);
        vm.prank(actor);
        try registry.withdraw_deposits(datanetId, count) {
            _must(false, "INV-1: more deposits were paid back than are free");
        } catch {}
    }

    function withdrawContribution(uint256 seed) external {
        uint256 id = _find(seed, PENDING | ACCEPTED);
        if (id == 0) return;
        Item storage found = _items[id];
        vm.prank(found.contributor);
        registry.withdraw_contribution(id, _canonicalHash(found.content));
        // what was accepted keeps its content, so that nobody else puts it back
        if (found.status == PENDING) holder[found.content] = 0;
        _withdraw(id);
    }

    /// By another, of something else, or of what is rejected, withdrawn or not even revealed; must fail.
    function withdrawOther(uint256 seed, uint256 kind) external {
        kind %= 3;
        uint256 id = _find(seed, kind == 2 ? REJECTED | WITHDRAWN : PENDING | ACCEPTED);
        if (kind == 2 && seed % 4 == 0) id = _find(seed, 0);
        if (id == 0) return;
        address sender = _items[id].contributor;
        if (kind == 0) sender = seed % 2 == 0 ? _other(sender, seed >> 8) : _courts[_court];
        uint256 content = _items[id].content;
        if (kind == 1) content = (content + 1 + (seed >> 8) % (contentCount() - 1)) % contentCount();
        vm.prank(sender);
        try registry.withdraw_contribution(id, _canonicalHash(content)) {
            _must(false, "a contribution was withdrawn by another, with a content not its own, or twice");
        } catch {}
    }

    function beginReview(uint256 seed) external {
        uint256 id = _find(seed, PENDING);
        if (id == 0) return;
        vm.prank(_courts[_court]);
        registry.begin_review(id);
        _items[id].isReviewed = true;
    }

    /// Of a pending one; one time in four of a withdrawn one, where only the deposit is left to decide on.
    function resolve(uint256 seed, uint256 score, uint256 verdict) external {
        uint256 id = seed % 4 == 0 ? _find(seed >> 8, WITHDRAWN) : _find(seed >> 8, PENDING);
        if (id == 0) return;
        bool isAccepted = verdict % 8 < 4;
        _resolve(id, isAccepted, isAccepted ? 1 + score % 100 : 0, verdict % 8 > 5);
    }

    /// By whoever is not the court, even the owner and the court that was replaced; must fail.
    function resolveAsOther(uint256 seed, uint256 senderSeed, bool isAccepted) external {
        uint256 id = _find(seed, PENDING);
        if (id == 0) id = _find(seed, WITHDRAWN);
        if (id == 0) return;
        address[4] memory senders = [_actor(senderSeed >> 8), GOVERNANCE, DATANET_OWNER, _courts[1 - _court]];
        address sender = senders[senderSeed % 4];
        bytes32 canonicalHash = _canonicalHash(_items[id].content);
        vm.prank(sender);
        try registry.resolve(id, canonicalHash, isAccepted, isAccepted ? 50 : 0, !isAccepted) {
            _must(false, "another than the court decided");
        } catch {}
        vm.prank(sender);
        try registry.begin_review(id) {
            _must(false, "another than the court began a review");
        } catch {}
        vm.prank(sender);
        try registry.set_court(sender) {
            _must(sender == GOVERNANCE, "another than the owner named the court");
            if (sender == GOVERNANCE) _nameCourt();
        } catch {}
    }

    /// Of what is decided or not revealed, with another's content, or with a verdict against itself; must fail.
    function resolveBadly(uint256 seed, uint256 kind) external {
        kind %= 5;
        uint256 id = _find(seed, kind == 0 ? ACCEPTED | REJECTED : kind == 1 ? 0 : PENDING);
        if (id == 0) return;
        uint256 content = _items[id].content;
        if (kind == 2) content = (content + 1 + (seed >> 8) % (contentCount() - 1)) % contentCount();
        uint256 score = kind == 3 ? 101 + seed % 200 : kind == 4 ? 0 : 50;
        bool isAbusive = kind == 4 && seed % 2 == 0;
        if (isAbusive) score = 1;
        vm.prank(_courts[_court]);
        try registry.resolve(id, _canonicalHash(content), true, score, isAbusive) {
            _must(false, "a verdict counted twice, on another content, or against itself");
        } catch {}
        if (kind > 1) return;
        vm.prank(_courts[_court]);
        try registry.begin_review(id) {
            _must(false, "a review began of what is not pending");
        } catch {}
    }

    /// By anyone, of what was withdrawn under review; one time in four when it is due, and before that it must fail.
    function releaseDeposit(uint256 seed, uint256 senderSeed) external {
        uint256 id = _find(seed, WITHDRAWN);
        for (uint256 i = 1; i < itemCount && id != 0 && !_items[id].isReviewed; i++) {
            id = _find(seed % itemCount + i, WITHDRAWN);
        }
        if (id == 0) id = _find(seed, PENDING | ACCEPTED | REJECTED);
        if (id == 0) return;
        Item storage found = _items[id];
        bool mayPass = found.status == WITHDRAWN && found.isReviewed;
        uint256 dueAt = found.withdrawnAt + 90 days;
        if (mayPass && senderSeed % 4 == 0 && dueAt > _now()) _passTime(dueAt - _now());
        mayPass = mayPass && _now() >= dueAt;
        vm.prank(_actor(senderSeed));
        try registry.release_deposit(id) {
            _must(mayPass, "INV-1: a deposit was released that still answers for something, or answers for nothing");
            found.isReviewed = false;
            free[found.datanetId][found.contributor]++;
        } catch {
            _must(!mayPass, "a deposit that was due was kept");
        }
    }

    function setLimits(uint256 datanetSeed, uint256 seed) external {
        uint256 datanetId = 1 + datanetSeed % DATANETS;
        IDatanetRegistry.Limits memory limits;
        // the largest there are, or what a few files fill
        bool isLargest = seed % 8 == 0;
        uint256 kib = isLargest ? 262_142 : 8 + (seed >> 8) % 25;
        limits.contributor_bytes_per_day = kib * KIB;
        limits.file_bytes = (isLargest ? kib : 1 + (seed >> 16) % kib) * KIB;
        limits.datanet_bytes_per_day = (seed % 16 == 0 ? 16_777_214 : kib + (seed >> 24) % 32) * KIB;
        if (isLargest && seed % 16 != 0) limits.datanet_bytes_per_day = kib * KIB;
        limits.contributor_files_per_day = isLargest ? 62 : 1 + (seed >> 32) % 8;
        vm.prank(DATANET_OWNER);
        registry.set_limits(datanetId, limits);
        _limits[datanetId] = limits;
    }

    function setOpen(uint256 datanetSeed, uint256 seed) external {
        uint256 datanetId = 1 + datanetSeed % DATANETS;
        _isOpen[datanetId] = seed % 4 != 0;
        vm.prank(DATANET_OWNER);
        registry.set_open(datanetId, seed % 4 != 0);
    }

    function setCourt() external {
        _court = 1 - _court;
        _nameCourt();
    }

    /// OPEN that is sent here by mistake changes nothing.
    function donate(uint256 actorSeed, uint256 amountSeed) external {
        address actor = _actor(actorSeed);
        uint256 amount = _amount(amountSeed, open.balanceOf(actor) / 64);
        vm.prank(actor);
        open.transfer(address(registry), amount);
        donatedWei += amount;
    }

    /// Remembers an answer about a past second; it must never change.
    function askPast(uint256 seed, uint256 ageSeed) external {
        if (itemCount == 0) return;
        Answer memory taken;
        taken.id = 1 + seed % itemCount;
        taken.timepoint = _now() - 1 - (ageSeed % 2 == 0 ? 0 : ageSeed % 3 days);
        taken.isAccepted = registry.was_accepted(taken.id, taken.timepoint);
        if (_answers.length < ANSWERS) _answers.push(taken);
        else _answers[_nextAnswer++ % ANSWERS] = taken;
    }

    /// Bytes and files that count now: those of the present three hours and of the eight before.
    function left(uint256 datanetId, address contributor)
        external
        view
        returns (uint256 bytesLeft, uint256 datanetLeft, uint256 filesLeft)
    {
        IDatanetRegistry.Limits memory limits = _limits[datanetId];
        (uint256 used, uint256 files) = _used(datanetId, contributor);
        (uint256 all,) = _used(datanetId, address(0));
        bytesLeft = _rest(limits.contributor_bytes_per_day, used * KIB);
        datanetLeft = _rest(limits.datanet_bytes_per_day, all * KIB);
        filesLeft = _rest(limits.contributor_files_per_day, files);
    }

    /// Contents that were committed to, or may be next; a new one for every sixth commitment.
    function contentCount() public view returns (uint256) {
        return 5 + itemCount / 6;
    }

    function digestOf(uint256 id) public view returns (bytes32) {
        return keccak256(abi.encode("file", _items[id].content, _items[id].contributor));
    }

    function _commitSome(uint256 seed, uint256 count) internal {
        for (uint256 i = 0; i < count; i++) {
            seed = uint256(keccak256(abi.encode(seed, i)));
            (address contributor, uint256 datanetId) = (_actor(seed), 1 + (seed >> 8) % DATANETS);
            if (free[datanetId][contributor] == 0 && (seed >> 16) % 8 != 0) _addDeposits(contributor, datanetId, 2);
            _commit(contributor, datanetId, contentCount() - 1 - (seed >> 24) % 5);
        }
    }

    function _commit(address contributor, uint256 datanetId, uint256 content) internal {
        uint256 id = itemCount + 1;
        Item storage made = _items[id];
        (made.contributor, made.datanetId, made.content) = (contributor, datanetId, content);
        (made.committedAt, made.committedIn) = (_now(), vm.getBlockNumber());
        bytes32 commitment =
            keccak256(abi.encode(contributor, datanetId, digestOf(id), _canonicalHash(content), bytes32(id)));
        vm.prank(contributor);
        uint256 given = registry.commit(commitment);
        _must(given == id, "ids are not in the order of commitments");
        itemCount = id;
    }

    /// The first commitment from a random one on whose reveal may pass, else the first that was not revealed; one time
    /// in two one that takes its content from a later one, if there is such.
    function _reveal(uint256 seed, uint256 byteSeed, uint256 format) internal view returns (Reveal memory made) {
        for (uint256 i = 0; i < itemCount; i++) {
            uint256 id = 1 + (seed % itemCount + i) % itemCount;
            if (_items[id].status != 0) continue;
            uint256 most = _limits[_items[id].datanetId].file_bytes;
            uint256 byteCount = byteSeed % 16 == 0 ? (byteSeed % 32 == 0 ? 0 : most + 1) : _amount(byteSeed, most);
            Reveal memory tried = _revealOf(id, byteCount, format);
            bool mayPass = _mayReveal(tried);
            if (mayPass && (seed >> 255 == 0 || holder[_items[id].content] != 0)) return tried;
            if (mayPass || made.id == 0) made = tried;
        }
    }

    function _revealOf(uint256 id, uint256 byteCount, uint256 format) internal view returns (Reveal memory) {
        Item storage found = _items[id];
        bytes32 canonicalHash = _canonicalHash(found.content);
        return Reveal(id, found.datanetId, digestOf(id), canonicalHash, byteCount, format, bytes32(id));
    }

    function _isSame(Reveal memory made) internal view returns (bool) {
        return keccak256(abi.encode(made)) == keccak256(abi.encode(_revealOf(made.id, made.byteCount, made.format)));
    }

    function _send(address sender, Reveal memory made) internal returns (bool isDone) {
        vm.prank(sender);
        (isDone,) = address(registry).call(abi.encodeWithSelector(registry.reveal.selector, made));
    }

    /// Every rule of a reveal, from what the handler saw.
    function _mayReveal(Reveal memory made) internal view returns (bool) {
        Item storage found = _items[made.id];
        if (found.status != 0 || vm.getBlockNumber() <= found.committedIn) return false;
        if (_now() > found.committedAt + 1 days || !_isOpen[found.datanetId] || made.format > 1) return false;
        uint256 deposits = free[found.datanetId][found.contributor];
        uint256 before = holder[found.content];
        if (before != 0) {
            // an earlier commitment takes the content from a later one, as long as that is pending
            Item storage later = _items[before];
            if (before < made.id || later.status != PENDING) return false;
            bool isOwn = later.contributor == found.contributor && later.datanetId == found.datanetId;
            if (isOwn && !later.isReviewed) deposits++;
        }
        return deposits > 0 && _fits(made, found.contributor);
    }

    function _fits(Reveal memory made, address contributor) internal view returns (bool) {
        IDatanetRegistry.Limits memory limits = _limits[made.datanetId];
        if (made.byteCount == 0 || made.byteCount > limits.file_bytes) return false;
        uint256 kib = _kib(made.byteCount);
        (uint256 used, uint256 files) = _used(made.datanetId, contributor);
        (uint256 all,) = _used(made.datanetId, address(0));
        if (files >= limits.contributor_files_per_day) return false;
        return (used + kib) * KIB <= limits.contributor_bytes_per_day
            && (all + kib) * KIB <= limits.datanet_bytes_per_day;
    }

    function _record(Reveal memory made) internal {
        Item storage found = _items[made.id];
        uint256 before = holder[found.content];
        if (before != 0) _withdraw(before);
        (found.status, found.byteCount) = (PENDING, made.byteCount);
        holder[found.content] = made.id;
        free[found.datanetId][found.contributor]--;
        _revealed[found.datanetId].push(Revealed(found.contributor, _now(), made.byteCount));
        IDatanetRegistry.Limits memory limits = _limits[found.datanetId];
        (uint256 own, uint256 files) = _lastDay(found.datanetId, found.contributor);
        (uint256 all,) = _lastDay(found.datanetId, address(0));
        _must(own <= limits.contributor_bytes_per_day, "INV-9: a contributor's bytes of a day are above the limit");
        _must(files <= limits.contributor_files_per_day, "INV-9: a contributor's files of a day are above the limit");
        _must(all <= limits.datanet_bytes_per_day, "INV-9: a Datanet's bytes of a day are above the limit");
    }

    function _withdraw(uint256 id) internal {
        Item storage found = _items[id];
        if (found.status == PENDING && !found.isReviewed) free[found.datanetId][found.contributor]++;
        (found.status, found.withdrawnAt) = (WITHDRAWN, _now());
    }

    function _resolve(uint256 id, bool isAccepted, uint256 score, bool isAbusive) internal {
        Item storage found = _items[id];
        bool locksDeposit = found.status == PENDING || found.isReviewed;
        vm.prank(_courts[_court]);
        registry.resolve(id, _canonicalHash(found.content), isAccepted, score, isAbusive);
        if (found.status == PENDING) {
            found.status = isAccepted ? ACCEPTED : REJECTED;
            (found.score, found.wasAccepted, found.decidedAt) = (score, isAccepted, _now());
            if (!isAccepted) holder[found.content] = 0;
        }
        found.isReviewed = false;
        if (locksDeposit && isAbusive) lostCount++;
        else if (locksDeposit) free[found.datanetId][found.contributor]++;
    }

    function _addDeposits(address actor, uint256 datanetId, uint256 count) internal {
        vm.prank(actor);
        registry.add_deposits(datanetId, count);
        free[datanetId][actor] += count;
    }

    function _nameCourt() internal {
        vm.prank(GOVERNANCE);
        registry.set_court(_courts[_court]);
    }

    /// Bytes and files of the last 24 hours, of one contributor or, for zero, of all.
    function _lastDay(uint256 datanetId, address contributor) internal view returns (uint256 sum, uint256 files) {
        Revealed[] storage seen = _revealed[datanetId];
        for (uint256 i = seen.length; i > 0 && seen[i - 1].at + 1 days >= _now(); i--) {
            if (contributor != address(0) && seen[i - 1].contributor != contributor) continue;
            (sum, files) = (sum + seen[i - 1].byteCount, files + 1);
        }
    }

    /// KiB and files that the windows should hold, in steps of three hours.
    function _used(uint256 datanetId, address contributor) internal view returns (uint256 sum, uint256 files) {
        Revealed[] storage seen = _revealed[datanetId];
        uint256 clock = _now() / BUCKET_SECONDS;
        for (uint256 i = seen.length; i > 0 && seen[i - 1].at / BUCKET_SECONDS + 8 >= clock; i--) {
            if (contributor != address(0) && seen[i - 1].contributor != contributor) continue;
            (sum, files) = (sum + _kib(seen[i - 1].byteCount), files + 1);
        }
    }

    /// The first contribution of one of these statuses from a random one on; 0 is not yet revealed.
    function _find(uint256 seed, uint256 statuses) internal view returns (uint256) {
        for (uint256 i = 0; i < itemCount; i++) {
            uint256 id = 1 + (seed % itemCount + i) % itemCount;
            uint256 status = _items[id].status;
            if (status & statuses != 0 || (status == 0 && statuses == 0)) return id;
        }
        return 0;
    }

    function _other(address actor, uint256 seed) internal view returns (address other) {
        other = _actor(seed);
        if (other == actor) other = _actor(seed % actors.length + 1);
    }

    function _canonicalHash(uint256 content) internal pure returns (bytes32) {
        return keccak256(abi.encode("content", content));
    }

    function _kib(uint256 byteCount) internal pure returns (uint256) {
        return (byteCount + KIB - 1) / KIB;
    }

    function _rest(uint256 limit, uint256 used) internal pure returns (uint256) {
        return limit > used ? limit - used : 0;
    }
}

contract DatanetRegistryInvariants is Suite {
    IOpenToken internal open;
    IDatanetRegistry internal registry;
    DatanetRegistryHandler internal handler;
    /// Datanet -> contributor -> what its contributions sum to; filled anew by every check.
    mapping(uint256 => mapping(address => IDatanetRegistry.ContributorStats)) internal stats;

    function setUp() external override {
        open = IOpenToken(Deploy.vyper("OpenToken", abi.encode(address(this))));
        bytes memory arguments = abi.encode(open, TREASURY, DEPOSIT_WEI, GOVERNANCE);
        registry = IDatanetRegistry(Deploy.vyper("DatanetRegistry", arguments));
        handler = new DatanetRegistryHandler(open, registry);
        for (uint256 i = 0; i < handler.actorCount(); i++) open.transfer(handler.actors(i), SUPPLY_WEI / 5);
        _target(handler);
    }

    function invariant_holds() external override {
        _noViolation(handler);
        uint256 locked = _itemsHold();
        _depositsHold(locked);
        _contentsHold();
        _accountsHold();
        DatanetRegistryHandler.Answer[] memory answers = handler.answers();
        for (uint256 i = 0; i < answers.length; i++) {
            bool isAccepted = registry.was_accepted(answers[i].id, answers[i].timepoint);
            require(isAccepted == answers[i].isAccepted, "INV-12: an answer about a past second changed");
        }
    }

    /// Each contribution is as the handler saw it; how many deposits are locked.
    function _itemsHold() internal returns (uint256 locked) {
        uint256 count = handler.itemCount();
        _equal(registry.contribution_count(), count, "another number of ids was given");
        for (uint256 id = 1; id <= count; id++) {
            DatanetRegistryHandler.Item memory seen = handler.item(id);
            IDatanetRegistry.Contribution memory stored = registry.contribution(id);
            _equal(stored.status, seen.status, "a status is not what was decided");
            if (seen.status == 0) continue;
            require(stored.contributor == seen.contributor, "a contributor changed");
            _equal(stored.datanet_id, seen.datanetId, "a Datanet changed");
            _equal(stored.byte_count, seen.byteCount, "a byte count changed");
            _equal(stored.score, seen.score, "a score is not what the court gave");
            _equal(stored.decided_at, seen.decidedAt, "a time of decision changed");
            _equal(stored.withdrawn_at, seen.withdrawnAt, "a time of withdrawal changed");
            if (seen.status == PENDING || (seen.status == WITHDRAWN && seen.isReviewed)) locked++;
            IDatanetRegistry.ContributorStats storage sum = stats[seen.datanetId][seen.contributor];
            if (seen.status == ACCEPTED) (sum.accepted, sum.score_sum) = (sum.accepted + 1, sum.score_sum + seen.score);
            if (seen.status == REJECTED) sum.rejected++;
            _contentHolds(id, seen);
            _earnedWhenAccepted(id, seen);
        }
    }

    /// Pending and accepted ones hold their content, so no two of them can have the same.
    function _contentHolds(uint256 id, DatanetRegistryHandler.Item memory seen) internal view {
        bytes32 canonicalHash = keccak256(abi.encode("content", seen.content));
        uint256 holder = registry.contribution_by_canonical_hash(canonicalHash);
        bool isLive = seen.status == PENDING || seen.status == ACCEPTED;
        require(!isLive || holder == id, "a content is held by another than its live contribution");
        require(!seen.wasAccepted || holder == id, "an accepted contribution lost its content");
        bool isContent = registry.is_content(id, handler.digestOf(id), canonicalHash);
        require(isContent == (holder == id), "a contribution stands for a content that it does not hold");
    }

    /// At the edges of the time in which it earned, and now.
    function _earnedWhenAccepted(uint256 id, DatanetRegistryHandler.Item memory seen) internal view {
        uint256[5] memory timepoints = [
            vm.getBlockTimestamp(),
            seen.decidedAt,
            seen.decidedAt > 0 ? seen.decidedAt - 1 : 0,
            seen.withdrawnAt,
            seen.withdrawnAt > 0 ? seen.withdrawnAt - 1 : 0
        ];
        for (uint256 i = 0; i < 5; i++) {
            if (timepoints[i] == 0) continue;
            bool isFrom = seen.wasAccepted && seen.decidedAt <= timepoints[i];
            bool isUntil = seen.withdrawnAt == 0 || timepoints[i] < seen.withdrawnAt;
            bool isAccepted = registry.was_accepted(id, timepoints[i]);
            require(isAccepted == (isFrom && isUntil), "INV-12: it earned before, after, or without acceptance");
        }
    }

    function _depositsHold(uint256 locked) internal view {
        uint256 free;
        for (uint256 i = 0; i < handler.actorCount(); i++) {
            for (uint256 id = 1; id <= DATANETS; id++) {
                uint256 count = registry.free_deposits(id, handler.actors(i));
                _equal(count, handler.free(id, handler.actors(i)), "INV-1: another number of deposits is free");
                free += count;
            }
        }
        uint256 held = open.balanceOf(address(registry)) - handler.donatedWei();
        _equal(held, (free + locked) * DEPOSIT_WEI, "INV-1: the deposits are not what is there");
        uint256 lost = handler.lostCount();
        _equal(open.totalSupply(), SUPPLY_WEI - lost * (DEPOSIT_WEI / 2), "INV-1: another part of deposits was burned");
        uint256 paid = lost * (DEPOSIT_WEI - DEPOSIT_WEI / 2);
        _equal(open.balanceOf(TREASURY), paid, "INV-1: the treasury got another part of deposits");
    }

    function _contentsHold() internal view {
        for (uint256 i = 0; i < handler.contentCount(); i++) {
            uint256 holder = registry.contribution_by_canonical_hash(keccak256(abi.encode("content", i)));
            _equal(holder, handler.holder(i), "a content is held by another contribution");
        }
    }

    function _accountsHold() internal {
        for (uint256 i = 0; i < handler.actorCount(); i++) {
            address actor = handler.actors(i);
            for (uint256 id = 1; id <= DATANETS; id++) {
                IDatanetRegistry.ContributorStats memory stored = registry.contributor_stats(id, actor);
                IDatanetRegistry.ContributorStats memory sum = stats[id][actor];
                delete stats[id][actor];
                _equal(stored.accepted, sum.accepted, "stats: another number was accepted");
                _equal(stored.rejected, sum.rejected, "stats: another number was rejected");
                _equal(stored.score_sum, sum.score_sum, "stats: the scores do not sum to it");
                _allowanceHolds(id, actor);
            }
        }
    }

    function _allowanceHolds(uint256 datanetId, address actor) internal view {
        (uint256 bytesLeft, uint256 datanetLeft, uint256 filesLeft) = registry.allowance_of(datanetId, actor);
        (uint256 bytesDue, uint256 datanetDue, uint256 filesDue) = handler.left(datanetId, actor);
        _equal(bytesLeft, bytesDue, "INV-9: a contributor has another number of bytes left");
        _equal(datanetLeft, datanetDue, "INV-9: a Datanet has another number of bytes left");
        _equal(filesLeft, filesDue, "INV-9: a contributor has another number of files left");
    }
}
