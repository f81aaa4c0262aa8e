"""Sales: a base and an adapter on record, a payer's deposit, and vouchers redeemed with compact signatures."""

from collections.abc import Callable
from hashlib import sha256
from itertools import count

from tests.e2e.rpc.governing import SPLIT_BPS
from tests.e2e.rpc.signing import VOUCHER, compact, sign
from tests.e2e.rpc.stage import OPEN, Sale, Stage

DEPOSIT_WEI = 1_000 * OPEN
# an odd amount, so that every part is rounded
FEE_WEI = 60 * OPEN + 7
ROYALTY_BPS = 500
# wei for 1,000 tokens that go in, and that come out
PRICES = (OPEN // 1_000, OPEN // 500)


def register_models(stage: Stage) -> None:
    """Anyone registers a base, and an adapter that was trained on the snapshot."""
    models, builder = stage["ModelRegistry"], stage.builder
    licence = sha256(b"Apache-2.0").digest()
    base = (sha256(b"base weights").digest(), sha256(b"base manifest").digest(), licence)
    base_id = models.event("BaseRegistered", models.send(builder, "register_base", *base))["base_id"]
    assert tuple(models.read("base", base_id).values()) == (builder.address.lower(), *base)
    stage.weights_digest = sha256(b"adapter weights").digest()
    digests = (stage.weights_digest, sha256(b"adapter manifest").digest(), licence)
    receipt = models.send(builder, "register_adapter", base_id, 0, *digests, [stage.dataset_root], ROYALTY_BPS, *PRICES)
    registered = models.event("AdapterRegistered", receipt)
    stage.adapter_id = registered["adapter_id"]
    assert (registered["dataset_roots"], registered["licence_digest"]) == ([stage.dataset_root], licence)
    assert models.read("is_operator", stage.adapter_id, builder.address)
    assert models.read("quote", stage.adapter_id, 2_000, 1_000) == 2 * PRICES[0] + PRICES[1]


def deposit_payments(stage: Stage) -> None:
    """A payer puts down what their vouchers draw on."""
    payments, payer = stage["InferencePayments"], stage.payer
    stage.approve(payer, "InferencePayments", DEPOSIT_WEI)
    receipt = payments.send(payer, "deposit", payer.address, DEPOSIT_WEI)
    assert payments.event("Deposited", receipt)["amount_wei"] == DEPOSIT_WEI
    assert payments.read("balance_of", payer.address) == DEPOSIT_WEI == stage.balance(payments)


def redeem(stage: Stage) -> None:
    """The payer signs a ceiling, the operator takes what is due, and the fee goes where governance decided."""
    payments, distributor = stage["InferencePayments"], stage["RewardDistributor"]
    payer, operator = stage.payer, stage.builder
    due_wei = payments.read("redeemed_of", payer.address, operator.address, stage.adapter_id) + FEE_WEI
    # the bit of a compact signature is 0 in the first sale and 1 in the second
    ceiling_wei, expiry, signature = _voucher(stage, due_wei + 40 * OPEN, v=27 + len(stage.sales))
    before_wei = payments.read("balance_of", payer.address)
    held_wei, earned_wei = stage.balance(distributor), payments.read("earnings_of", operator.address)
    redemption = (payer.address, ceiling_wei, expiry, due_wei, *compact(signature))
    receipt = payments.send(operator, "redeem", stage.adapter_id, [redemption])
    redeemed, split = payments.event("VoucherRedeemed", receipt), payments.event("FeeSplit", receipt)
    owner_bps, contributors_bps, stakers_bps, _, burn_bps = SPLIT_BPS
    owner_wei, contributors_wei, stakers_wei, burn_wei = (
        FEE_WEI * bps // 10_000 for bps in (owner_bps, contributors_bps, stakers_bps, burn_bps)
    )
    assert (redeemed["due_wei"], redeemed["amount_wei"]) == (due_wei, FEE_WEI)
    assert redeemed["contributors_wei"] == contributors_wei == stage.balance(distributor) - held_wei
    assert (split["owner_wei"], split["stakers_wei"], split["burn_wei"]) == (owner_wei, stakers_wei, burn_wei)
    assert payments.read("balance_of", payer.address) == before_wei - FEE_WEI
    assert payments.read("earnings_of", operator.address) == earned_wei + owner_wei
    stage.sales.append(Sale(redeemed["reward_epoch"], FEE_WEI, due_wei, contributors_wei))


def pay_earnings(stage: Stage) -> None:
    """The adapter's owner gets the owner part, and the stakers theirs."""
    payments, staked, builder = stage["InferencePayments"], stage["StakedOpen"], stage.builder
    owed_wei, before_wei = payments.read("earnings_of", builder.address), stage.balance(builder)
    payments.send(stage.auditor, "pay_earnings", builder.address)
    assert stage.balance(builder) - before_wei == owed_wei > 0
    stakers_wei, before_wei = staked.read("earned", stage.staker.address), stage.balance(stage.staker)
    staked.send(stage.staker, "claim_reward")
    assert stage.balance(stage.staker) - before_wei == stakers_wei > 0


def _voucher(stage: Stage, least_wei: int, *, v: int) -> tuple[int, int, bytes]:
    """Ceiling, expiry and signature of a voucher whose signature has this v: about every second ceiling has it."""
    expiry = stage.node.now + 3_600
    for ceiling_wei in count(least_wei):
        values = (stage.payer.address, stage.builder.address, stage.adapter_id, ceiling_wei, expiry)
        signature = sign(stage.payer, stage["InferencePayments"], "Voucher", VOUCHER, values)
        if signature[64] == v:
            return ceiling_wei, expiry, signature
    raise AssertionError("unreachable: there is always another ceiling")


STEPS: tuple[Callable[[Stage], None], ...] = (
    register_models,
    deposit_payments,
    redeem,
    pay_earnings,
)
