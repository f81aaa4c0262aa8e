// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDatanetRegistry} from "integrations/interfaces/IDatanetRegistry.sol";
import {IInferencePayments} from "integrations/interfaces/IInferencePayments.sol";
import {IModelRegistry} from "integrations/interfaces/IModelRegistry.sol";
import {IOpenToken} from "integrations/interfaces/IOpenToken.sol";
import {IRewardDistributor} from "integrations/interfaces/IRewardDistributor.sol";
import {IStakedOpen} from "integrations/interfaces/IStakedOpen.sol";
import {Deploy} from "support/Deploy.sol";
import {Handler} from "support/Handler.sol";
import {Suite} from "support/Suite.sol";
import {Vm, vm} from "support/Vm.sol";

uint256 constant SUPPLY_WEI = 1_000_000_000 ether;
uint256 constant FUNDS_WEI = 100_000_000 ether;
uint256 constant STAKE_WEI = 1_000 ether;
uint256 constant DELAY_SECONDS = 1 days;
uint256 constant BPS = 10_000;
address constant TREASURY = address(uint160(uint256(keccak256("openledger treasury"))));
address constant GOVERNANCE = address(uint160(uint256(keccak256("openledger governance"))));
bytes32 constant DATASET_ROOT = keccak256("openledger dataset root");

/// The cheat code by which this chain becomes a fork of itself.
interface Chains {
    function chainId(uint256 id) external;
}

/// The payments and the real contracts around them, over OPEN or over another token.
struct Market {
    IStakedOpen staked;
    IDatanetRegistry datanets;
    IModelRegistry models;
    IRewardDistributor distributor;
    IInferencePayments payments;
}

library Markets {
    /// Two bases, and a recorded dataset root for adapters to name. The distributor's owner is the caller.
    function deploy(address token) internal returns (Market memory market) {
        market.staked = IStakedOpen(Deploy.vyper("StakedOpen", abi.encode(token, 21 days)));
        market.datanets =
            IDatanetRegistry(Deploy.vyper("DatanetRegistry", abi.encode(token, TREASURY, 1 ether, GOVERNANCE)));
        market.models = IModelRegistry(Deploy.vyper("ModelRegistry", abi.encode(market.datanets)));
        market.distributor = IRewardDistributor(
            Deploy.vyper(
                "RewardDistributor",
                abi.encode(token, TREASURY, address(this), 1 days, 3 days, 20 days, 1_000 ether, 10_000 ether)
            )
        );
        market.payments = IInferencePayments(_payments(market, token));
        market.distributor.set_accruer(address(market.payments));
        IDatanetRegistry.Terms memory terms = IDatanetRegistry.Terms(3, 0, 1 ether);
        IDatanetRegistry.Limits memory limits = IDatanetRegistry.Limits(1 << 20, 1 << 20, 20, 1 << 20);
        market.datanets.create_datanet(1, 1, terms, limits, "metadata");
        market.datanets.record_snapshot(1, DATASET_ROOT, "manifest", 1);
        market.models.register_base("weights", "manifest", "licence");
        market.models.register_base("other weights", "manifest", "licence");
    }

    function _payments(Market memory market, address token) private returns (address) {
        IInferencePayments.Split memory split = IInferencePayments.Split(3_000, 4_500, 1_000, 1_000, 500);
        bytes memory contracts = abi.encode(token, market.models, market.staked, market.distributor, TREASURY);
        bytes memory rules = abi.encode(GOVERNANCE, DELAY_SECONDS, split);
        return Deploy.vyper("InferencePayments", bytes.concat(contracts, rules));
    }
}

/// Actors who sign vouchers, for the right contract on the right chain or for another.
abstract contract VoucherHandler is Handler {
    bytes32 private constant VOUCHER_TYPEHASH =
        keccak256("Voucher(address payer,address operator,uint256 adapterId,uint256 cumulativeWei,uint256 expiry)");
    uint256 internal constant HOME_CHAIN = 31_337;

    IInferencePayments public immutable payments;
    IModelRegistry public immutable models;

    constructor(Market memory market) {
        payments = market.payments;
        models = market.models;
    }

    function _voucher(address payer, address operator, uint256 adapterId, uint256 cumulative, uint256 expiry)
        internal
        pure
        returns (IInferencePayments.Voucher memory)
    {
        return IInferencePayments.Voucher(payer, operator, adapterId, cumulative, expiry);
    }

    /// A redemption of a voucher that `signer` signed, which only its payer should.
    function _redemption(IInferencePayments.Voucher memory voucher, uint256 due, address signer, bytes32 domain)
        internal
        view
        returns (IInferencePayments.Redemption memory made)
    {
        (made.payer, made.cumulative_wei, made.expiry) = (voucher.payer, voucher.cumulative_wei, voucher.expiry);
        made.due_wei = due;
        uint8 v;
        (v, made.r, made.vs) = _sign(signer, _typed(domain, keccak256(abi.encode(VOUCHER_TYPEHASH, voucher))));
        made.vs |= bytes32(uint256(v - 27) << 255);
    }

    function _home() internal view returns (bytes32) {
        return _domainOf(HOME_CHAIN, address(payments));
    }

    function _domainOf(uint256 chainId, address verifyingContract) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("OpenLedger InferencePayments"),
                keccak256("1"),
                chainId,
                verifyingContract
            )
        );
    }

    /// The first operator of an adapter from a random actor on; its owner is one.
    function _operator(uint256 adapterId, uint256 seed) internal view returns (address actor) {
        for (uint256 i = 0; i < actors.length; i++) {
            actor = _actor(seed % actors.length + i);
            if (models.is_operator(adapterId, actor)) return actor;
        }
    }

    function _register(address owner, uint256 baseId, uint256 parentId, uint256 royalty, bytes32 root)
        internal
        returns (bool isDone)
    {
        bytes32[] memory roots = new bytes32[](1);
        roots[0] = root;
        bytes memory data = abi.encodeCall(
            models.register_adapter, (baseId, parentId, "weights", "manifest", "licence", roots, royalty, 1, 1)
        );
        vm.prank(owner);
        (isDone,) = address(models).call(data);
    }
}

