"""Vouchers redeemed in a batch of 32, each of its own payer, once everything has been used before."""

from collections.abc import Iterator
from dataclasses import astuple

from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3.contract import Contract

from benchmarks.anchors.solidity import ROOT
from benchmarks.gas.bench import Bench, Row
from benchmarks.gas.registry import LIMITS
from chain.parameters import read_parameters
from chain.typed_data import Voucher, compact_signature, sign_digest, voucher_digest

BATCH = 32
_FEE_WEI = 3 * 10**15
_FOREVER = 2**63
_ROOT = bytes([9]) * 32


def rows(bench: Bench) -> Iterator[Row]:
    """Gas a voucher: of a full batch, of a batch of one, and of the first batch ever."""
    payments, adapter_id = _payments(bench)
    payers: list[LocalAccount] = [Account.from_key((1_000_000 + number).to_bytes(32, "big")) for number in range(BATCH)]
    token = bench.web3.eth.contract(
        address=payments.functions.OPEN_TOKEN().call(), abi=bench.vyper("OpenToken", bench.accounts[8]).abi
    )
    bench.gas(token.functions.approve(payments.address, 2**256 - 1), bench.accounts[1])
    for payer in payers:
        bench.gas(payments.functions.deposit(payer.address, 10**20), bench.accounts[1])

    def redeem(count: int, round_number: int) -> int:
        batch = [_redemption(bench, payments, adapter_id, payer, round_number * _FEE_WEI) for payer in payers[:count]]
        bench.warp(60)
        return bench.gas(payments.functions.redeem(adapter_id, batch), bench.accounts[7])

    first = redeem(BATCH, 1)
    again = redeem(BATCH, 2)
    alone = redeem(1, 3)
    yield Row(f"voucher redeem, each in a batch of {BATCH}", {}, -(-again // BATCH), 25_000)
    yield Row("voucher redeem, alone", {}, alone)
    yield Row(f"voucher redeem, each in a batch of {BATCH}, first of their payers", {}, -(-first // BATCH))


def _redemption(
    bench: Bench, payments: Contract, adapter_id: int, payer: LocalAccount, due_wei: int
) -> tuple[str, int, int, int, bytes, bytes]:
    # as a payer signs it: a ceiling for some more answers to come
    voucher = Voucher(payer.address, bench.accounts[7], adapter_id, due_wei + 10**18, _FOREVER)
    digest = voucher_digest(voucher, chain_id=bench.node.chain_id, contract=payments.address)
    r, vs = compact_signature(sign_digest(digest, bytes(payer.key)))
    return payer.address, voucher.cumulative_wei, voucher.expiry, due_wei, r, vs


def _payments(bench: Bench) -> tuple[Contract, int]:
    """Payments with all that they pay into, and an adapter with a parent; a staker, so that rewards are shared."""
    parameters = read_parameters(ROOT / "configs" / "protocol.toml")
    holder, treasury = bench.accounts[1], bench.accounts[5]
    token = bench.vyper("OpenToken", holder)
    staked = bench.vyper("StakedOpen", token.address, parameters.exit_cooldown_seconds)
    registry = bench.vyper("DatanetRegistry", token.address, treasury, parameters.deposit_wei, bench.deployer)
    models = bench.vyper("ModelRegistry", registry.address)
    rewards = astuple(parameters.rewards)
    distributor = bench.vyper("RewardDistributor", token.address, treasury, bench.deployer, *rewards)
    payments = bench.vyper(
        "InferencePayments",
        token.address,
        models.address,
        staked.address,
        distributor.address,
        treasury,
        bench.deployer,
        parameters.withdrawal_delay_seconds,
        parameters.split_bps,
    )
    bench.gas(distributor.functions.set_accruer(payments.address))
    bench.gas(token.functions.approve(staked.address, 10**22), holder)
    bench.gas(staked.functions.stake(10**22), holder)
    bench.gas(registry.functions.create_datanet(1, 0b1111, (7, 3 * 10**17, 10**18), LIMITS, _ROOT))
    bench.gas(registry.functions.record_snapshot(1, _ROOT, _ROOT, 1))
    bench.gas(models.functions.register_base(_ROOT, _ROOT, _ROOT))
    bench.gas(models.functions.register_adapter(1, 0, _ROOT, _ROOT, _ROOT, [_ROOT], 1_000, 10**12, 10**12))
    bench.gas(models.functions.register_adapter(1, 1, _ROOT, _ROOT, _ROOT, [_ROOT], 0, 10**12, 10**12))
    bench.gas(models.functions.set_operator(2, bench.accounts[7], True))
    return payments, 2
