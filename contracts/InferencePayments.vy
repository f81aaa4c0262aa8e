# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Payments for answers: deposits, cumulative vouchers, the split of each fee
@license AGPL-3.0-only
@notice Deposit OPEN, sign vouchers off chain, and be served at once; operators redeem what is due, up to 32 vouchers a
        transaction. A voucher is a ceiling for one payer, operator and adapter: a later one replaces it, and no
        amount of them can cost more than the deposit. What was never served stays the payer's and can be withdrawn.
@dev Powers: the owner (the timelock) sets the split within fixed bounds. It cannot touch deposits or earnings, nor
     pause. Solvency: `OPEN balance >= sum of balances + sum of earnings`. A fee leaves its payer's balance before any
     part of it is paid, and its parts sum to it exactly. Amounts are counted, never read from the balance: OPEN that
     is sent here by a plain transfer is lost to its sender. OPEN moves exactly what is asked for and calls nobody back.
@custom:halt Nothing can be halted. A payer stops by signing no further voucher and by withdrawing; an adapter's owner
             stops an operator in ModelRegistry.
"""

from ethereum.ercs import IERC20
from snekmate.auth import ownable
from snekmate.utils import eip712_domain_separator
from snekmate.utils import message_hash_utils
from .interfaces import IBurnable
from .interfaces import IInferencePayments
from .interfaces import IModelRegistry
from .interfaces import IRewardDistributor
from .interfaces import IStakedOpen
from .modules import deposits
from .modules import fee_split
from .modules import signatures

implements: IInferencePayments
initializes: ownable
initializes: eip712_domain_separator
initializes: deposits

# Left out on purpose: `renounce_ownership`; the split must stay in governance's reach.
exports: (ownable.owner, ownable.transfer_ownership)
exports: eip712_domain_separator.eip712Domain
exports: (
    deposits.OPEN_TOKEN,
    deposits.WITHDRAWAL_DELAY_SECONDS,
    deposits.deposit,
    deposits.request_withdrawal,
    deposits.withdraw,
    deposits.balance_of,
    deposits.withdrawal_of,
    deposits.available,
)

VOUCHER_TYPEHASH: constant(bytes32) = keccak256(
    "Voucher(address payer,address operator,uint256 adapterId,uint256 cumulativeWei,uint256 expiry)"
)
MAX_BATCH: constant(uint256) = 32
MAX_LINEAGE_DEPTH: constant(uint256) = 8

MODEL_REGISTRY: public(immutable(address))
STAKED_OPEN: public(immutable(address))
DISTRIBUTOR: public(immutable(address))
TREASURY: public(immutable(address))

# operator and adapter id (see _tab) => payer => wei redeemed so far
_redeemed: HashMap[bytes32, HashMap[address, uint256]]
_earnings: HashMap[address, uint256]
_split: uint256


@deploy
def __init__(
    open_token: address,
    model_registry: address,
    staked_open: address,
    distributor: address,
    treasury: address,
    owner: address,
    withdrawal_delay_seconds: uint256,
    split: IInferencePayments.Split,
):
    """
    @notice Binds the payments to the other contracts for ever.
    @dev The distributor takes accruals only after its owner named this contract by `set_accruer`.
    @param open_token The OPEN token.
    @param model_registry Says who may serve an adapter and who shares its owner part.
    @param staked_open Gets the stakers' part.
    @param distributor Gets the contributors' part.
    @param treasury Gets the treasury's part.
    @param owner Who may set the split: the timelock.
    @param withdrawal_delay_seconds From a payer's request to leave until it can be taken, at most 30 days; operators
           have so long to redeem what was due.
    @param split The first split.
    """
    for account: address in [model_registry, staked_open, distributor, treasury, owner]:
        assert account != empty(address), "payments: zero address"
    MODEL_REGISTRY = model_registry
    STAKED_OPEN = staked_open
    DISTRIBUTOR = distributor
    TREASURY = treasury
    deposits.__init__(open_token, withdrawal_delay_seconds)
    eip712_domain_separator.__init__("OpenLedger InferencePayments", "1")
    ownable.__init__()
    ownable._transfer_ownership(owner)
    self._set_split(split)


# operators
@external
def redeem(adapter_id: uint256, redemptions: DynArray[IInferencePayments.Redemption, MAX_BATCH]):
    """
    @notice Takes what is due on vouchers for one adapter that name you as operator, and pays every part of the fees to
            its owners.
    @dev All or nothing. Every balance is lowered and every earning credited before the first OPEN moves; the parts are
         moved once for the whole batch. Each fee is split alone, each part but the treasury's rounded down, so that
         the parts of a batch do not depend on how fees are batched.
    @param adapter_id The adapter that all the vouchers name; you own it or its owner named you.
    @param redemptions 1 to 32 vouchers with what is due on each; a payer may appear twice, the larger due last.
    """
    assert len(redemptions) > 0, "payments: batch is empty"
    is_operator: bool = staticcall IModelRegistry(MODEL_REGISTRY).is_operator(adapter_id, msg.sender)
    assert is_operator, "payments: operator not named by adapter"
    # what is the same for every voucher of the batch is read once
    reward_epoch: uint256 = staticcall IRewardDistributor(DISTRIBUTOR).current_epoch()
    domain_separator: bytes32 = eip712_domain_separator._domain_separator_v4()
    tab: bytes32 = self._tab(msg.sender, adapter_id)
    split: IInferencePayments.Split = fee_split._unpack(self._split)
    totals: fee_split.Parts = empty(fee_split.Parts)
    # added up here, as a module would get and return copies of the totals (245 gas a voucher), and without overflow
    # checks (454 with those of _part), as every fee fits the 96 bits of a deposit
    for redemption: IInferencePayments.Redemption in redemptions:
        amount_wei: uint256 = self._charge(redemption, adapter_id, domain_separator, tab)
        contributors_wei: uint256 = fee_split._part(amount_wei, split.contributors_bps)
        totals.amount_wei = unsafe_add(totals.amount_wei, amount_wei)
        totals.owner_wei = unsafe_add(totals.owner_wei, fee_split._part(amount_wei, split.owner_bps))
        totals.contributors_wei = unsafe_add(totals.contributors_wei, contributors_wei)
        totals.stakers_wei = unsafe_add(totals.stakers_wei, fee_split._part(amount_wei, split.stakers_bps))
        totals.burn_wei = unsafe_add(totals.burn_wei, fee_split._part(amount_wei, split.burn_bps))
        log IInferencePayments.VoucherRedeemed(
            payer=redemption.payer,
            operator=msg.sender,
            adapter_id=adapter_id,
            due_wei=redemption.due_wei,
            amount_wei=amount_wei,
            contributors_wei=contributors_wei,
            reward_epoch=reward_epoch,
        )
    self._credit_owners(adapter_id, totals.owner_wei)
    self._distribute(totals, reward_epoch)


# adapter owners and anyone for them
@external
def pay_earnings(account: address) -> uint256:
    """
    @notice Pays an adapter owner everything earned so far. Anyone may call it; only the account is paid.
    @dev Cleared before the transfer.
    @param account Who earned it.
    @return Wei of OPEN paid.
    """
    amount_wei: uint256 = self._earnings[account]
    assert amount_wei > 0, "payments: nothing earned"
    self._earnings[account] = 0
    log IInferencePayments.EarningsPaid(account=account, amount_wei=amount_wei)
    assert extcall IERC20(deposits.OPEN_TOKEN).transfer(account, amount_wei), "payments: earnings not paid"
    return amount_wei


# governance
@external
def set_split(split: IInferencePayments.Split):
    """
    @notice Changes how fees are split from the next redemption on.
    @dev Only the owner, and within bounds: the parts sum to 10,000; treasury and burn keep at least 500 together, so
         that paying oneself always loses; contributors keep at least 1,000.
    @param split The parts in basis points.
    """
    ownable._check_owner()
    self._set_split(split)


# anyone
@view
@external
def redeemed_of(payer: address, operator: address, adapter_id: uint256) -> uint256:
    """
    @notice What an operator has redeemed from a payer for an adapter so far.
    @param payer The payer.
    @param operator The operator.
    @param adapter_id The adapter.
    @return Wei of OPEN, cumulative; the next redemption must be due more.
    """
    return self._redeemed[self._tab(operator, adapter_id)][payer]


@view
@external
def earnings_of(account: address) -> uint256:
    """
    @notice What `pay_earnings` would pay now.
    @param account An adapter owner.
    @return Wei of OPEN.
    """
    return self._earnings[account]


@view
@external
def split() -> IInferencePayments.Split:
    """
    @notice How a fee redeemed now is split.
    @return The parts in basis points.
    """
    return fee_split._unpack(self._split)


@view
@external
def voucher_digest(voucher: IInferencePayments.Voucher) -> bytes32:
    """
    @notice What the payer signs (EIP-712, on this chain, for this contract).
    @param voucher The voucher.
    @return The digest.
    """
    # the separator holds the chain id of this block: after a fork of the chain, a voucher is good on one side only
    return eip712_domain_separator._hash_typed_data_v4(keccak256(abi_encode(VOUCHER_TYPEHASH, voucher)))


@internal
def _charge(
    redemption: IInferencePayments.Redemption, adapter_id: uint256, domain_separator: bytes32, tab: bytes32
) -> uint256:
    """
    @dev Checks one redemption and lowers the payer's balance by what it adds to the redeemed amount, which it returns.
         A malformed signature recovers to zero, which no payer is.
    """
    assert block.timestamp <= redemption.expiry, "payments: voucher expired"
    assert redemption.due_wei <= redemption.cumulative_wei, "payments: due above voucher"
    payer: address = redemption.payer
    # as in voucher_digest
    struct_hash: bytes32 = keccak256(
        abi_encode(VOUCHER_TYPEHASH, payer, msg.sender, adapter_id, redemption.cumulative_wei, redemption.expiry)
    )
    digest: bytes32 = message_hash_utils._to_typed_data_hash(domain_separator, struct_hash)
    signer: address = signatures._recover_compact(digest, redemption.r, redemption.vs)
    assert signer != empty(address) and signer == payer, "payments: not signed by the payer"
    redeemed_wei: uint256 = self._redeemed[tab][payer]
    assert redemption.due_wei > redeemed_wei, "payments: nothing due"
    amount_wei: uint256 = unsafe_sub(redemption.due_wei, redeemed_wei)
    self._redeemed[tab][payer] = redemption.due_wei
    deposits._charge(payer, amount_wei)
    return amount_wei


@internal
@pure
def _tab(operator: address, adapter_id: uint256) -> bytes32:
    """
    @dev Under which an operator's redemptions for an adapter are kept: hashed once a batch.
    """
    return keccak256(abi_encode(operator, adapter_id))


@internal
def _credit_owners(adapter_id: uint256, owner_wei: uint256):
    """
    @dev Shares the batch's owner part among the adapter's owner, who comes first, and its ancestors' owners. Their
         parts are rounded down; the first gets what remains. An account that owns several of them is credited once.
    """
    accounts: DynArray[address, MAX_LINEAGE_DEPTH] = []
    shares_bps: DynArray[uint256, MAX_LINEAGE_DEPTH] = []
    accounts, shares_bps = staticcall IModelRegistry(MODEL_REGISTRY).payees(adapter_id)
    amounts_wei: DynArray[uint256, MAX_LINEAGE_DEPTH] = [owner_wei]
    for i: uint256 in range(1, len(accounts), bound=MAX_LINEAGE_DEPTH):
        amount_wei: uint256 = owner_wei * shares_bps[i] // fee_split.BPS
        amounts_wei[0] -= amount_wei
        amounts_wei.append(amount_wei)
    for account: address in accounts:
        # all that the account gets; its later places then find nothing
        amount_wei: uint256 = 0
        for i: uint256 in range(len(accounts), bound=MAX_LINEAGE_DEPTH):
            if accounts[i] == account:
                amount_wei += amounts_wei[i]
                amounts_wei[i] = 0
        if amount_wei > 0:
            self._earnings[account] += amount_wei
            log IInferencePayments.OwnerCredited(account=account, adapter_id=adapter_id, amount_wei=amount_wei)


@internal
def _distribute(parts: fee_split.Parts, reward_epoch: uint256):
    """
    @dev Moves a batch's parts out; the owner part stays here as earnings.
    """
    token: IERC20 = IERC20(deposits.OPEN_TOKEN)
    treasury_wei: uint256 = fee_split._treasury_wei(parts)
    assert extcall token.transfer(DISTRIBUTOR, parts.contributors_wei), "payments: contributors not paid"
    booked_in: uint256 = extcall IRewardDistributor(DISTRIBUTOR).accrue(parts.contributors_wei)
    # the events of the vouchers have named the epoch
    assert booked_in == reward_epoch, "payments: accrued in another epoch"
    # for this batch alone: no standing allowance for anyone to draw on
    assert extcall token.approve(STAKED_OPEN, parts.stakers_wei), "payments: stakers not approved"
    extcall IStakedOpen(STAKED_OPEN).add_reward(parts.stakers_wei)
    assert extcall token.transfer(TREASURY, treasury_wei), "payments: treasury not paid"
    extcall IBurnable(deposits.OPEN_TOKEN).burn(parts.burn_wei)
    log IInferencePayments.FeeSplit(
        reward_epoch=reward_epoch,
        amount_wei=parts.amount_wei,
        owner_wei=parts.owner_wei,
        contributors_wei=parts.contributors_wei,
        stakers_wei=parts.stakers_wei,
        treasury_wei=treasury_wei,
        burn_wei=parts.burn_wei,
    )


@internal
def _set_split(split: IInferencePayments.Split):
    """
    @dev Checks and stores the split.
    """
    fee_split._check(split)
    self._split = fee_split._pack(split)
    log IInferencePayments.SplitChanged(split=split)
