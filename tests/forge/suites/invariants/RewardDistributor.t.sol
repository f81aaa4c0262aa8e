// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOpenToken} from "integrations/interfaces/IOpenToken.sol";
import {IRewardDistributor} from "integrations/interfaces/IRewardDistributor.sol";
import {IRootDisputes} from "integrations/interfaces/IRootDisputes.sol";
import {Deploy} from "support/Deploy.sol";
import {Handler} from "support/Handler.sol";
import {Suite} from "support/Suite.sol";
import {vm} from "support/Vm.sol";

uint256 constant HOME_CHAIN = 31_337;
uint256 constant SUPPLY_WEI = 1_000_000_000 ether;
uint256 constant FUNDS_WEI = 100_000_000 ether;
uint256 constant EPOCH_SECONDS = 1 days;
uint256 constant WINDOW_SECONDS = 3 days;
uint256 constant RESOLUTION_SECONDS = 4 days;
uint256 constant ANSWER_SECONDS = 2 days;
// odd, so that no half of one is a whole number
uint256 constant ROOT_BOND_WEI = 10_000 ether + 1;
uint256 constant CHALLENGE_BOND_WEI = 1_000 ether + 1;
uint256 constant DEMAND_BOND_WEI = 100 ether + 1;
uint256 constant MAX_PENDING_ROOTS = 16;
uint256 constant MAX_BONDS = 16;
uint256 constant CHUNKS = 4;
address constant TREASURY = address(uint160(uint256(keccak256("openledger treasury"))));
address constant OWNER = address(uint160(uint256(keccak256("openledger timelock"))));
address constant ACCRUER = address(uint160(uint256(keccak256("openledger accruer"))));

/// What is wrong with a tree; each is for one proof of RootDisputes.
enum Fault {
    None,
    Sum,
    Leaf,
    LeafCount,
    Order,
    Fallen,
    Contribution
}

/// A reward tree as it is posted, true or not. The first of the levels are the leaves, the last is the root alone.
struct Tree {
    address[] accounts;
    uint256[] amounts;
    uint256 leafCount;
    bytes32[][] levels;
    Fault fault;
    // where the fault is: a node, or for Order two leaves, for Fallen an account, for Contribution its id
    uint256 height;
    uint256 place;
}

/// The cheat code by which this chain becomes a fork of itself.
interface Chains {
    function chainId(uint256 id) external;
}

/// The sum tree of docs/formats.md, written again: a node is one word, `hash (160 bits) | sum (96)`.
library RewardTrees {
    uint256 internal constant SUM_MASK = (1 << 96) - 1;
    bytes32 private constant LEAF_TYPEHASH =
        keccak256("RewardLeaf(uint256 chainId,address distributor,address account,uint256 cumulativeWei)");

    /// Levels over what the tree's accounts have, padded to the depth of its leaf count.
    function grow(Tree memory tree, address distributor) internal pure {
        uint256 height;
        while (1 << height < tree.leafCount || 1 << height < tree.accounts.length) height++;
        tree.levels = new bytes32[][](height + 1);
        tree.levels[0] = new bytes32[](1 << height);
        for (uint256 i = 0; i < tree.accounts.length; i++) {
            tree.levels[0][i] = leaf(distributor, tree.accounts[i], tree.amounts[i]);
        }
        regrow(tree, 0);
    }

    /// The levels above one in which a word was changed.
    function regrow(Tree memory tree, uint256 height) internal pure {
        for (uint256 above = height + 1; above < tree.levels.length; above++) {
            bytes32[] memory below = tree.levels[above - 1];
            tree.levels[above] = new bytes32[](below.length / 2);
            for (uint256 i = 0; i < below.length; i += 2) {
                uint256 sum = sumOf(below[i]) + sumOf(below[i + 1]);
                bool isEmpty = below[i] == 0 && below[i + 1] == 0;
                bytes32 hash = keccak256(abi.encode(below[i], below[i + 1]));
                tree.levels[above][i / 2] = isEmpty ? bytes32(0) : word(hash, sum);
            }
        }
    }

    /// Another sum for one node, which those above it take up.
    function resum(Tree memory tree, uint256 height, uint256 place, uint256 sum) internal pure {
        (tree.height, tree.place) = (height, place);
        tree.levels[height][place] = word(tree.levels[height][place], sum);
        regrow(tree, height);
    }

    function root(Tree memory tree) internal pure returns (bytes32) {
        return tree.levels[tree.levels.length - 1][0];
    }

    function proof(Tree memory tree, uint256 height, uint256 place) internal pure returns (bytes32[] memory siblings) {
        siblings = new bytes32[](tree.levels.length - 1 - height);
        for (uint256 i = 0; i < siblings.length; i++) siblings[i] = tree.levels[height + i][(place >> i) ^ 1];
    }

    /// Whether all words from a leaf up to the root are what they should be; of a true tree all are.
    function isProvable(Tree memory tree, address distributor, uint256 place) internal pure returns (bool) {
        if (place >= tree.leafCount) return false;
        if (tree.levels[0][place] != leaf(distributor, tree.accounts[place], tree.amounts[place])) return false;
        for (uint256 height = 1; height < tree.levels.length; height++) {
            uint256 left = place >> height << 1;
            uint256 sum = sumOf(tree.levels[height - 1][left]) + sumOf(tree.levels[height - 1][left + 1]);
            if (sum != sumOf(tree.levels[height][left >> 1])) return false;
        }
        return true;
    }

    function leaf(address distributor, address account, uint256 amount) internal pure returns (bytes32) {
        bytes32 hash = keccak256(abi.encode(LEAF_TYPEHASH, HOME_CHAIN, distributor, account, amount));
        return word(keccak256(abi.encode(hash)), amount);
    }

    function word(bytes32 hash, uint256 sum) internal pure returns (bytes32) {
        return bytes32((uint256(hash) & ~SUM_MASK) | (sum & SUM_MASK));
    }

    function sumOf(bytes32 node) internal pure returns (uint256) {
        return uint256(node) & SUM_MASK;
    }
}

/// The distributor and the disputes, over OPEN or over another token, with the real registry behind them.
struct Rewards {
    IRewardDistributor distributor;
    IRootDisputes disputes;
}

library RewardContracts {
    function deploy(address token) internal returns (Rewards memory rewards) {
        bytes memory times = abi.encode(EPOCH_SECONDS, WINDOW_SECONDS, RESOLUTION_SECONDS);
        bytes memory bonds = abi.encode(CHALLENGE_BOND_WEI, ROOT_BOND_WEI);
        bytes memory arguments = bytes.concat(abi.encode(token, TREASURY, OWNER), times, bonds);
        rewards.distributor = IRewardDistributor(Deploy.vyper("RewardDistributor", arguments));
        address registry = Deploy.vyper("DatanetRegistry", abi.encode(token, TREASURY, 1 ether, OWNER));
        arguments = abi.encode(token, rewards.distributor, registry, TREASURY, DEMAND_BOND_WEI, ANSWER_SECONDS);
        rewards.disputes = IRootDisputes(Deploy.vyper("RootDisputes", arguments));
        vm.startPrank(OWNER);
        rewards.distributor.set_accruer(ACCRUER);
        rewards.distributor.set_disputes(address(rewards.disputes));
        vm.stopPrank();
    }
}