/// Actors who pay, serve and own adapters, all of them all at once; a governance that sets the split; and an attacker
/// who holds vouchers that were signed for something else. Each forgery is a good redemption with one thing changed,
/// and the good one is redeemed after it.
contract InferencePaymentsHandler is VoucherHandler {
    struct Parts {
        uint256 amountWei;
        uint256 ownerWei;
        uint256 contributorsWei;
        uint256 stakersWei;
        uint256 treasuryWei;
        uint256 burnWei;
    }

    /// Something that one operator redeems for one adapter.
    struct Sale {
        uint256 adapterId;
        address operator;
        IInferencePayments.Redemption[] batch;
    }

    uint256 internal constant MAX_ADAPTERS = 16;
    uint256 internal constant MAX_DEPTH = 8;
    uint256 internal constant MAX_BATCH = 32;

    IOpenToken public immutable open;
    IStakedOpen public immutable staked;
    IRewardDistributor public immutable distributor;
    address public immutable otherPayments;

    Parts internal _total;
    uint256 public paidWei;
    uint256 public donatedWei;
    uint256 public donatedToDistributorWei;
    mapping(address => uint256) public depositedWei;
    mapping(address => uint256) public withdrawnWei;
    mapping(address => uint256) public pendingWei;
    mapping(address => uint256) public readyAt;
    /// Sum of the highest ceilings that a payer signed, over operators and adapters.
    mapping(address => uint256) public signedWei;
    mapping(uint256 => uint256) public accruedIn;
    mapping(bytes32 => uint256) internal _ceilings;
    bytes internal _lastBatch;

    constructor(IOpenToken open_, Market memory market, address otherPayments_) VoucherHandler(market) {
        (open, staked, distributor) = (open_, market.staked, market.distributor);
        otherPayments = otherPayments_;
        _addActors(7);
        for (uint256 i = 0; i < actors.length; i++) {
            vm.prank(actors[i]);
            open.approve(address(payments), type(uint256).max);
        }
        // a line of three that sells from the start
        for (uint256 i = 0; i < 3; i++) _register(actors[i], 1, i, 2_000 - i, DATASET_ROOT);
    }

    function total() external view returns (Parts memory) {
        return _total;
    }

    function deposit(uint256 payerSeed, uint256 senderSeed, uint256 amountSeed) external {
        address sender = _actor(senderSeed);
        _deposit(_actor(payerSeed), sender, _amount(amountSeed, open.balanceOf(sender) / 64));
    }

    /// All, some or none of the balance; a later request replaces it.
    function requestWithdrawal(uint256 payerSeed, uint256 amountSeed) external {
        address payer = _actor(payerSeed);
        uint256 amount = amountSeed % 8 == 7 ? 0 : _amount(amountSeed, payments.balance_of(payer));
        vm.prank(payer);
        payments.request_withdrawal(amount);
        (pendingWei[payer], readyAt[payer]) = (amount, amount > 0 ? _now() + DELAY_SECONDS : 0);
    }

    /// More than there is; must fail.
    function requestTooMuch(uint256 payerSeed, uint128 excess) external {
        address payer = _actor(payerSeed);
        uint256 amount = payments.balance_of(payer) + 1 + excess;
        vm.prank(payer);
        try payments.request_withdrawal(amount) {
            _must(false, "INV-1: a payer asked for more than his balance");
        } catch {}
    }

    /// One time in four at once, which must fail before its time.
    function withdraw(uint256 payerSeed, uint256 patience) external {
        address payer = _leaver(payerSeed);
        if (payer == address(0)) return;
        if (patience % 4 > 0 && readyAt[payer] > _now()) _passTime(readyAt[payer] - _now());
        uint256 balance = payments.balance_of(payer);
        uint256 due = balance < pendingWei[payer] ? balance : pendingWei[payer];
        uint256 held = open.balanceOf(payer);
        vm.prank(payer);
        try payments.withdraw() {
            _must(_now() >= readyAt[payer], "a payer left before the operators' time was over");
            _must(open.balanceOf(payer) == held + due, "a withdrawal paid another amount than was asked for");
            withdrawnWei[payer] += due;
            (pendingWei[payer], readyAt[payer]) = (0, 0);
        } catch {
            _must(_now() < readyAt[payer], "a withdrawal that was due was refused");
        }
    }

    function redeem(uint256 adapterSeed, uint256 operatorSeed, uint256 sizeSeed, uint256 seed) external {
        _redeem(_sale(adapterSeed, operatorSeed, sizeSeed % 16 == 0 ? MAX_BATCH : 1 + sizeSeed % 6, seed));
    }

    /// Signed for another chain; and signed for this one, and redeemed on a fork of it. Must fail.
    function redeemOnOtherChain(uint256 adapterSeed, uint256 operatorSeed, uint256 seed, uint64 chainId) external {
        Sale memory sale = _sale(adapterSeed, operatorSeed, 1, seed);
        uint256 other = chainId == HOME_CHAIN ? 1 : chainId;
        _refuseResigned(sale, _domainOf(other, address(payments)), "INV-10: a voucher of another chain counted");
        Chains(address(vm)).chainId(other == 0 ? 1 : other);
        _refuse(sale, sale.batch, sale.operator, "INV-10: a voucher counted on a fork of its chain");
        Chains(address(vm)).chainId(HOME_CHAIN);
        _redeem(sale);
    }

    /// Signed for another contract, or without a contract; must fail.
    function redeemForOtherContract(uint256 adapterSeed, uint256 operatorSeed, uint256 seed) external {
        Sale memory sale = _sale(adapterSeed, operatorSeed, 1, seed);
        address other = seed % 2 == 0 ? otherPayments : _actor(seed);
        _refuseResigned(sale, _domainOf(HOME_CHAIN, other), "INV-10: a voucher for another contract counted");
        _redeem(sale);
    }

    /// The signature's twin with the other half of s, or with one bit changed; must fail.
    function redeemMalleable(uint256 adapterSeed, uint256 operatorSeed, uint256 seed, uint8 bit) external {
        Sale memory sale = _sale(adapterSeed, operatorSeed, 1, seed);
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        IInferencePayments.Redemption[] memory forged = _copy(sale.batch);
        uint256 vs = uint256(forged[0].vs);
        uint256 s = vs & (type(uint256).max >> 1);
        forged[0].vs = bytes32(((order - s) | 1 << 255) ^ (vs >> 255 << 255));
        _refuse(sale, forged, sale.operator, "INV-10: a signature with a high s counted");
        forged[0].vs = bytes32(vs ^ (uint256(1) << bit));
        _refuse(sale, forged, sale.operator, "INV-10: a changed s counted");
        forged[0].vs = bytes32(vs);
        forged[0].r ^= bytes32(uint256(1) << bit);
        _refuse(sale, forged, sale.operator, "INV-10: a changed r counted");
        forged[0].payer = address(0);
        _refuse(sale, forged, sale.operator, "INV-10: nobody's voucher counted");
        _redeem(sale);
    }

    /// In the payer's name, signed by another, last in a batch of good ones; must fail as a whole.
    function redeemSignedByOther(uint256 adapterSeed, uint256 operatorSeed, uint256 sizeSeed, uint256 seed) external {
        Sale memory sale = _sale(adapterSeed, operatorSeed, 2 + sizeSeed % 3, seed);
        IInferencePayments.Redemption[] memory forged = _copy(sale.batch);
        IInferencePayments.Redemption memory last = forged[forged.length - 1];
        address signer = _actor(seed >> 8);
        if (signer == last.payer) signer = _actor((seed >> 8) % actors.length + 1);
        forged[forged.length - 1] = _redemption(_voucherOf(sale, last), last.due_wei, signer, _home());
        _refuse(sale, forged, sale.operator, "INV-10: a voucher that its payer did not sign counted");
        _redeem(sale);
    }

    /// The last batch again, as it was, by another operator, or for another adapter; must fail.
    function replay(uint256 operatorSeed, uint256 adapterSeed) external {
        if (_lastBatch.length == 0) return;
        Sale memory sale = abi.decode(_lastBatch, (Sale));
        _refuse(sale, sale.batch, sale.operator, "INV-10: a voucher was redeemed twice");
        address other = _operator(sale.adapterId, operatorSeed);
        if (other != sale.operator) _refuse(sale, sale.batch, other, "INV-10: another's voucher was redeemed");
        sale.adapterId = _adapter(adapterSeed);
        _refuse(sale, sale.batch, sale.operator, "INV-10: a voucher was redeemed for another adapter");
    }

    /// More than the ceiling that the payer signed, with the ceiling as it is or raised in the call; must fail.
    function redeemAboveCeiling(uint256 adapterSeed, uint256 operatorSeed, uint256 seed) external {
        Sale memory sale = _sale(adapterSeed, operatorSeed, 1, seed);
        IInferencePayments.Redemption[] memory forged = _copy(sale.batch);
        IInferencePayments.Voucher memory voucher = _voucherOf(sale, sale.batch[0]);
        voucher.cumulative_wei = sale.batch[0].due_wei - 1;
        forged[0] = _redemption(voucher, sale.batch[0].due_wei, voucher.payer, _home());
        _refuse(sale, forged, sale.operator, "INV-10: more than a voucher's ceiling was redeemed");
        forged[0].cumulative_wei += 1 + seed % 1 ether;
        _refuse(sale, forged, sale.operator, "INV-10: a ceiling was raised after it was signed");
        _redeem(sale);
    }

    /// After its time, or with a time that was put off; must fail.
    function redeemExpired(uint256 adapterSeed, uint256 operatorSeed, uint256 seed) external {
        Sale memory sale = _sale(adapterSeed, operatorSeed, 1, seed);
        IInferencePayments.Redemption[] memory forged = _copy(sale.batch);
        IInferencePayments.Voucher memory voucher = _voucherOf(sale, sale.batch[0]);
        voucher.expiry = _now() - 1 - seed % 3 % 2 * 1 days;
        forged[0] = _redemption(voucher, sale.batch[0].due_wei, voucher.payer, _home());
        _refuse(sale, forged, sale.operator, "INV-10: an expired voucher counted");
        forged[0].expiry = _now() + seed % 1 days;
        _refuse(sale, forged, sale.operator, "INV-10: an expiry was put off after it was signed");
        _redeem(sale);
    }

    /// By who does not serve the adapter, with a voucher that names him and with another's; must fail.
    function redeemAsStranger(uint256 adapterSeed, uint256 operatorSeed, uint256 seed) external {
        Sale memory sale = _sale(adapterSeed, operatorSeed, 1, seed);
        address stranger = _actor(seed);
        if (models.is_operator(sale.adapterId, stranger)) stranger = address(uint160(seed) | 1);
        _refuse(sale, sale.batch, stranger, "INV-10: a stranger redeemed an operator's voucher");
        IInferencePayments.Redemption[] memory forged = _copy(sale.batch);
        IInferencePayments.Voucher memory voucher = _voucherOf(sale, sale.batch[0]);
        voucher.operator = stranger;
        forged[0] = _redemption(voucher, sale.batch[0].due_wei, voucher.payer, _home());
        _refuse(sale, forged, stranger, "INV-10: one redeemed whom the adapter does not name");
        _redeem(sale);
    }

    /// More than the payer has, in one voucher or in two of one batch; must fail.
    function redeemAboveDeposit(uint256 adapterSeed, uint256 operatorSeed, uint256 seed, uint96 excess) external {
        Sale memory sale = _sale(adapterSeed, operatorSeed, 1, seed);
        IInferencePayments.Redemption[] memory forged = new IInferencePayments.Redemption[](1 + seed % 2);
        IInferencePayments.Voucher memory voucher = _voucherOf(sale, sale.batch[0]);
        uint256 due = payments.redeemed_of(voucher.payer, sale.operator, sale.adapterId);
        due += payments.balance_of(voucher.payer) + 1 + excess;
        voucher.cumulative_wei = due;
        if (forged.length == 2) forged[0] = sale.batch[0];
        forged[forged.length - 1] = _redemption(voucher, due, voucher.payer, _home());
        _refuse(sale, forged, sale.operator, "INV-1: more than a payer's deposit was redeemed");
        _redeem(sale);
    }

    function payEarnings(uint256 actorSeed) external {
        for (uint256 i = 0; i < actors.length; i++) {
            address account = _actor(actorSeed % actors.length + i);
            uint256 earned = payments.earnings_of(account);
            if (earned == 0) continue;
            uint256 held = open.balanceOf(account);
            vm.prank(_actor(actorSeed >> 8));
            payments.pay_earnings(account);
            _must(open.balanceOf(account) == held + earned, "earnings were not paid in full to who earned them");
            _must(payments.earnings_of(account) == 0, "INV-1: earnings that were paid are still owed");
            paidWei += earned;
            return;
        }
    }

    function setSplit(uint256 seed) external {
        IInferencePayments.Split memory split = _split(seed);
        vm.prank(GOVERNANCE);
        payments.set_split(split);
        _must(
            keccak256(abi.encode(payments.split())) == keccak256(abi.encode(split)), "R0: another split was stored"
        );
    }

    /// Out of its bounds, or by another than the owner; must fail.
    function setBadSplit(uint256 seed, uint256 part) external {
        IInferencePayments.Split memory split = _split(seed);
        uint256 kind = seed % 6;
        if (kind == 0) split.owner_bps += 1 + part % BPS;
        if (kind == 1) split.contributors_bps -= 1 + part % split.contributors_bps;
        if (kind == 2) {
            split.owner_bps += split.treasury_bps + split.burn_bps;
            (split.treasury_bps, split.burn_bps) = (part % 500, 0);
            split.burn_bps = part / 500 % (500 - split.treasury_bps);
            split.owner_bps -= split.treasury_bps + split.burn_bps;
        }
        if (kind == 3) {
            uint256 kept = part % 1_000;
            (split.stakers_bps, split.contributors_bps) = (split.stakers_bps + split.contributors_bps - kept, kept);
        }
        // wraps around to the right sum
        if (kind == 4) {
            unchecked {
                split.burn_bps += uint128(part) | 1 << 16;
                split.owner_bps -= uint128(part) | 1 << 16;
            }
        }
        vm.prank(kind == 5 ? _actor(part) : GOVERNANCE);
        try payments.set_split(split) {
            _must(false, "R0: a split outside its bounds, or by another than the owner, was taken");
        } catch {}
    }

    /// OPEN that is sent here or to the distributor by mistake changes nothing, and nobody can book it.
    function donate(uint256 actorSeed, uint256 amountSeed, bool isToDistributor) external {
        address actor = _actor(actorSeed);
        uint256 amount = _amount(amountSeed, open.balanceOf(actor) / 64);
        vm.prank(actor);
        open.transfer(isToDistributor ? address(distributor) : address(payments), amount);
        if (isToDistributor) donatedToDistributorWei += amount;
        else donatedWei += amount;
        vm.prank(actor);
        try distributor.accrue(amount) {
            _must(false, "INV-2: another than the accruer booked an amount");
        } catch {}
    }

    function registerAdapter(uint256 ownerSeed, uint256 parentSeed, uint256 royaltySeed) external {
        if (models.adapter_count() >= MAX_ADAPTERS) return;
        // half of the children extend the newest line, so that some lines grow to their full depth
        uint256 parentId = parentSeed % 2 == 0 ? models.adapter_count() : _adapter(parentSeed >> 1);
        if (_depth(parentId) >= MAX_DEPTH || parentSeed % 16 == 15) parentId = 0;
        uint256 baseId = parentId == 0 ? 1 + parentSeed % 2 : models.adapter(parentId).base_id;
        uint256 royalty = royaltySeed % 8 == 0 ? 0 : royaltySeed % 8 < 4 ? 2_000 : royaltySeed % 2_001;
        bool isDone = _register(_actor(ownerSeed), baseId, parentId, royalty, DATASET_ROOT);
        _must(isDone, "a good adapter was refused");
    }

    /// Under itself or a later one, on another base than its parent, below the lowest place, with too high a royalty,
    /// or trained on what no Datanet recorded; must fail.
    function registerBadAdapter(uint256 ownerSeed, uint256 seed) external {
        uint256 parentId = _adapter(seed >> 8);
        uint256 baseId = models.adapter(parentId).base_id;
        uint256 kind = seed % 5;
        if (kind == 0) parentId = models.adapter_count() + 1 + seed % 3;
        if (kind == 1) baseId = 3 - baseId;
        if (kind == 2) {
            parentId = _deepest();
            if (_depth(parentId) < MAX_DEPTH) return;
            baseId = models.adapter(parentId).base_id;
        }
        bytes32 root = kind == 4 ? bytes32(seed) : DATASET_ROOT;
        bool isDone = _register(_actor(ownerSeed), baseId, parentId, kind == 3 ? 2_001 : 0, root);
        _must(!isDone, "INV-13: an adapter was registered that breaks its line");
    }

    function setOperator(uint256 adapterSeed, uint256 actorSeed, bool isOperator) external {
        uint256 adapterId = _adapter(adapterSeed);
        vm.prank(models.adapter(adapterId).owner);
        models.set_operator(adapterId, _actor(actorSeed), isOperator);
    }

    /// What was earned before stays with who earned it: `_redeem` compares every account.
    function transferAdapter(uint256 adapterSeed, uint256 actorSeed) external {
        uint256 adapterId = _adapter(adapterSeed);
        vm.prank(models.adapter(adapterId).owner);
        models.transfer_adapter(adapterId, _actor(actorSeed));
    }

    function _deposit(address payer, address sender, uint256 amount) internal {
        vm.prank(sender);
        payments.deposit(payer, amount);
        depositedWei[payer] += amount;
    }

    /// A batch that is good: each payer has signed for what is due, and has it.
    function _sale(uint256 adapterSeed, uint256 operatorSeed, uint256 size, uint256 seed)
        internal
        returns (Sale memory sale)
    {
        sale.adapterId = _adapter(adapterSeed);
        sale.operator = _operator(sale.adapterId, operatorSeed);
        sale.batch = new IInferencePayments.Redemption[](size);
        for (uint256 i = 0; i < size; i++) _addGood(sale, i, uint256(keccak256(abi.encode(seed, i))));
    }

    function _addGood(Sale memory sale, uint256 place, uint256 seed) internal {
        uint256 size = sale.batch.length;
        address payer = _payer(seed, size);
        uint256 due = payments.redeemed_of(payer, sale.operator, sale.adapterId);
        for (uint256 i = 0; i < place; i++) if (sale.batch[i].payer == payer) due = sale.batch[i].due_wei;
        // an equal part of the balance at most, so that a payer may come up in every place
        due += _amount(seed >> 8, payments.balance_of(payer) / size);
        uint256 ceiling = due + (seed % 4 == 0 ? 0 : _amount(seed >> 16, 10 ether));
        uint256 expiry = seed % 3 == 0 ? _now() : _now() + 1 days;
        IInferencePayments.Voucher memory voucher = _voucher(payer, sale.operator, sale.adapterId, ceiling, expiry);
        sale.batch[place] = _redemption(voucher, due, payer, _home());
        bytes32 tab = keccak256(abi.encode(payer, sale.operator, sale.adapterId));
        if (ceiling > _ceilings[tab]) {
            signedWei[payer] += ceiling - _ceilings[tab];
            _ceilings[tab] = ceiling;
        }
    }

    /// Redeems what is good, and looks where every wei of it went.
    function _redeem(Sale memory sale) internal {
        // a good one cannot follow on a forged one that counted, and its revert would hide that
        if (bytes(violation).length > 0) return;
        Parts memory due = _parts(sale);
        uint256[] memory earned = _earned(sale.adapterId, due.ownerWei);
        Parts memory held = _held();
        uint256 epoch = distributor.current_epoch();
        vm.recordLogs();
        vm.prank(sale.operator);
        try payments.redeem(sale.adapterId, sale.batch) {
            _compareLogs(vm.getRecordedLogs(), due);
        } catch {
            _must(false, "a good batch was refused");
            return;
        }
        _compareParts(held, _held(), due);
        for (uint256 i = 0; i < actors.length; i++) {
            _must(payments.earnings_of(actors[i]) == earned[i], "R0: a payee got another part of a fee than is due");
        }
        for (uint256 i = 0; i < sale.batch.length; i++) {
            bytes32 tab = keccak256(abi.encode(sale.batch[i].payer, sale.operator, sale.adapterId));
            uint256 redeemed = payments.redeemed_of(sale.batch[i].payer, sale.operator, sale.adapterId);
            _must(redeemed <= _ceilings[tab], "INV-10: more was redeemed than the payer signed for");
        }
        accruedIn[epoch] += due.contributorsWei;
        _addParts(due);
        _lastBatch = abi.encode(sale);
    }

    /// What a batch should bring, each fee split alone.
    function _parts(Sale memory sale) internal view returns (Parts memory sum) {
        IInferencePayments.Split memory split = payments.split();
        for (uint256 i = 0; i < sale.batch.length; i++) {
            uint256 before = payments.redeemed_of(sale.batch[i].payer, sale.operator, sale.adapterId);
            for (uint256 j = 0; j < i; j++) {
                if (sale.batch[j].payer == sale.batch[i].payer) before = sale.batch[j].due_wei;
            }
            uint256 fee = sale.batch[i].due_wei - before;
            sum.amountWei += fee;
            sum.ownerWei += fee * split.owner_bps / BPS;
            sum.contributorsWei += fee * split.contributors_bps / BPS;
            sum.stakersWei += fee * split.stakers_bps / BPS;
            sum.burnWei += fee * split.burn_bps / BPS;
        }
        sum.treasuryWei = sum.amountWei - sum.ownerWei - sum.contributorsWei - sum.stakersWei - sum.burnWei;
    }

    /// What each actor should have earned once the owner part is shared along the adapter's line.
    function _earned(uint256 adapterId, uint256 ownerWei) internal view returns (uint256[] memory earned) {
        earned = new uint256[](actors.length);
        for (uint256 i = 0; i < actors.length; i++) earned[i] = payments.earnings_of(actors[i]);
        uint256 first = _index(models.adapter(adapterId).owner);
        earned[first] += ownerWei;
        uint256 reaching = BPS;
        for (uint256 id = models.adapter(adapterId).parent_id; id != 0; id = models.adapter(id).parent_id) {
            reaching = reaching * models.adapter(id).royalty_bps / BPS;
            if (reaching == 0) break;
            uint256 above = models.adapter(id).parent_id;
            uint256 kept = above == 0 ? reaching : reaching - reaching * models.adapter(above).royalty_bps / BPS;
            uint256 amount = ownerWei * kept / BPS;
            earned[first] -= amount;
            earned[_index(models.adapter(id).owner)] += amount;
        }
    }

    /// What each of the five hold; for what is burned, the supply.
    function _held() internal view returns (Parts memory held) {
        held.amountWei = open.balanceOf(address(payments));
        held.contributorsWei = open.balanceOf(address(distributor));
        held.stakersWei = open.balanceOf(address(staked));
        held.treasuryWei = open.balanceOf(TREASURY);
        held.burnWei = open.totalSupply();
        for (uint256 i = 0; i < actors.length; i++) held.ownerWei += payments.earnings_of(actors[i]);
    }

    function _compareParts(Parts memory before, Parts memory held, Parts memory due) internal {
        uint256 out = due.amountWei - due.ownerWei;
        _must(before.amountWei - held.amountWei == out, "R0: another amount left than the fees less the owner part");
        _must(held.ownerWei - before.ownerWei == due.ownerWei, "R0: owners were not credited their part");
        _must(held.contributorsWei - before.contributorsWei == due.contributorsWei, "R0: contributors' part differs");
        _must(held.stakersWei - before.stakersWei == due.stakersWei, "R0: stakers' part differs");
        _must(held.treasuryWei - before.treasuryWei == due.treasuryWei, "R0: treasury's part differs");
        _must(before.burnWei - held.burnWei == due.burnWei, "R0: burned part differs");
    }

    /// What indexers add up: the vouchers' events are the fees, and their contributors' parts what accrued.
    function _compareLogs(Vm.Log[] memory logs, Parts memory due) internal {
        uint256 amount;
        uint256 contributors;
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].emitter != address(payments)) continue;
            if (logs[i].topics[0] != IInferencePayments.VoucherRedeemed.selector) continue;
            (, uint256 fee, uint256 part,) = abi.decode(logs[i].data, (uint256, uint256, uint256, uint256));
            amount += fee;
            contributors += part;
        }
        _must(amount == due.amountWei, "R0: the events' fees are not what was charged");
        _must(contributors == due.contributorsWei, "R0: the events' parts are not what accrued");
    }

    function _addParts(Parts memory due) internal {
        _total.amountWei += due.amountWei;
        _total.ownerWei += due.ownerWei;
        _total.contributorsWei += due.contributorsWei;
        _total.stakersWei += due.stakersWei;
        _total.treasuryWei += due.treasuryWei;
        _total.burnWei += due.burnWei;
    }

    function _refuse(
        Sale memory sale,
        IInferencePayments.Redemption[] memory forged,
        address sender,
        string memory rule
    ) internal {
        vm.prank(sender);
        try payments.redeem(sale.adapterId, forged) {
            _must(false, rule);
        } catch {}
    }

    function _refuseResigned(Sale memory sale, bytes32 domain, string memory rule) internal {
        IInferencePayments.Redemption[] memory forged = _copy(sale.batch);
        forged[0] = _redemption(_voucherOf(sale, forged[0]), forged[0].due_wei, forged[0].payer, domain);
        _refuse(sale, forged, sale.operator, rule);
    }

    function _voucherOf(Sale memory sale, IInferencePayments.Redemption memory made)
        internal
        pure
        returns (IInferencePayments.Voucher memory)
    {
        return _voucher(made.payer, sale.operator, sale.adapterId, made.cumulative_wei, made.expiry);
    }

    function _copy(IInferencePayments.Redemption[] memory batch)
        internal
        pure
        returns (IInferencePayments.Redemption[] memory)
    {
        return abi.decode(abi.encode(batch), (IInferencePayments.Redemption[]));
    }

    function _split(uint256 seed) internal pure returns (IInferencePayments.Split memory split) {
        uint256 leak = 500 + (seed % 4 == 0 ? 0 : (seed >> 8) % 3_000);
        split.contributors_bps = 1_000 + (seed % 4 == 1 ? 0 : (seed >> 24) % (BPS - 1_000 - leak));
        uint256 rest = BPS - leak - split.contributors_bps;
        split.owner_bps = (seed >> 40) % (rest + 1);
        split.stakers_bps = rest - split.owner_bps;
        split.treasury_bps = (seed >> 56) % (leak + 1);
        split.burn_bps = leak - split.treasury_bps;
    }

    /// An actor whose balance is at least `least`; where there is none, one deposits.
    function _payer(uint256 seed, uint256 least) internal returns (address actor) {
        for (uint256 i = 0; i < actors.length; i++) {
            actor = _actor(seed % actors.length + i);
            if (payments.balance_of(actor) >= least) return actor;
        }
        _deposit(actor, actor, least + _amount(seed >> 64, 1_000 ether));
    }

    function _leaver(uint256 seed) internal view returns (address actor) {
        for (uint256 i = 0; i < actors.length; i++) {
            actor = _actor(seed % actors.length + i);
            if (pendingWei[actor] > 0) return actor;
        }
        return address(0);
    }

    function _adapter(uint256 seed) internal view returns (uint256) {
        return 1 + seed % models.adapter_count();
    }

    function _depth(uint256 adapterId) internal view returns (uint256 depth) {
        for (; adapterId != 0; adapterId = models.adapter(adapterId).parent_id) depth++;
    }

    function _deepest() internal view returns (uint256 deepest) {
        for (uint256 i = models.adapter_count(); i > 0; i--) if (_depth(i) > _depth(deepest)) deepest = i;
    }

    function _index(address actor) internal view returns (uint256 i) {
        while (actors[i] != actor) i++;
    }
}

