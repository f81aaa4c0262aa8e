"""The books of a reward epoch, read from what moved on chain: transfers of OPEN, credits, redemptions."""

from __future__ import annotations

from chain.client import EventLog
from openledger.demo.outcome import BalanceSheet
from openledger.market import Market

_BURNED = "0x0000000000000000000000000000000000000000"


def balance_sheet(market: Market, reward_epoch: int) -> BalanceSheet:
    """Where the fees redeemed in a reward epoch went.

    Fees come from `VoucherRedeemed`, the owner's part from `OwnerCredited`, everything else from the token's own
    `Transfer` events in the same transactions, so the sheet balances only if the money really moved so.
    """
    redeemed = _events(market, "InferencePayments", "VoucherRedeemed")
    mine = [log for log in redeemed if log["args"]["reward_epoch"] == reward_epoch]
    transactions = {log["transaction_hash"] for log in mine}
    credited = _events(market, "InferencePayments", "OwnerCredited")
    paid_to = _paid_from_payments(market, transactions)
    remainder = _remainder(market, reward_epoch)
    pool = paid_to.get(market.address("RewardDistributor"), 0)
    return BalanceSheet(
        fees_wei=sum(log["args"]["amount_wei"] for log in mine),
        owner_wei=sum(log["args"]["amount_wei"] for log in credited if log["transaction_hash"] in transactions),
        contributors_wei=pool - remainder,
        remainder_wei=remainder,
        stakers_wei=paid_to.get(market.address("StakedOpen"), 0),
        treasury_wei=paid_to.get(market.address("Timelock"), 0),
        burned_wei=paid_to.get(_BURNED, 0),
    )


def _paid_from_payments(market: Market, transactions: set[bytes]) -> dict[str, int]:
    """What the payments contract sent to whom in some transactions, in wei by receiver."""
    paid: dict[str, int] = {}
    for log in _transfers(market, sender=market.address("InferencePayments")):
        if log["transaction_hash"] in transactions:
            receiver, amount = _receiver_and_amount(log)
            paid[receiver] = paid.get(receiver, 0) + amount
    return paid


def _remainder(market: Market, reward_epoch: int) -> int:
    """What the distributor sent to the treasury when the root of the reward epoch became final."""
    final = [
        log["transaction_hash"]
        for log in _events(market, "RewardDistributor", "RootFinalized")
        if log["args"]["reward_epoch"] == reward_epoch
    ]
    sent = _transfers(market, sender=market.address("RewardDistributor"))
    return sum(
        amount
        for receiver, amount in (_receiver_and_amount(log) for log in sent if log["transaction_hash"] in final)
        if receiver == market.address("Timelock")
    )


def _transfers(market: Market, *, sender: str) -> list[EventLog]:
    return [log for log in _events(market, "OpenToken", "Transfer") if next(iter(log["args"].values())) == sender]


def _receiver_and_amount(log: EventLog) -> tuple[str, int]:
    _, receiver, amount = log["args"].values()
    return str(receiver), int(amount)


def _events(market: Market, contract: str, event: str) -> list[EventLog]:
    return market.chain.events(contract, event, from_block=market.deployed_at())