/// Holds every key of the oracle, signs what it likes, and knows how to prove it false.
abstract contract OracleHandler is Handler {
    using RewardTrees for Tree;

    bytes32 private constant ROOT_TYPEHASH = keccak256(
        "RewardRoot(uint256 rewardEpoch,uint256 attempt,bytes32 previousRoot,bytes32 root,uint256 totalWei,"
        "uint256 leafCount,bytes32 evidenceDigest,bytes32 evidenceChunkRoot,uint256 evidenceChunkCount,"
        "bytes32 attributionRoot)"
    );
    bytes32 private constant CHUNK_TYPEHASH = keccak256("EvidenceChunk(uint256 index,bytes32 chunkHash)");
    bytes32 private constant SHARE_TYPEHASH = keccak256("ShareLeaf(uint256 contributionId,int256 sharePpm)");
    bytes32 private constant RECEIPT_TYPEHASH = keccak256(
        "ReceiptLeaf(uint256 chainId,address distributor,bytes32 receiptId,bytes32 adapterDigest,bytes32 answerHash,"
        "uint256 feeWei,bytes32 sharesRoot)"
    );
    int256 internal constant SHARE_PPM = -7;

    IRewardDistributor public immutable distributor;
    IRootDisputes public immutable disputes;
    address[] internal _signers;
    uint256 internal _threshold;

    constructor(Rewards memory rewards) {
        (distributor, disputes) = (rewards.distributor, rewards.disputes);
    }

    /// Actors in the order of their addresses, as accounts in a tree and as signers.
    function _addSorted(uint256 count) internal {
        _addActors(count);
        for (uint256 i = 1; i < actors.length; i++) {
            for (uint256 j = i; j > 0 && actors[j - 1] > actors[j]; j--) {
                (actors[j - 1], actors[j]) = (actors[j], actors[j - 1]);
            }
        }
    }

    function _setSigners(address[] memory signers, uint256 threshold) internal {
        vm.prank(OWNER);
        distributor.set_signers(signers, threshold);
        (_signers, _threshold) = (signers, threshold);
    }

    function _digest(IRewardDistributor.RootPost memory post) internal view returns (bytes32) {
        return _digestFor(post, HOME_CHAIN, address(distributor));
    }

    function _digestFor(IRewardDistributor.RootPost memory post, uint256 chainId, address verifyingContract)
        internal
        pure
        returns (bytes32)
    {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("OpenLedger RewardDistributor"),
                keccak256("1"),
                chainId,
                verifyingContract
            )
        );
        return _typed(domain, keccak256(abi.encode(ROOT_TYPEHASH, post)));
    }

    /// Enough of the signers, sometimes more than enough.
    function _signed(bytes32 digest, uint256 seed) internal view returns (bytes[] memory) {
        uint256 dropped = seed % (_signers.length - _threshold + 1);
        address[] memory chosen = new address[](_signers.length - dropped);
        uint256 next;
        for (uint256 i = 0; i < _signers.length; i++) {
            if ((i + (seed >> 8) % _signers.length) % _signers.length >= dropped) chosen[next++] = _signers[i];
        }
        return _signedBy(digest, chosen);
    }

    function _signedBy(bytes32 digest, address[] memory chosen) internal view returns (bytes[] memory made) {
        made = new bytes[](chosen.length);
        for (uint256 i = 0; i < chosen.length; i++) {
            (uint8 v, bytes32 r, bytes32 s) = _sign(chosen[i], digest);
            made[i] = abi.encodePacked(r, s, v);
        }
    }

    /// What a root over this tree commits to, with the same evidence each time.
    function _postOf(Tree memory tree, uint256 epoch, uint256 attempt, bytes32 previousRoot)
        internal
        view
        returns (IRewardDistributor.RootPost memory post)
    {
        (post.reward_epoch, post.attempt, post.previous_root) = (epoch, attempt, previousRoot);
        post.root = tree.root();
        post.total_wei = RewardTrees.sumOf(post.root);
        post.leaf_count = tree.leafCount;
        post.evidence_digest = keccak256(abi.encode(epoch, attempt));
        post.evidence_chunk_count = CHUNKS;
        post.evidence_chunk_root = _pair(_pair(_chunkLeaf(0), _chunkLeaf(1)), _pair(_chunkLeaf(2), _chunkLeaf(3)));
        if (tree.fault == Fault.Contribution) post.attribution_root = _attributionRoot(_receipt(tree.place));
    }

    function _chunk(uint256 index) internal pure returns (bytes memory) {
        return abi.encodePacked("chunk ", index);
    }

    function _chunkProof(uint256 index) internal pure returns (bytes32[] memory siblings) {
        siblings = new bytes32[](2);
        siblings[0] = _chunkLeaf(index ^ 1);
        uint256 other = (index ^ 2) & ~uint256(1);
        siblings[1] = _pair(_chunkLeaf(other), _chunkLeaf(other + 1));
    }

    function _chunkLeaf(uint256 index) private pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(abi.encode(CHUNK_TYPEHASH, index, keccak256(_chunk(index))))));
    }

    function _pair(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return keccak256(abi.encode(left, right));
    }

    /// A receipt with one share, of one contribution.
    function _receipt(uint256 contributionId) internal pure returns (IRootDisputes.ReceiptLeaf memory receipt) {
        bytes32 share = keccak256(abi.encode(keccak256(abi.encode(SHARE_TYPEHASH, contributionId, SHARE_PPM))));
        return IRootDisputes.ReceiptLeaf("receipt", "adapter", "answer", 1 ether, share);
    }

    function _attributionRoot(IRootDisputes.ReceiptLeaf memory receipt) private view returns (bytes32) {
        bytes32 hash = keccak256(abi.encode(RECEIPT_TYPEHASH, HOME_CHAIN, distributor, receipt));
        return keccak256(abi.encode(hash));
    }

    /// The proof of a tree's own fault; `before` is the tree under the root that it builds on.
    function _fraudProof(uint256 epoch, Tree memory tree, Tree memory before) internal view returns (bytes memory) {
        uint256 place = tree.place;
        if (tree.fault == Fault.Sum) return _sumProof(epoch, tree, tree.height, place);
        if (tree.fault == Fault.Leaf) return _leafProof(epoch, tree, place);
        if (tree.fault == Fault.LeafCount) return _leafCountProof(epoch, tree, 0, place);
        if (tree.fault == Fault.Order) return _orderProof(epoch, tree, place & 0xff, place >> 8);
        if (tree.fault == Fault.Fallen) return _fallenProof(epoch, tree, before, place);
        return _contributionProof(epoch, place);
    }

    function _sumProof(uint256 epoch, Tree memory tree, uint256 height, uint256 place)
        internal
        view
        returns (bytes memory)
    {
        bytes32[] memory below = tree.levels[height - 1];
        IRootDisputes.PlacedNode memory parent = _placed(tree, height, place);
        return abi.encodeCall(disputes.prove_sum, (epoch, parent, below[2 * place], below[2 * place + 1]));
    }

    function _leafProof(uint256 epoch, Tree memory tree, uint256 place) internal view returns (bytes memory) {
        IRootDisputes.PlacedNode memory leaf = _placed(tree, 0, place);
        return abi.encodeCall(disputes.prove_leaf, (epoch, leaf, tree.accounts[place], tree.amounts[place]));
    }

    function _leafCountProof(uint256 epoch, Tree memory tree, uint256 height, uint256 place)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(disputes.prove_leaf_count, (epoch, _placed(tree, height, place)));
    }

    function _orderProof(uint256 epoch, Tree memory tree, uint256 left, uint256 right)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(disputes.prove_order, (epoch, _shown(tree, left), _shown(tree, right)));
    }

    /// By the account's own leaf, or else by the leaves around the place where it would stand.
    function _fallenProof(uint256 epoch, Tree memory tree, Tree memory before, uint256 place)
        internal
        view
        returns (bytes memory)
    {
        address account = before.accounts[place];
        uint256 next;
        while (next < tree.leafCount && tree.accounts[next] < account) next++;
        bool isThere = next < tree.leafCount && tree.accounts[next] == account;
        bool isBetween = !isThere && next > 0 && next < tree.leafCount;
        IRootDisputes.ProvenLeaf[] memory shown = new IRootDisputes.ProvenLeaf[](isBetween ? 2 : 1);
        shown[0] = _shown(tree, !isThere && next > 0 ? next - 1 : next);
        if (isBetween) shown[1] = _shown(tree, next);
        return abi.encodeCall(disputes.prove_fallen, (epoch, _shown(before, place), shown));
    }

    function _contributionProof(uint256 epoch, uint256 contributionId) internal view returns (bytes memory) {
        bytes32[] memory none;
        return abi.encodeCall(
            disputes.prove_contribution,
            (epoch, _receipt(contributionId), 0, none, contributionId, SHARE_PPM, 0, none)
        );
    }

    function _placed(Tree memory tree, uint256 height, uint256 place)
        private
        pure
        returns (IRootDisputes.PlacedNode memory)
    {
        return IRootDisputes.PlacedNode(tree.levels[height][place], place, tree.proof(height, place));
    }

    function _shown(Tree memory tree, uint256 place) private pure returns (IRootDisputes.ProvenLeaf memory) {
        return IRootDisputes.ProvenLeaf(tree.accounts[place], tree.amounts[place], place, tree.proof(0, place));
    }

    function _claimed(Tree memory tree, uint256 place) internal pure returns (IRewardDistributor.ProvenLeaf memory) {
        return IRewardDistributor.ProvenLeaf(tree.accounts[place], tree.amounts[place], place, tree.proof(0, place));
    }
}

