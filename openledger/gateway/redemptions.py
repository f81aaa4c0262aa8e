"""Redemption: what payers owe is taken from their deposits, up to 32 vouchers for one adapter a transaction."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from eth_account.signers.local import LocalAccount

from chain.client import Block, ChainClient
from chain.errors import Reverted
from chain.typed_data import compact_signature
from openledger.gateway.receipts import ReceiptStore, Tab

MAX_BATCH = 32


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A tab that was redeemed up to its `due_wei`, and what that added."""

    tab: Tab
    amount_wei: int
    transaction_hash: bytes


@dataclass(frozen=True, slots=True)
class Skipped:
    """A tab that could not be redeemed, or not in full, and why."""

    tab: Tab
    reason: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A redemption to be sent: the tab up to what its payer's deposit covers, and what that adds."""

    tab: Tab
    amount_wei: int


class Redeemer:
    """Redeems what is due to one operator; one redemption at a time."""

    def __init__(self, receipts: ReceiptStore, chain: ChainClient, account: LocalAccount) -> None:
        self._receipts = receipts
        self._chain = chain
        self._account = account
        self._lock = threading.Lock()

    def redeem(self) -> tuple[list[Redeemed], list[Skipped]]:
        """Redeem all that is due and can be had.

        A later call goes on where this one ended, whatever happened: the chain says what was redeemed.

        Raises:
            NodeUnavailable: the chain did not answer; some batches may have been redeemed.
        """
        with self._lock:
            block = self._chain.block("latest")
            found = list(self._claims(block))
            redeemed, skipped = [], [item for item in found if isinstance(item, Skipped)]
            for batch in _batches([item for item in found if isinstance(item, Claim)]):
                for item in self._send(batch):
                    if isinstance(item, Redeemed):
                        redeemed.append(item)
                    else:
                        skipped.append(item)
            return redeemed, skipped

    def _claims(self, block: Block) -> Iterator[Claim | Skipped]:
        """What to redeem at a block; a batch is all or nothing, so each claim must hold beside the others."""
        left: dict[str, int] = {}
        for tab in self._receipts.tabs(operator=self._account.address):
            voucher = tab.voucher
            redeemed = self._call("redeemed_of", block, voucher.payer, voucher.operator, voucher.adapter_id)
            if tab.due_wei <= redeemed:
                continue
            if voucher.expiry < block.timestamp:
                yield Skipped(tab, f"its voucher expired at {voucher.expiry}, it is {block.timestamp}")
                continue
            if voucher.payer not in left:
                left[voucher.payer] = self._call("balance_of", block, voucher.payer)
            try:
                compact_signature(tab.signature)
            except ValueError as error:
                yield Skipped(tab, f"its voucher's {error}")
                continue
            # what is redeemed must end where a receipt ends
            due = self._receipts.covered(tab, up_to_wei=min(tab.due_wei, redeemed + left[voucher.payer]))
            if due < tab.due_wei:
                yield Skipped(tab, f"the deposit covers {max(due, redeemed)} wei of it")
            if due > redeemed:
                left[voucher.payer] -= due - redeemed
                yield Claim(replace(tab, due_wei=due), due - redeemed)

    def _call(self, function: str, block: Block, *args: Any) -> int:
        return int(self._chain.call("InferencePayments", function, *args, block=block.number))

    def _send(self, claims: Sequence[Claim]) -> list[Redeemed | Skipped]:
        try:
            adapter_id, redemptions = claims[0].tab.voucher.adapter_id, [_argument(claim.tab) for claim in claims]
            sent = self._chain.send(self._account, "InferencePayments", "redeem", adapter_id, redemptions)
        except Reverted as error:
            if len(claims) == 1:
                return [Skipped(claims[0].tab, error.reason)]
            # one bad voucher undoes its whole batch; alone, each of the others still is good
            return [item for claim in claims for item in self._send([claim])]
        return [Redeemed(claim.tab, claim.amount_wei, sent.transaction_hash) for claim in claims]


def _batches(claims: Sequence[Claim]) -> Iterator[Sequence[Claim]]:
    """Claims as they can be sent together: of one adapter, at most 32."""

    def adapter_id(claim: Claim) -> int:
        return claim.tab.voucher.adapter_id

    for _, group in groupby(sorted(claims, key=adapter_id), key=adapter_id):
        of_adapter = list(group)
        for start in range(0, len(of_adapter), MAX_BATCH):
            yield of_adapter[start : start + MAX_BATCH]


def _argument(tab: Tab) -> tuple[Any, ...]:
    """The Redemption struct of IInferencePayments."""
    voucher = tab.voucher
    return voucher.payer, voucher.cumulative_wei, voucher.expiry, tab.due_wei, *compact_signature(tab.signature)