contract InferencePaymentsInvariants is Suite {
    IOpenToken internal open;
    Market internal market;
    InferencePaymentsHandler internal handler;

    function setUp() external override {
        open = IOpenToken(Deploy.vyper("OpenToken", abi.encode(address(this))));
        market = Markets.deploy(address(open));
        handler = new InferencePaymentsHandler(open, market, address(Markets.deploy(address(open)).payments));
        for (uint256 i = 0; i < handler.actorCount(); i++) open.transfer(handler.actors(i), FUNDS_WEI);
        open.approve(address(market.staked), STAKE_WEI);
        market.staked.stake(STAKE_WEI);
        _target(handler);
    }

    function invariant_holds() external override {
        _noViolation(handler);
        InferencePaymentsHandler.Parts memory total = handler.total();
        _isSolvent(total);
        _partsArrived(total);
        _linesHold();
    }

    function _isSolvent(InferencePaymentsHandler.Parts memory total) internal view {
        uint256 owed;
        uint256 charged;
        uint256 earnings;
        for (uint256 i = 0; i < handler.actorCount(); i++) {
            address payer = handler.actors(i);
            uint256 balance = market.payments.balance_of(payer);
            uint256 lost = handler.depositedWei(payer) - handler.withdrawnWei(payer) - balance;
            _atMost(lost, handler.signedWei(payer), "INV-10: a payer lost more than the ceilings that he signed");
            (uint256 pending, uint256 readyAt) = market.payments.withdrawal_of(payer);
            _equal(pending, handler.pendingWei(payer), "a request to withdraw changed");
            _equal(readyAt, handler.readyAt(payer), "the time of a withdrawal changed");
            uint256 backed = balance > pending ? balance - pending : 0;
            _equal(market.payments.available(payer), backed, "an operator can count on another amount");
            charged += lost;
            owed += balance;
            earnings += market.payments.earnings_of(payer);
        }
        _equal(charged, total.amountWei, "R0: the fees are not what payers lost");
        _equal(earnings, total.ownerWei - handler.paidWei(), "INV-1: earnings are not what was credited and not paid");
        uint256 held = open.balanceOf(address(market.payments));
        _equal(held, owed + earnings + handler.donatedWei(), "INV-1: OPEN is missing");
        _equal(open.allowance(address(market.payments), address(market.staked)), 0, "an allowance was left over");
    }

    function _partsArrived(InferencePaymentsHandler.Parts memory total) internal view {
        uint256 parts =
            total.ownerWei + total.contributorsWei + total.stakersWei + total.treasuryWei + total.burnWei;
        _equal(parts, total.amountWei, "R0: the parts are not the fees");
        uint256 held = open.balanceOf(address(market.distributor));
        _equal(held, total.contributorsWei + handler.donatedToDistributorWei(), "R0: contributors miss OPEN");
        _equal(market.distributor.owed_wei(), total.contributorsWei, "INV-1: the distributor owes another amount");
        uint256 epoch = market.distributor.current_epoch();
        _equal(market.distributor.accrued(epoch), handler.accruedIn(epoch), "INV-2: an epoch accrued another amount");
        if (epoch > 1) {
            epoch--;
            _equal(market.distributor.accrued(epoch), handler.accruedIn(epoch), "INV-2: a past epoch's sum changed");
        }
        _equal(open.balanceOf(address(market.staked)), STAKE_WEI + total.stakersWei, "R0: stakers miss OPEN");
        _equal(open.balanceOf(TREASURY), total.treasuryWei, "R0: the treasury misses OPEN");
        _equal(open.totalSupply(), SUPPLY_WEI - total.burnWei, "R0: another amount was burned");
    }

    function _linesHold() internal view {
        for (uint256 id = 1; id <= market.models.adapter_count(); id++) {
            IModelRegistry.Adapter memory adapter = market.models.adapter(id);
            // each is under an older one, so no line comes back to where it began
            if (adapter.parent_id != 0) _atMost(adapter.parent_id, id - 1, "INV-13: a parent is not older");
            (address[] memory accounts, uint256[] memory shares) = market.models.payees(id);
            _atMost(accounts.length, 8, "INV-13: a line is too deep");
            require(accounts[0] == adapter.owner, "INV-13: the owner is not the first payee");
            uint256 sum;
            for (uint256 i = 0; i < shares.length; i++) sum += shares[i];
            _equal(sum, BPS, "INV-13: the payees' shares do not sum to 10,000");
        }
    }
}