/// Actors who post, challenge, demand, prove and claim, all of them at once; an owner who decides either way; and an
/// oracle all of whose keys are in one hand. Each forgery is a good root with one thing changed, and the good one is
/// posted after it. A false root that nobody proves false becomes final and is claimed from like any other.
contract RewardDistributorHandler is OracleHandler {
    using RewardTrees for Tree;

    struct Root {
        bytes32 root;
        uint256 totalWei;
        uint256 accruedWei;
        uint256 previousEpoch;
        uint256 postedAt;
        uint256 attempt;
        address poster;
        uint256 holds;
        bool isChallenged;
        Fault fault;
    }

    struct Draft {
        uint256 epoch;
        uint256 previous;
        uint256 spareWei;
        Tree tree;
        IRewardDistributor.RootPost post;
        bytes[] signatures;
    }

    struct Demand {
        uint256 epoch;
        uint256 attempt;
        uint256 index;
        address demander;
        uint256 deadline;
    }

    struct Proven {
        uint256 epoch;
        uint256 attempt;
    }

    uint256 internal constant CONTRIBUTORS = 4;
    uint256 internal constant SNAPSHOTS = 8;

    IOpenToken public immutable open;

    /// What each account should have, after every payment that there should have been and no other.
    mapping(address => uint256) public ledgerWei;
    mapping(uint256 => uint256) public accruedIn;
    mapping(address => uint256) public claimedOf;
    mapping(address => address) internal _recovery;
    uint256 public accruedWei;
    uint256 public accruedFinalWei;
    uint256 public claimedWei;
    uint256 public donatedWei;
    uint256 public burnedWei;
    uint256 public bondsInWei;
    uint256 public bondsOutWei;
    /// Bonds of challengers that were not lost and not paid back.
    uint256 public challengeBonds;

    /// The epochs of the roots that are pending, oldest first; and of the last that became final.
    uint256[] internal _pending;
    uint256 public lastFinal;
    mapping(uint256 => Root) internal _roots;
    mapping(uint256 => uint256) internal _attempts;
    mapping(uint256 => bytes) internal _trees;
    mapping(uint256 => bytes) internal _sent;
    mapping(uint256 => mapping(uint256 => bool)) internal _isProven;
    Proven[] internal _proven;
    uint256 internal _nextProven;

    /// The challengers in the present round of a root; and how many bonds a challenger has undecided, won, and in all.
    mapping(uint256 => address[]) internal _challengers;
    mapping(address => uint256) internal _openBonds;
    mapping(address => uint256) internal _wonBonds;
    mapping(address => uint256) internal _heldBonds;

    Demand[] internal _demands;

    constructor(IOpenToken open_, Rewards memory rewards) OracleHandler(rewards) {
        open = open_;
        _addSorted(6);
        ledgerWei[ACCRUER] = FUNDS_WEI;
        for (uint256 i = 0; i < actors.length; i++) {
            ledgerWei[actors[i]] = FUNDS_WEI;
            vm.startPrank(actors[i]);
            open.approve(address(distributor), type(uint256).max);
            open.approve(address(disputes), type(uint256).max);
            vm.stopPrank();
        }
        _setSigners(_chosen(0x2d), 3);
    }

    function pending() external view returns (uint256[] memory) {
        return _pending;
    }

    function root(uint256 epoch) external view returns (Root memory) {
        return _roots[epoch];
    }

    function proven() external view returns (Proven[] memory) {
        return _proven;
    }

    function openDemands() external view returns (uint256) {
        return _demands.length;
    }

    /// Accrued and not final, final and not claimed, and bonds.
    function owedWei() external view returns (uint256) {
        uint256 bonds = _pending.length * ROOT_BOND_WEI + challengeBonds * CHALLENGE_BOND_WEI;
        return accruedWei - accruedFinalWei + unclaimedWei() + bonds;
    }

    function unclaimedWei() public view returns (uint256) {
        return _roots[lastFinal].totalWei - claimedWei;
    }

    function lastPosted() public view returns (uint256) {
        return _pending.length == 0 ? lastFinal : _pending[_pending.length - 1];
    }

    // payments

    function accrue(uint256 amountSeed) external {
        _accrue(_amount(amountSeed, 1_000 ether));
    }

    /// OPEN that is sent here by mistake belongs to nobody.
    function donate(uint256 actorSeed, uint256 amountSeed, bool isToDisputes) external {
        address actor = _actor(actorSeed);
        uint256 amount = _amount(amountSeed, 1_000 ether);
        address target = isToDisputes ? address(disputes) : address(distributor);
        vm.prank(actor);
        open.transfer(target, amount);
        _move(actor, target, amount);
        if (!isToDisputes) donatedWei += amount;
    }

    // the oracle

    /// Once in a while as many as can be pending, and one more, which must fail.
    function postRoot(uint256 seed, uint256 posterSeed) external {
        _send(_trueDraft(seed, seed % 16 != 0), _actor(posterSeed));
        if (seed % 32 != 31) return;
        while (_pending.length < MAX_PENDING_ROOTS && bytes(violation).length == 0) {
            _send(_trueDraft(uint256(keccak256(abi.encode(seed, _pending.length))), false), _actor(posterSeed));
        }
        _send(_trueDraft(seed, false), _actor(posterSeed));
    }

    /// A tree with something wrong in it, which the signers signed all the same.
    function postFalseRoot(uint256 seed, uint256 faultSeed, uint256 posterSeed) external {
        _postFalse(seed, Fault(1 + faultSeed % 6), posterSeed);
    }

    /// Signed for another chain, contract, attempt, previous root, or by too few; must fail.
    function postForgedRoot(uint256 seed, uint256 kind, uint256 posterSeed) external {
        Draft memory draft = _trueDraft(seed, true);
        if (_pending.length == MAX_PENDING_ROOTS) return;
        kind %= 8;
        if (kind == 0) _forgeChain(draft, seed);
        if (kind == 1) _forgeContract(draft, seed);
        if (kind == 2) _forgeAttempt(draft, seed);
        if (kind == 3) _forgePrevious(draft, seed);
        if (kind == 4) _forgeCount(draft);
        if (kind == 5) _forgeSigner(draft, seed);
        if (kind == 6) _forgeMalleable(draft, seed);
        if (kind == 7) _forgeOther(draft, seed);
        _send(draft, _actor(posterSeed));
    }

    /// Signed by all, for more than accrued, for less than before, too early or too late; must fail.
    function postRefusedRoot(uint256 seed, uint256 kind, uint256 posterSeed) external {
        Draft memory draft = _trueDraft(seed, true);
        if (_pending.length == MAX_PENDING_ROOTS) return;
        kind %= 4;
        if (kind == 0) _exceed(draft, seed);
        if (kind == 1) _fallBelow(draft, seed);
        if (kind == 2) _misstate(draft, seed);
        if (kind == 3) _mistime(draft, seed);
        _send(draft, _actor(posterSeed));
    }

    // auditors

    function challenge(uint256 epochSeed, uint256 actorSeed) external {
        (bool isThere, uint256 epoch) = _inWindow(epochSeed);
        if (isThere) _challenge(epoch, actorSeed);
    }

    function resolve(uint256 epochSeed, uint256 actorSeed, bool isVoid) external {
        (bool isThere, uint256 epoch) = _challenged(epochSeed, actorSeed);
        if (!isThere) return;
        vm.prank(OWNER);
        try distributor.resolve_challenge(epoch, isVoid) {
            if (isVoid) _voidFrom(epoch, TREASURY, true);
            else _rejected(epoch);
        } catch {
            _must(false, "INV-7: the owner could not decide a challenge");
        }
    }

    /// Mostly when it is due; otherwise at once, which must fail before its time.
    function voidExpired(uint256 epochSeed, uint256 actorSeed, uint256 patience) external {
        (bool isThere, uint256 epoch) = _challenged(epochSeed, actorSeed);
        if (!isThere) return;
        uint256 deadline = _roots[epoch].postedAt + WINDOW_SECONDS + RESOLUTION_SECONDS;
        if (patience % 4 > 1) _passTo(deadline);
        if (patience % 4 == 1) _passTo(deadline - 1);
        vm.prank(_actor(actorSeed));
        try distributor.void_expired(epoch) {
            _must(_now() >= deadline, "a challenge expired before the owner's time was over");
            _voidFrom(epoch, address(0), false);
        } catch {
            _must(_now() < deadline, "INV-7: a challenge did not expire");
        }
    }

    function withdrawBond(uint256 actorSeed) external {
        _withdrawBond(_actor(actorSeed));
    }

    /// One proof makes a false root void, with every later one, whatever was decided about it before.
    function prove(uint256 seed, uint256 faultSeed, uint256 actorSeed) external {
        (bool isThere, uint256 epoch) = _falseRoot(seed);
        if (!isThere) {
            if (_pending.length == MAX_PENDING_ROOTS) return;
            _postFalse(seed, Fault(1 + faultSeed % 6), actorSeed >> 8);
            epoch = lastPosted();
        }
        address prover = _actor(actorSeed);
        bytes memory data = _fraudProof(epoch, _tree(epoch), _tree(_roots[epoch].previousEpoch));
        vm.prank(prover);
        (bool isDone,) = address(disputes).call(data);
        _must(isDone, "INV-11: a planted fault was not proven");
        if (isDone) _provenFalse(epoch, prover);
    }

    /// Each proof, with what stands in a tree that is true; must fail.
    function proveTrueRoot(uint256 seed, uint256 actorSeed) external {
        (bool isThere, uint256 epoch) = _trueRoot(seed);
        if (!isThere) return;
        Tree memory tree = _tree(epoch);
        for (uint256 kind = 0; kind < 6; kind++) {
            bytes memory data = _idleProof(epoch, tree, kind, seed);
            if (data.length == 0) continue;
            _refuse(_actor(actorSeed), address(disputes), data, "INV-11: a true root was proven false");
        }
    }

    // evidence

    function demandChunk(uint256 epochSeed, uint256 indexSeed, uint256 actorSeed) external {
        (bool isThere, uint256 epoch) = _inWindow(epochSeed);
        if (isThere) _demand(epoch, indexSeed % CHUNKS, _actor(actorSeed));
    }

    /// A wrong chunk and a wrong place first, which must fail; all must once it is too late.
    function answerDemand(uint256 seed, uint256 actorSeed) external {
        (bool isThere, uint256 place) = _openDemand(seed, actorSeed);
        if (!isThere) return;
        Demand memory demand = _demands[place];
        address answerer = _actor(actorSeed);
        uint256 other = (demand.index + 1 + seed % (CHUNKS - 1)) % CHUNKS;
        bytes memory data = abi.encodeCall(
            disputes.answer_demand, (demand.epoch, demand.index, _chunk(other), _chunkProof(demand.index))
        );
        _refuse(answerer, address(disputes), data, "INV-10: another chunk answered a demand");
        data = abi.encodeCall(
            disputes.answer_demand, (demand.epoch, demand.index, _chunk(other), _chunkProof(other))
        );
        _refuse(answerer, address(disputes), data, "INV-10: the chunk of another place answered a demand");
        vm.prank(answerer);
        try disputes.answer_demand(demand.epoch, demand.index, _chunk(demand.index), _chunkProof(demand.index)) {
            _must(_now() < demand.deadline, "a demand was answered too late");
            _bondOut(address(disputes), answerer, DEMAND_BOND_WEI);
            _roots[demand.epoch].holds--;
            _forget(place);
        } catch {
            _must(_now() >= demand.deadline, "INV-7: an answer in time was refused");
        }
    }

    function voidUnanswered(uint256 seed, uint256 actorSeed, uint256 patience) external {
        (bool isThere, uint256 place) = _openDemand(seed, actorSeed);
        if (!isThere) return;
        Demand memory demand = _demands[place];
        if (patience % 4 > 0) _passTo(demand.deadline);
        vm.prank(_actor(actorSeed));
        try disputes.void_unanswered(demand.epoch, demand.index) {
            _must(_now() >= demand.deadline, "a demand ended before its time to answer");
            _forget(place);
            _provenFalse(demand.epoch, demand.demander);
            _bondOut(address(disputes), demand.demander, DEMAND_BOND_WEI);
        } catch {
            _must(_now() < demand.deadline, "INV-7: evidence was withheld and the root stood");
        }
    }

    /// Of a root that is pending no longer; while it is, it must fail.
    function settleDemand(uint256 seed, uint256 actorSeed) external {
        if (_demands.length == 0) return;
        uint256 place = seed % _demands.length;
        for (uint256 i = 0; i < _demands.length && _isPendingDemand(place); i++) place = (place + 1) % _demands.length;
        _settle(place, _actor(actorSeed));
    }

    // anyone

    /// The oldest root, as soon as it is due, or at once, or when no hold counts any more; and the next one before it.
    function finalize(uint256 seed, uint256 patience, uint256 actorSeed) external {
        if (_pending.length == 0) _send(_trueDraft(seed, true), _actor(actorSeed));
        uint256 end = _roots[_pending[0]].postedAt + WINDOW_SECONDS;
        patience %= 8;
        if (patience == 0) _passTo(end - 1);
        if (patience > 2) _passTo(patience == 7 ? end + RESOLUTION_SECONDS : end);
        if (_pending.length > 1) {
            bytes memory data = abi.encodeCall(distributor.finalize, (_pending[1]));
            _refuse(_actor(actorSeed), address(distributor), data, "INV-7: a root was final before an earlier one");
        }
        _finalize(_actor(actorSeed));
    }

    /// Whatever was done, every root ends by the time that its window and the resolution take, without the owner, the
    /// signers or who demanded something.
    function driveToEnd(uint256 epochSeed, uint256 actorSeed) external {
        if (_pending.length == 0) return;
        uint256 last = _pending[epochSeed % _pending.length];
        _passTo(_roots[last].postedAt + WINDOW_SECONDS + RESOLUTION_SECONDS);
        address actor = _actor(actorSeed);
        while (_pending.length > 0 && _pending[0] <= last) {
            if (!_roots[_pending[0]].isChallenged) {
                if (!_finalize(actor)) return;
                continue;
            }
            vm.prank(actor);
            try distributor.void_expired(_pending[0]) {
                _voidFrom(_pending[0], address(0), false);
            } catch {
                _must(false, "INV-7: a challenge did not expire");
                return;
            }
        }
        uint256 status = distributor.root(last).status;
        _must(status == 4 || status == 8, "INV-7: a root is neither final nor void");
        for (uint256 i = _demands.length; i > 0; i--) if (!_isPendingDemand(i - 1)) _settle(i - 1, actor);
    }

    // contributors

    function claim(uint256 seed, uint256 actorSeed) external {
        Tree memory tree = _finalTree(seed);
        if (tree.leafCount == 0) return;
        uint256 place = _unpaid(tree, seed);
        uint256 due = _due(tree, place);
        address actor = _actor(actorSeed);
        IRewardDistributor.ProvenLeaf memory leaf = _claimed(tree, place);
        vm.prank(actor);
        try distributor.claim(leaf.account, leaf.cumulative_wei, leaf.index, leaf.proof) returns (uint256 paid) {
            _must(due > 0, "INV-3: a claim paid an account twice");
            _must(due <= unclaimedWei(), "INV-3: claims passed the total of the final root");
            _must(_isProvable(tree, place), "INV-3: a claim was paid that is not under the root");
            _must(paid == due, "INV-3: a claim paid another amount than was due");
            _paid(leaf.account, due);
        } catch {
            bool isDue = due > 0 && due <= unclaimedWei() && _isProvable(tree, place);
            _must(!isDue, "a claim that was due was refused");
            return;
        }
        bytes memory again =
            abi.encodeCall(distributor.claim, (leaf.account, leaf.cumulative_wei, leaf.index, leaf.proof));
        _refuse(actor, address(distributor), again, "INV-3: a repeated claim paid again");
    }

    /// Several leaves, some of them more than once; and all of them again, which must pay nothing.
    function claimMany(uint256 seed, uint256 actorSeed) external {
        Tree memory tree = _finalTree(seed);
        if (tree.leafCount == 0) return;
        (IRewardDistributor.ProvenLeaf[] memory leaves, uint256 total, bool isDue) = _manyDue(tree, seed);
        address actor = _actor(actorSeed);
        vm.prank(actor);
        try distributor.claim_many(leaves) returns (uint256 paid) {
            _must(isDue, "INV-3: claims were paid that are not under the root or pass its total");
            _must(paid == total, "INV-3: claims paid another amount than was due");
        } catch {
            _must(!isDue, "claims that were due were refused");
            return;
        }
        for (uint256 i = 0; i < leaves.length; i++) {
            uint256 had = claimedOf[leaves[i].account];
            if (leaves[i].cumulative_wei > had) _paid(leaves[i].account, leaves[i].cumulative_wei - had);
        }
        vm.prank(actor);
        try distributor.claim_many(leaves) returns (uint256 paid) {
            _must(paid == 0, "INV-3: repeated claims paid again");
        } catch {
            _must(false, "an account that has had everything undid others' claims");
        }
    }

    /// Another amount, account, place or root than the final one; must fail.
    function claimForged(uint256 seed, uint256 kind, uint256 actorSeed) external {
        if (lastFinal == 0) return;
        Tree memory tree = _tree(lastFinal);
        IRewardDistributor.ProvenLeaf memory leaf = _claimed(tree, seed % tree.leafCount);
        kind %= 6;
        // the sum in a leaf's word has 96 bits
        if (kind == 0) leaf.cumulative_wei += uint256(1) << (96 + seed % 32);
        if (kind == 1) leaf.cumulative_wei += 1 + (seed >> 8) % 1 ether;
        if (kind == 2) leaf.account = actors[CONTRIBUTORS + seed % (actors.length - CONTRIBUTORS)];
        if (kind == 3) leaf.index += tree.levels[0].length * (1 + (seed >> 8) % 8);
        if (kind == 4) {
            if (tree.levels.length == 1) return;
            leaf.proof[0] = RewardTrees.word(leaf.proof[0], RewardTrees.sumOf(leaf.proof[0]) + 1);
        }
        if (kind == 5) {
            if (_pending.length == 0) return;
            uint256 epoch = _pending[seed % _pending.length];
            if (_roots[epoch].root == _roots[lastFinal].root) return;
            leaf = _claimed(_tree(epoch), 0);
            if (_now() & 1 == 0) leaf.cumulative_wei++;
        }
        IRewardDistributor.ProvenLeaf[] memory leaves = new IRewardDistributor.ProvenLeaf[](1);
        leaves[0] = leaf;
        bytes memory data = abi.encodeCall(distributor.claim_many, (leaves));
        _refuse(_actor(actorSeed), address(distributor), data, "INV-3: a forged leaf was claimed");
    }

    /// Another's account cannot be named: it is the sender's own that changes.
    function setRecovery(uint256 actorSeed, uint256 recipientSeed) external {
        address actor = _actor(actorSeed);
        address recipient = _actor(recipientSeed >> 8);
        if (recipientSeed % 4 == 0) recipient = address(0);
        if (recipientSeed % 16 == 1) recipient = address(distributor);
        vm.prank(actor);
        distributor.set_recovery(recipient);
        _recovery[actor] = recipient;
    }

    // the owner

    function setSigners(uint256 seed) external {
        address[] memory chosen = _chosen(seed);
        uint256 least = (2 * chosen.length + 2) / 3;
        if (least < 2) least = 2;
        if (chosen.length < 2) return;
        uint256 threshold = least + (seed >> 8) % (chosen.length - least + 1);
        vm.prank(OWNER);
        try distributor.set_signers(chosen, least - 1) {
            _must(false, "INV-10: too low a threshold was taken");
        } catch {}
        _setSigners(chosen, threshold);
    }

    /// What only the owner, the accruer or the disputes contract may do, and what nobody may; must fail.
    function overreach(uint256 actorSeed, uint256 kind, uint256 seed) external {
        address actor = _actor(actorSeed);
        uint256 epoch = _pending.length == 0 ? lastFinal : _pending[seed % _pending.length];
        kind %= 12;
        bytes memory data;
        if (kind == 0) data = abi.encodeCall(distributor.void_proven, (epoch, actor));
        if (kind == 1) data = abi.encodeCall(distributor.hold, (epoch));
        if (kind == 2) data = abi.encodeCall(distributor.release, (epoch));
        if (kind == 3) data = abi.encodeCall(distributor.resolve_challenge, (epoch, seed & 1 == 0));
        if (kind == 4) data = abi.encodeCall(distributor.set_signers, (actors, actors.length));
        if (kind == 5) data = abi.encodeCall(distributor.set_accruer, (actor));
        if (kind == 6) data = abi.encodeCall(distributor.set_disputes, (actor));
        if (kind == 7) data = abi.encodeCall(distributor.transfer_ownership, (actor));
        if (kind == 8) data = abi.encodeCall(distributor.accrue, (seed % 2));
        if (kind == 9) {
            if (_roots[epoch].isChallenged) return;
            data = abi.encodeCall(distributor.void_expired, (epoch));
        }
        if (kind == 10) {
            if (lastPosted() == 0 || _now() < _roots[epoch].postedAt + WINDOW_SECONDS) return;
            data = abi.encodeCall(distributor.challenge, (epoch, "late"));
        }
        if (kind == 11) {
            if (lastFinal == 0) return;
            data = abi.encodeCall(distributor.finalize, (lastFinal));
        }
        _refuse(actor, address(distributor), data, "INV-1: an actor did what only others may");
    }

    // what accrues

    function _accrue(uint256 amount) internal {
        uint256 epoch = distributor.current_epoch();
        vm.prank(ACCRUER);
        open.transfer(address(distributor), amount);
        bytes memory air = abi.encodeCall(distributor.accrue, (amount + donatedWei + 1));
        _refuse(ACCRUER, address(distributor), air, "INV-1: the accruer booked what is not there");
        vm.prank(ACCRUER);
        distributor.accrue(amount);
        _move(ACCRUER, address(distributor), amount);
        accruedIn[epoch] += amount;
        accruedWei += amount;
    }

    function _between(uint256 afterEpoch, uint256 upToEpoch) internal view returns (uint256 sum) {
        for (uint256 epoch = afterEpoch + 1; epoch <= upToEpoch; epoch++) sum += accruedIn[epoch];
    }

    // roots to post

    /// The next epoch to post for: the last that ended, or an earlier one; where it must have accrued something and has
    /// not, something accrues.
    function _plan(uint256 seed, bool isWorth) internal returns (Draft memory draft) {
        draft.previous = lastPosted();
        uint256 current = distributor.current_epoch();
        draft.epoch = current - 1;
        if (draft.epoch <= draft.previous || (isWorth && _between(draft.previous, draft.epoch) == 0)) {
            if (_between(draft.previous, current) == 0) _accrue(_amount(seed, 1_000 ether));
            _passTo(distributor.epoch_end(current));
            draft.epoch = current;
        } else if (seed % 4 == 0) {
            uint256 earlier = draft.previous + 1 + (seed >> 8) % (draft.epoch - draft.previous);
            if (!isWorth || _between(draft.previous, earlier) > 0) draft.epoch = earlier;
        }
        draft.spareWei = _between(draft.previous, draft.epoch);
    }

    function _trueDraft(uint256 seed, bool isWorth) internal returns (Draft memory draft) {
        draft = _plan(seed, isWorth);
        uint256 gain = seed % 8 == 1 ? 0 : _amount(seed, draft.spareWei);
        draft.tree = _trueTree(draft, _roots[draft.previous].totalWei + gain, seed >> 16, (seed >> 8) % 4 == 0);
        _complete(draft, seed);
    }

    function _complete(Draft memory draft, uint256 seed) internal view {
        bytes32 previousRoot = _roots[draft.previous].root;
        draft.post = _postOf(draft.tree, draft.epoch, _attempts[draft.epoch], previousRoot);
        draft.signatures = _signed(_digest(draft.post), seed >> 32);
    }

    /// Everybody keeps what the root before gave, and what is left of the total is shared out. Of the contributors with
    /// nothing only some have a leaf, unless it is to be full.
    function _trueTree(Draft memory draft, uint256 total, uint256 seed, bool isFull)
        internal
        view
        returns (Tree memory tree)
    {
        uint256[] memory base = _amountsUnder(draft.previous);
        uint256 chosen = isFull ? 0xf : 1 << (seed & 3) | (seed >> 2) & 0xf;
        uint256 count;
        uint256 rest = total;
        for (uint256 i = 0; i < CONTRIBUTORS; i++) {
            if (base[i] > 0) chosen |= 1 << i;
            if (chosen >> i & 1 == 1) count++;
            rest -= base[i];
        }
        (tree.accounts, tree.amounts, tree.leafCount) = (new address[](count), new uint256[](count), count);
        uint256 next;
        for (uint256 i = 0; i < CONTRIBUTORS; i++) {
            if (chosen >> i & 1 == 0) continue;
            uint256 part = (seed >> (32 + 32 * i)) % (rest + 1);
            (tree.accounts[next], tree.amounts[next]) = (actors[i], base[i] + part);
            (rest, next) = (rest - part, next + 1);
        }
        tree.amounts[(seed >> 6) % count] += rest;
        tree.grow(address(distributor));
    }

    /// What each contributor can prove to have under a root.
    function _amountsUnder(uint256 epoch) internal view returns (uint256[] memory amounts) {
        amounts = new uint256[](CONTRIBUTORS);
        Tree memory tree = _tree(epoch);
        for (uint256 i = 0; i < tree.leafCount; i++) {
            if (!_isProvable(tree, i)) continue;
            uint256 place;
            while (actors[place] != tree.accounts[i]) place++;
            if (tree.amounts[i] > amounts[place]) amounts[place] = tree.amounts[i];
        }
    }

    function _postFalse(uint256 seed, Fault fault, uint256 posterSeed) internal {
        Draft memory draft = _plan(seed, true);
        uint256 gain = draft.spareWei / 2;
        draft.tree = _trueTree(draft, _roots[draft.previous].totalWei + gain, seed >> 16, true);
        (bool isThere, uint256 victim) = _victim(draft.previous, seed);
        if (fault == Fault.Fallen && !isThere) fault = Fault.Sum;
        draft.tree.fault = fault;
        if (fault == Fault.Sum) _plantSum(draft, gain, seed >> 8);
        if (fault == Fault.Leaf) {
            uint256 place = (seed >> 8) % CONTRIBUTORS;
            uint256 excess = 1 + (seed >> 16) % (draft.spareWei - gain);
            draft.tree.resum(0, place, draft.tree.amounts[place] + excess);
        }
        if (fault == Fault.LeafCount) _plantLeafCount(draft.tree, seed >> 8);
        if (fault == Fault.Order) _plantOrder(draft.tree, seed >> 8);
        if (fault == Fault.Fallen) _plantFallen(draft, victim, seed >> 8);
        if (fault == Fault.Contribution) draft.tree.place = 1 + (seed >> 8) % 8;
        _complete(draft, seed);
        _send(draft, _actor(posterSeed));
    }

    /// A node with more than its children have, with less, or with what is left when theirs do not fit into a word.
    function _plantSum(Draft memory draft, uint256 gain, uint256 seed) internal view {
        Tree memory tree = draft.tree;
        uint256 height = 1 + (seed >> 8) % 2;
        uint256 place = (seed >> 16) % tree.levels[height].length;
        uint256 sum = RewardTrees.sumOf(tree.levels[height][place]);
        uint256 less = sum < gain ? sum : gain;
        if (seed % 3 == 0 && less > 0) {
            tree.resum(height, place, sum - 1 - (seed >> 24) % less);
        } else if (seed % 3 == 1) {
            _plantWrap(tree, 2 * ((seed >> 16) % 2), (seed >> 24) % 1 ether);
        } else {
            tree.resum(height, place, sum + 1 + (seed >> 24) % (draft.spareWei - gain));
        }
    }

    /// Two leaves with 2^96 wei more than their node says, whose hash has the bit set that their sum would carry into.
    function _plantWrap(Tree memory tree, uint256 left, uint256 small) internal view {
        uint256 both = tree.amounts[left] + tree.amounts[left + 1];
        do {
            tree.amounts[left] = RewardTrees.SUM_MASK - small;
            tree.amounts[left + 1] = both + 1 + small++;
            tree.grow(address(distributor));
        } while (uint256(tree.levels[1][left / 2]) >> 96 & 1 == 0);
        (tree.height, tree.place) = (1, left / 2);
    }

    /// A leaf beyond the last one, which counts and which nobody can claim; or none where one belongs.
    function _plantLeafCount(Tree memory tree, uint256 seed) internal view {
        uint256 last = CONTRIBUTORS - 1;
        tree.place = last;
        if (seed & 1 == 0) {
            tree.leafCount--;
            return;
        }
        tree.amounts[last - 1] += tree.amounts[last];
        tree.amounts[last] = 0;
        tree.grow(address(distributor));
        tree.levels[0][last] = 0;
        tree.regrow(0);
    }

    /// Two accounts in each other's place, or one of them in both.
    function _plantOrder(Tree memory tree, uint256 seed) internal view {
        uint256 left = (seed >> 8) % (CONTRIBUTORS - 1);
        uint256 right = left + 1 + (seed >> 16) % (CONTRIBUTORS - 1 - left);
        address account = tree.accounts[left];
        if (seed & 1 == 0) tree.accounts[left] = tree.accounts[right];
        tree.accounts[right] = account;
        tree.grow(address(distributor));
        tree.place = left | right << 8;
    }

    /// What an account had, and mostly has claimed, goes to another. It has less, or no leaf at all.
    function _plantFallen(Draft memory draft, uint256 victim, uint256 seed) internal view {
        Tree memory tree = draft.tree;
        Tree memory before = _tree(draft.previous);
        uint256 place;
        while (tree.accounts[place] != before.accounts[victim]) place++;
        uint256 left = seed & 1 == 0 ? 0 : (seed >> 8) % before.amounts[victim];
        uint256 other = (place + 1 + (seed >> 16) % (CONTRIBUTORS - 1)) % CONTRIBUTORS;
        tree.amounts[other] += tree.amounts[place] - left;
        tree.amounts[place] = left;
        if (seed & 3 == 0) {
            tree.leafCount--;
            (address[] memory accounts, uint256[] memory amounts) = (tree.accounts, tree.amounts);
            (tree.accounts, tree.amounts) = (new address[](tree.leafCount), new uint256[](tree.leafCount));
            for (uint256 i = 0; i < tree.leafCount; i++) {
                uint256 from = i < place ? i : i + 1;
                (tree.accounts[i], tree.amounts[i]) = (accounts[from], amounts[from]);
            }
        }
        tree.grow(address(distributor));
        tree.place = victim;
    }

    /// A leaf under the last root whose account has something to lose, rather one that has claimed.
    function _victim(uint256 epoch, uint256 seed) internal view returns (bool isThere, uint256 victim) {
        Tree memory tree = _tree(epoch);
        for (uint256 i = 0; i < tree.leafCount; i++) {
            uint256 place = (seed % tree.leafCount + i) % tree.leafCount;
            if (tree.amounts[place] == 0 || !_isProvable(tree, place)) continue;
            if (!isThere || claimedOf[tree.accounts[victim]] == 0) (isThere, victim) = (true, place);
        }
    }

    // forgeries

    function _forgeChain(Draft memory draft, uint256 seed) internal {
        uint256 other = 1 + (seed >> 8) % 31_000;
        bytes[] memory signed = _signed(_digestFor(draft.post, other, address(distributor)), seed);
        _refusePost(draft.post, signed, "INV-10: a root signed for another chain was taken");
        Chains(address(vm)).chainId(other);
        _refusePost(draft.post, draft.signatures, "INV-10: a root was taken on a fork of its chain");
        Chains(address(vm)).chainId(HOME_CHAIN);
    }

    function _forgeContract(Draft memory draft, uint256 seed) internal {
        address other = seed & 256 == 0 ? address(disputes) : address(uint160(address(distributor)) + 1);
        bytes[] memory signed = _signed(_digestFor(draft.post, HOME_CHAIN, other), seed);
        _refusePost(draft.post, signed, "INV-10: a root signed for another contract was taken");
    }

    function _forgeAttempt(Draft memory draft, uint256 seed) internal {
        IRewardDistributor.RootPost memory other = _copy(draft.post);
        other.attempt = other.attempt > 0 && seed & 256 == 0 ? other.attempt - 1 : other.attempt + 1;
        bytes[] memory signed = _signed(_digest(other), seed);
        _refusePost(draft.post, signed, "INV-10: signatures for another attempt were taken");
        _refusePost(other, signed, "INV-10: another attempt was taken");
    }

    /// Built on a root before the last one, on none, or on one that never was.
    function _forgePrevious(Draft memory draft, uint256 seed) internal {
        IRewardDistributor.RootPost memory other = _copy(draft.post);
        other.previous_root = _roots[_roots[draft.previous].previousEpoch].root;
        if (other.previous_root == draft.post.previous_root) other.previous_root = keccak256(abi.encode(seed));
        bytes[] memory signed = _signed(_digest(other), seed);
        _refusePost(draft.post, signed, "INV-10: signatures for another previous root were taken");
        _refusePost(other, signed, "INV-10: a root was taken that builds on another");
    }

    /// One signature less than needed, and the last one twice.
    function _forgeCount(Draft memory draft) internal {
        bytes[] memory few = new bytes[](_threshold - 1);
        bytes[] memory twice = new bytes[](_threshold);
        for (uint256 i = 0; i < few.length; i++) few[i] = twice[i] = draft.signatures[i];
        twice[few.length] = draft.signatures[few.length - 1];
        _refusePost(draft.post, few, "INV-10: too few signatures were enough");
        _refusePost(draft.post, twice, "INV-10: one signer counted twice");
    }

    function _forgeSigner(Draft memory draft, uint256 seed) internal {
        address[] memory signers = new address[](_threshold);
        for (uint256 i = 0; i < _threshold; i++) signers[i] = _signers[i];
        uint256 place = seed % actors.length;
        // the first actor who is no signer, in the place where the order is kept
        for (uint256 i = 0; i < actors.length && _isSigner(actors[place]); i++) place = (place + 1) % actors.length;
        if (_isSigner(actors[place])) return;
        uint256 last = signers.length - 1;
        for (uint256 i = 0; i <= last; i++) {
            if (signers[i] > actors[place] || i == last) {
                signers[i] = actors[place];
                break;
            }
        }
        bytes[] memory signed = _signedBy(_digest(draft.post), signers);
        _refusePost(draft.post, signed, "INV-10: who is no signer signed a root");
    }

    function _forgeMalleable(Draft memory draft, uint256 seed) internal {
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        uint256 place = seed % draft.signatures.length;
        bytes[] memory signed = new bytes[](draft.signatures.length);
        for (uint256 i = 0; i < signed.length; i++) signed[i] = draft.signatures[i];
        (uint8 v, bytes32 r, bytes32 s) = (uint8(signed[place][64]), 0, 0);
        bytes memory good = signed[place];
        assembly ("memory-safe") {
            r := mload(add(good, 32))
            s := mload(add(good, 64))
        }
        signed[place] = abi.encodePacked(r, order - uint256(s), v == 27 ? uint8(28) : uint8(27));
        _refusePost(draft.post, signed, "INV-10: a signature with a high s counted");
        signed[place] = abi.encodePacked(r, bytes32(uint256(s) ^ 1 << (seed >> 8) % 255), v);
        _refusePost(draft.post, signed, "INV-10: a changed signature counted");
        signed[place] = "";
        _refusePost(draft.post, signed, "INV-10: no signature counted as one");
    }

    /// Signed, and then one field changed.
    function _forgeOther(Draft memory draft, uint256 seed) internal {
        IRewardDistributor.RootPost memory other = _copy(draft.post);
        uint256 kind = (seed >> 8) % 5;
        if (kind == 0) other.evidence_digest = keccak256("other evidence");
        if (kind == 1) other.evidence_chunk_root = keccak256("other chunks");
        if (kind == 2) other.evidence_chunk_count++;
        if (kind == 3) other.attribution_root = keccak256("other shares");
        if (kind == 4) other.leaf_count++;
        _refusePost(other, draft.signatures, "INV-10: a root was taken that was signed otherwise");
    }

    // what no signature makes good

    function _exceed(Draft memory draft, uint256 seed) internal {
        uint256 total = _roots[draft.previous].totalWei + draft.spareWei + _amount(seed >> 8, 1_000 ether);
        Tree memory tree = _trueTree(draft, total, seed >> 16, true);
        IRewardDistributor.RootPost memory post =
            _postOf(tree, draft.epoch, draft.post.attempt, draft.post.previous_root);
        _refusePost(post, _signed(_digest(post), seed), "INV-2: a root above what accrued was taken");
    }

    /// The total of one account alone, lower than the total before.
    function _fallBelow(Draft memory draft, uint256 seed) internal {
        uint256 before = _roots[draft.previous].totalWei;
        if (before == 0) return;
        Tree memory tree;
        (tree.accounts, tree.amounts, tree.leafCount) = (new address[](1), new uint256[](1), 1);
        (tree.accounts[0], tree.amounts[0]) = (_actor(seed), before - _amount(seed >> 8, before));
        tree.grow(address(distributor));
        IRewardDistributor.RootPost memory post =
            _postOf(tree, draft.epoch, draft.post.attempt, draft.post.previous_root);
        _refusePost(post, _signed(_digest(post), seed), "INV-2: a root below the one before was taken");
    }

    function _misstate(Draft memory draft, uint256 seed) internal {
        IRewardDistributor.RootPost memory post = _copy(draft.post);
        uint256 kind = (seed >> 8) % 6;
        if (kind == 0) post.total_wei += 1 + (seed >> 16) % 1 ether;
        if (kind == 1) post.total_wei += 1 << 96;
        if (kind == 2) post.leaf_count = seed & 1 == 0 ? 0 : (1 << 32) + 1;
        if (kind == 3) post.evidence_chunk_count = seed & 1 == 0 ? 0 : (1 << 32) + 1;
        if (kind == 4) post.evidence_digest = 0;
        if (kind == 5) post.root = 0;
        _refusePost(post, _signed(_digest(post), seed), "INV-2: a root was taken that states what cannot be");
    }

    /// For an epoch that is not over, and for one that has a root.
    function _mistime(Draft memory draft, uint256 seed) internal {
        IRewardDistributor.RootPost memory post = _copy(draft.post);
        post.reward_epoch = distributor.current_epoch() + (seed >> 8) % 2;
        post.attempt = _attempts[post.reward_epoch];
        _refusePost(post, _signed(_digest(post), seed), "INV-2: a root was taken before its epoch was over");
        if (draft.previous == 0) return;
        post.reward_epoch = draft.previous;
        post.attempt = _attempts[draft.previous] + seed % 2 - 1 + (seed >> 1) % 2;
        _refusePost(post, _signed(_digest(post), seed), "INV-2: an epoch got a second root");
    }

    // what happens to roots

    function _send(Draft memory draft, address poster) internal {
        // a good one may not follow on a forged one that was taken, and its revert would hide that
        if (bytes(violation).length > 0) return;
        if (_pending.length == MAX_PENDING_ROOTS) {
            return _refusePost(draft.post, draft.signatures, "INV-7: more roots are pending than can be made void");
        }
        vm.prank(poster);
        try distributor.post_root(draft.post, draft.signatures) {}
        catch {
            return _must(false, "a good root was refused");
        }
        _bondIn(poster, address(distributor), ROOT_BOND_WEI);
        Root storage made = _roots[draft.epoch];
        (made.root, made.totalWei, made.accruedWei) = (draft.post.root, draft.post.total_wei, draft.spareWei);
        (made.previousEpoch, made.postedAt, made.attempt) = (draft.previous, _now(), draft.post.attempt);
        (made.poster, made.holds, made.isChallenged, made.fault) = (poster, 0, false, draft.tree.fault);
        _attempts[draft.epoch]++;
        _trees[draft.epoch] = abi.encode(draft.tree);
        _sent[draft.epoch] = abi.encode(draft.post, draft.signatures);
        _pending.push(draft.epoch);
        _refusePost(draft.post, draft.signatures, "INV-10: a root was posted twice");
        _verify(draft);
    }

    /// What could be claimed if the root became final.
    function _verify(Draft memory draft) internal {
        for (uint256 i = 0; i < draft.tree.leafCount; i++) {
            IRewardDistributor.ProvenLeaf memory leaf = _claimed(draft.tree, i);
            bool isUnder = distributor.verify_reward(
                draft.epoch, leaf.account, leaf.cumulative_wei, leaf.index, leaf.proof
            );
            _must(isUnder == _isProvable(draft.tree, i), "INV-3: a leaf is under a root whose sums are not its own");
        }
    }

    /// The root of `epoch` is void and every later one; of the first the poster loses the bond, if anybody was found
    /// wrong. The signatures under it are of no more use, though everything else that they name is as it was.
    function _voidFrom(uint256 epoch, address recipient, bool isLost) internal {
        while (_pending.length > 0 && _pending[_pending.length - 1] >= epoch) {
            uint256 last = _pending[_pending.length - 1];
            _pending.pop();
            address[] storage challengers = _challengers[last];
            for (uint256 i = 0; i < challengers.length; i++) {
                _openBonds[challengers[i]]--;
                _wonBonds[challengers[i]]++;
            }
            delete _challengers[last];
            if (last == epoch && isLost) {
                _bondBurned(ROOT_BOND_WEI / 2);
                _bondOut(address(distributor), recipient, ROOT_BOND_WEI - ROOT_BOND_WEI / 2);
            } else {
                _bondOut(address(distributor), _roots[last].poster, ROOT_BOND_WEI);
            }
            _must(distributor.root(last).status == 8, "INV-11: a root stands on one that is void");
        }
        (IRewardDistributor.RootPost memory post, bytes[] memory signatures) =
            abi.decode(_sent[epoch], (IRewardDistributor.RootPost, bytes[]));
        _refusePost(post, signatures, "INV-10: the signatures of a void root counted again");
        bytes memory data = abi.encodeCall(distributor.finalize, (epoch));
        _refuse(actors[0], address(distributor), data, "INV-11: a void root became final");
    }

    function _provenFalse(uint256 epoch, address prover) internal {
        uint256 attempt = _roots[epoch].attempt;
        _isProven[epoch][attempt] = true;
        if (_proven.length < SNAPSHOTS) _proven.push(Proven(epoch, attempt));
        else _proven[_nextProven++ % SNAPSHOTS] = Proven(epoch, attempt);
        _voidFrom(epoch, prover, true);
    }

    /// The root stands, and every bond against it is lost.
    function _rejected(uint256 epoch) internal {
        address[] storage challengers = _challengers[epoch];
        uint256 lost = challengers.length * CHALLENGE_BOND_WEI;
        for (uint256 i = 0; i < challengers.length; i++) _openBonds[challengers[i]]--;
        challengeBonds -= challengers.length;
        delete _challengers[epoch];
        _roots[epoch].isChallenged = false;
        _bondBurned(lost / 2);
        _bondOut(address(distributor), TREASURY, lost - lost / 2);
    }

    /// Tries to make the oldest root final; it must, exactly when it is due.
    function _finalize(address actor) internal returns (bool isDone) {
        uint256 epoch = _pending[0];
        Root memory made = _roots[epoch];
        uint256 end = made.postedAt + WINDOW_SECONDS + (made.holds > 0 ? RESOLUTION_SECONDS : 0);
        bool isDue = !made.isChallenged && _now() >= end;
        vm.prank(actor);
        try distributor.finalize(epoch) {
            _must(isDue, "INV-7: a root became final too early");
            _must(!_isProven[epoch][made.attempt], "INV-11: a root became final that was proven false");
            isDone = true;
        } catch {
            _must(!isDue, "INV-7: a root that is due did not become final");
            return false;
        }
        for (uint256 i = 1; i < _pending.length; i++) _pending[i - 1] = _pending[i];
        _pending.pop();
        accruedFinalWei += made.accruedWei;
        _move(address(distributor), TREASURY, made.accruedWei - (made.totalWei - _roots[lastFinal].totalWei));
        _bondOut(address(distributor), made.poster, ROOT_BOND_WEI);
        lastFinal = epoch;
    }

    // which root

    /// A root in its window from a random one on; where there is none, one is posted.
    function _inWindow(uint256 seed) internal returns (bool, uint256) {
        for (uint256 i = 0; i < _pending.length; i++) {
            uint256 epoch = _pending[(seed % _pending.length + i) % _pending.length];
            if (_now() < _roots[epoch].postedAt + WINDOW_SECONDS) return (true, epoch);
        }
        if (_pending.length == MAX_PENDING_ROOTS) return (false, 0);
        _send(_trueDraft(seed, true), _actor(seed >> 8));
        return (true, lastPosted());
    }

    function _challenged(uint256 seed, uint256 actorSeed) internal returns (bool isThere, uint256 epoch) {
        for (uint256 i = 0; i < _pending.length; i++) {
            epoch = _pending[(seed % _pending.length + i) % _pending.length];
            if (_roots[epoch].isChallenged) return (true, epoch);
        }
        (isThere, epoch) = _inWindow(seed);
        if (isThere) _challenge(epoch, actorSeed >> 8);
    }

    function _falseRoot(uint256 seed) internal view returns (bool, uint256) {
        for (uint256 i = 0; i < _pending.length; i++) {
            uint256 epoch = _pending[(seed % _pending.length + i) % _pending.length];
            if (_roots[epoch].fault != Fault.None) return (true, epoch);
        }
        return (false, 0);
    }

    function _trueRoot(uint256 seed) internal returns (bool, uint256) {
        for (uint256 i = 0; i < _pending.length; i++) {
            uint256 epoch = _pending[(seed % _pending.length + i) % _pending.length];
            if (_roots[epoch].fault == Fault.None) return (true, epoch);
        }
        if (_pending.length == MAX_PENDING_ROOTS) return (false, 0);
        _send(_trueDraft(seed, true), _actor(seed >> 8));
        return (true, lastPosted());
    }

    /// A proof of something that stands in a true tree, but is no fault.
    function _idleProof(uint256 epoch, Tree memory tree, uint256 kind, uint256 seed)
        internal
        view
        returns (bytes memory)
    {
        uint256 height = seed % tree.levels.length;
        uint256 node = (seed >> 8) % tree.levels[height].length;
        uint256 leaf = (seed >> 16) % tree.leafCount;
        if (kind == 0 && height > 0) return _sumProof(epoch, tree, height, node);
        if (kind == 1) return _leafCountProof(epoch, tree, height, node);
        if (kind == 2) return _leafProof(epoch, tree, leaf);
        if (kind == 3) return _orderProof(epoch, tree, leaf, (seed >> 24) % tree.leafCount);
        if (kind == 4) return _contributionProof(epoch, 1 + seed % 8);
        Tree memory before = _tree(_roots[epoch].previousEpoch);
        if (before.leafCount == 0) return "";
        return _fallenProof(epoch, tree, before, (seed >> 32) % before.leafCount);
    }

    function _tree(uint256 epoch) internal view returns (Tree memory tree) {
        if (_trees[epoch].length > 0) tree = abi.decode(_trees[epoch], (Tree));
    }

    function _isProvable(Tree memory tree, uint256 place) internal view returns (bool) {
        return tree.isProvable(address(distributor), place);
    }

    // challenges

    /// By an actor who has no bond on it in this round; by him again, it must fail.
    function _challenge(uint256 epoch, uint256 actorSeed) internal {
        address[] storage challengers = _challengers[epoch];
        if (challengers.length == actors.length) return;
        address actor;
        for (uint256 i = 0; i < actors.length; i++) {
            actor = _actor(actorSeed % actors.length + i);
            if (!_isIn(challengers, actor)) break;
        }
        if (_heldBonds[actor] == MAX_BONDS) _withdrawBond(actor);
        if (_heldBonds[actor] == MAX_BONDS) return;
        vm.prank(actor);
        try distributor.challenge(epoch, "reason") {}
        catch {
            return _must(false, "a root in its window could not be challenged");
        }
        _bondIn(actor, address(distributor), CHALLENGE_BOND_WEI);
        challengers.push(actor);
        _openBonds[actor]++;
        _heldBonds[actor]++;
        challengeBonds++;
        _roots[epoch].isChallenged = true;
        bytes memory data = abi.encodeCall(distributor.challenge, (epoch, "again"));
        _refuse(actor, address(distributor), data, "one challenged a root twice in a round");
    }

    /// Bonds on roots that became void, each once; none that was lost, none that is undecided.
    function _withdrawBond(address actor) internal {
        uint256 due = _wonBonds[actor] * CHALLENGE_BOND_WEI;
        vm.prank(actor);
        try distributor.withdraw_bond() returns (uint256 paid) {
            _must(paid == due, "INV-7: another amount than the bonds that were won was paid back");
        } catch {
            return _must(false, "INV-7: bonds were not paid back");
        }
        _bondOut(address(distributor), actor, due);
        challengeBonds -= _wonBonds[actor];
        _wonBonds[actor] = 0;
        _heldBonds[actor] = _openBonds[actor];
    }

    // demands

    function _demand(uint256 epoch, uint256 index, address actor) internal {
        IRootDisputes.Demand memory known = disputes.demand(epoch, _roots[epoch].attempt, index);
        bool isFree = known.demander == address(0) && !known.is_answered;
        vm.prank(actor);
        try disputes.demand_chunk(epoch, index) {
            _must(isFree, "a chunk was demanded twice");
            _bondIn(actor, address(disputes), DEMAND_BOND_WEI);
            _roots[epoch].holds++;
            _demands.push(Demand(epoch, _roots[epoch].attempt, index, actor, _now() + ANSWER_SECONDS));
        } catch {
            _must(!isFree, "a chunk could not be demanded");
        }
    }

    /// One whose root is pending, from a random one on; where there is none, one is made.
    function _openDemand(uint256 seed, uint256 actorSeed) internal returns (bool, uint256) {
        for (uint256 i = 0; i < _demands.length; i++) {
            uint256 place = (seed % _demands.length + i) % _demands.length;
            if (_isPendingDemand(place)) return (true, place);
        }
        (bool isThere, uint256 epoch) = _inWindow(seed);
        if (!isThere) return (false, 0);
        uint256 count = _demands.length;
        for (uint256 i = 0; i < CHUNKS && _demands.length == count; i++) {
            _demand(epoch, (seed >> 16) % CHUNKS ^ i, _actor(actorSeed >> 8));
        }
        return (_demands.length > count, count);
    }

    function _isPendingDemand(uint256 place) internal view returns (bool) {
        (uint256 epoch, uint256 attempt) = (_demands[place].epoch, _demands[place].attempt);
        if (_roots[epoch].attempt != attempt) return false;
        for (uint256 i = 0; i < _pending.length; i++) if (_pending[i] == epoch) return true;
        return false;
    }

    /// To the demander if the root is void, to the treasury if it became final all the same.
    function _settle(uint256 place, address actor) internal {
        Demand memory demand = _demands[place];
        bool isDue = !_isPendingDemand(place);
        bool isFinal = _roots[demand.epoch].attempt == demand.attempt && _isFinal(demand.epoch);
        address recipient = isFinal ? TREASURY : demand.demander;
        vm.prank(actor);
        try disputes.settle_demand(demand.epoch, demand.attempt, demand.index) {
            _must(isDue, "a demand was settled while its root was pending");
            _bondOut(address(disputes), recipient, DEMAND_BOND_WEI);
            _forget(place);
        } catch {
            _must(!isDue, "INV-7: a demand's bond is stuck");
        }
    }

    function _isFinal(uint256 epoch) internal view returns (bool) {
        uint256 last = lastFinal;
        while (last > epoch) last = _roots[last].previousEpoch;
        return last == epoch;
    }

    /// A demand that ended, whose bond is paid and is not paid again.
    function _forget(uint256 place) internal {
        Demand memory demand = _demands[place];
        _demands[place] = _demands[_demands.length - 1];
        _demands.pop();
        bytes memory data = abi.encodeCall(disputes.settle_demand, (demand.epoch, demand.attempt, demand.index));
        _refuse(demand.demander, address(disputes), data, "INV-1: the bond of a demand was paid twice");
    }

    // claims

    /// The tree that is claimed from; where there is none, one becomes final.
    function _finalTree(uint256 seed) internal returns (Tree memory) {
        if (lastFinal == 0) {
            if (_pending.length == 0) _send(_trueDraft(seed, true), _actor(seed >> 8));
            if (_roots[_pending[0]].isChallenged) return _tree(0);
            _passTo(_roots[_pending[0]].postedAt + WINDOW_SECONDS + RESOLUTION_SECONDS);
            _finalize(_actor(seed));
        }
        return _tree(lastFinal);
    }

    /// Mostly a leaf from which something is due.
    function _unpaid(Tree memory tree, uint256 seed) internal view returns (uint256 place) {
        place = seed % tree.leafCount;
        for (uint256 i = 0; i < tree.leafCount && seed >> 8 & 7 > 0 && _due(tree, place) == 0; i++) {
            place = (place + 1) % tree.leafCount;
        }
    }

    function _due(Tree memory tree, uint256 place) internal view returns (uint256) {
        uint256 had = claimedOf[tree.accounts[place]];
        return tree.amounts[place] > had ? tree.amounts[place] - had : 0;
    }

    /// One to six leaves, and whether all are under the root and together within its total.
    function _manyDue(Tree memory tree, uint256 seed)
        internal
        view
        returns (IRewardDistributor.ProvenLeaf[] memory leaves, uint256 total, bool isDue)
    {
        leaves = new IRewardDistributor.ProvenLeaf[](1 + seed % 6);
        uint256[] memory highest = new uint256[](tree.leafCount);
        isDue = true;
        for (uint256 i = 0; i < leaves.length; i++) {
            uint256 place = (seed >> (8 + 4 * i)) % tree.leafCount;
            leaves[i] = _claimed(tree, place);
            isDue = isDue && _isProvable(tree, place);
            // the same account may stand in two places
            uint256 first;
            while (tree.accounts[first] != tree.accounts[place]) first++;
            uint256 due = _due(tree, place);
            if (due > highest[first]) highest[first] = due;
        }
        for (uint256 i = 0; i < highest.length; i++) total += highest[i];
        isDue = isDue && total <= unclaimedWei();
    }

    /// To the account, or to the one that it named, and to nobody else.
    function _paid(address account, uint256 amount) internal {
        address recipient = _recovery[account] == address(0) ? account : _recovery[account];
        claimedOf[account] += amount;
        claimedWei += amount;
        _move(address(distributor), recipient, amount);
        if (recipient == address(distributor)) donatedWei += amount;
    }

    // the ledger

    function _move(address from, address to, uint256 amount) internal {
        ledgerWei[from] -= amount;
        ledgerWei[to] += amount;
    }

    function _bondIn(address from, address to, uint256 amount) internal {
        _move(from, to, amount);
        bondsInWei += amount;
    }

    function _bondOut(address from, address to, uint256 amount) internal {
        _move(from, to, amount);
        bondsOutWei += amount;
    }

    function _bondBurned(uint256 amount) internal {
        ledgerWei[address(distributor)] -= amount;
        burnedWei += amount;
    }

    // the rest

    function _passTo(uint256 time) internal {
        if (time > _now()) _passTime(time - _now());
    }

    function _refusePost(
        IRewardDistributor.RootPost memory post,
        bytes[] memory signatures,
        string memory rule
    ) internal {
        bytes memory data = abi.encodeCall(distributor.post_root, (post, signatures));
        _refuse(_actor(post.total_wei), address(distributor), data, rule);
    }

    function _refuse(address sender, address target, bytes memory data, string memory rule) internal {
        vm.prank(sender);
        (bool isDone,) = target.call(data);
        _must(!isDone, rule);
    }

    function _copy(IRewardDistributor.RootPost memory post)
        internal
        pure
        returns (IRewardDistributor.RootPost memory)
    {
        return abi.decode(abi.encode(post), (IRewardDistributor.RootPost));
    }

    /// The actors whose bit is set.
    function _chosen(uint256 mask) internal view returns (address[] memory chosen) {
        uint256 count;
        for (uint256 i = 0; i < actors.length; i++) count += mask >> i & 1;
        chosen = new address[](count);
        for (uint256 i = actors.length; i > 0; i--) if (mask >> (i - 1) & 1 == 1) chosen[--count] = actors[i - 1];
    }

    function _isSigner(address actor) internal view returns (bool) {
        return _isIn(_signers, actor);
    }

    function _isIn(address[] storage list, address actor) internal view returns (bool) {
        for (uint256 i = 0; i < list.length; i++) if (list[i] == actor) return true;
        return false;
    }
}

contract RewardDistributorInvariants is Suite {
    IOpenToken internal open;
    IRewardDistributor internal distributor;
    IRootDisputes internal disputes;
    RewardDistributorHandler internal handler;

    function setUp() external override {
        open = IOpenToken(Deploy.vyper("OpenToken", abi.encode(address(this))));
        Rewards memory rewards = RewardContracts.deploy(address(open));
        (distributor, disputes) = (rewards.distributor, rewards.disputes);
        handler = new RewardDistributorHandler(open, rewards);
        open.transfer(ACCRUER, FUNDS_WEI);
        for (uint256 i = 0; i < handler.actorCount(); i++) open.transfer(handler.actors(i), FUNDS_WEI);
        _target(handler);
    }

    function invariant_holds() external override {
        _noViolation(handler);
        _isSolvent();
        _everybodyHasTheirs();
        _chainHolds();
        _claimsHold();
    }

    function _isSolvent() internal view {
        uint256 owed = distributor.owed_wei();
        uint256 held = open.balanceOf(address(distributor));
        _atMost(owed, held, "INV-1: more is owed than is there");
        _equal(owed, handler.owedWei(), "INV-1: another amount is owed than came in and did not go out");
        _equal(held, owed + handler.donatedWei(), "INV-1: OPEN is missing");
        uint256 demands = handler.openDemands() * DEMAND_BOND_WEI;
        _atMost(demands, open.balanceOf(address(disputes)), "INV-1: demanders' bonds are missing");
        uint256 bonds = owed - (handler.accruedWei() - handler.accruedFinalWei()) - handler.unclaimedWei() + demands;
        uint256 gone = handler.bondsOutWei() + handler.burnedWei();
        _equal(handler.bondsInWei(), gone + bonds, "INV-7: bonds in are not bonds out, burned and held");
    }

    function _everybodyHasTheirs() internal view {
        _hasIts(TREASURY);
        _hasIts(ACCRUER);
        _hasIts(address(distributor));
        _hasIts(address(disputes));
        for (uint256 i = 0; i < handler.actorCount(); i++) _hasIts(handler.actors(i));
        _equal(open.totalSupply(), SUPPLY_WEI - handler.burnedWei(), "INV-7: another amount was burned");
    }

    function _hasIts(address account) internal view {
        _equal(open.balanceOf(account), handler.ledgerWei(account), "INV-1: somebody was paid another amount");
    }

    function _chainHolds() internal view {
        uint256[] memory pending = handler.pending();
        uint256 previous = handler.lastFinal();
        _equal(distributor.last_final_epoch(), previous, "INV-7: another root is final");
        _equal(distributor.last_posted_epoch(), handler.lastPosted(), "INV-7: another root is the last");
        _atMost(pending.length, MAX_PENDING_ROOTS, "INV-7: more roots are pending than can be made void");
        for (uint256 i = 0; i < pending.length; i++) {
            _rootHolds(pending[i], previous);
            previous = pending[i];
        }
        RewardDistributorHandler.Proven[] memory proven = handler.proven();
        for (uint256 i = 0; i < proven.length; i++) {
            IRewardDistributor.RootRecord memory record = distributor.root(proven[i].epoch);
            bool isVoid = record.status == 8 || record.attempt > proven[i].attempt;
            require(isVoid, "INV-11: a root that was proven false is not void");
        }
    }

    function _rootHolds(uint256 epoch, uint256 previous) internal view {
        IRewardDistributor.RootRecord memory record = distributor.root(epoch);
        RewardDistributorHandler.Root memory made = handler.root(epoch);
        _equal(record.status, made.isChallenged ? 2 : 1, "INV-7: a pending root has another status");
        _equal(record.previous_epoch, previous, "INV-10: a root builds on another than the one before");
        _equal(record.attempt, made.attempt, "INV-10: a root is another attempt");
        _equal(record.hold_count, made.holds, "INV-7: a root has other holds than open demands");
        _equal(record.posted_at, made.postedAt, "INV-7: a window moved");
        require(record.root == made.root && record.poster == made.poster, "INV-10: another root is pending");
        uint256 before = distributor.root(previous).total_wei;
        _atMost(before, record.total_wei, "INV-2: a total has fallen");
        _atMost(record.total_wei - before, made.accruedWei, "INV-2: a root adds more than accrued");
    }

    function _claimsHold() internal view {
        uint256 sum;
        for (uint256 i = 0; i < handler.actorCount(); i++) {
            address account = handler.actors(i);
            uint256 claimed = distributor.claimed(account);
            _equal(claimed, handler.claimedOf(account), "INV-3: an account has claimed another amount");
            sum += claimed;
        }
        uint256 total = distributor.root(handler.lastFinal()).total_wei;
        _atMost(sum, total, "INV-3: more was claimed than the final root's total");
        _atMost(total, handler.accruedFinalWei(), "INV-3: a final root's total is above what accrued");
    }
}
