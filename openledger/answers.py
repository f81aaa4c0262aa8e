"""Paying for answers: deposit, ask, redeem."""

from __future__ import annotations

from dataclasses import dataclass

from eth_account.signers.local import LocalAccount

from openledger.errors import AppError
from openledger.gateway.client import GatewayClient
from openledger.market import Market
from openledger.secrets_file import secrets_of


@dataclass(frozen=True, slots=True)
class Bought:
    """An answer, its fee in wei, and the id of its receipt (None for an answer that cost nothing)."""

    answer: str
    fee_wei: int
    receipt_id: bytes | None


def deposit(market: Market, payer: LocalAccount, amount_wei: int) -> int:
    """Put OPEN into the payments contract for answers to come; returns the deposit in wei."""
    held = market.chain.call("OpenToken", "balanceOf", payer.address)
    if held < amount_wei:
        raise AppError(f"{payer.address} holds {held} wei of OPEN; expected at least {amount_wei}; deposit less")
    market.chain.send(payer, "OpenToken", "approve", market.address("InferencePayments"), amount_wei)
    market.chain.send(payer, "InferencePayments", "deposit", payer.address, amount_wei)
    return int(market.chain.call("InferencePayments", "balance_of", payer.address))


def ask(
    market: Market,
    payer: LocalAccount,
    *,
    adapter_id: int,
    prompt: str,
    max_tokens: int,
    is_public: bool,
    limit_wei: int | None = None,
) -> Bought:
    """Pay for one answer. Raises `GatewayRefused` with the rule that was broken, for instance an overdrawn deposit."""
    with GatewayClient(market.addresses.gateway_url, chain=market.chain, payer=payer) as gateway:
        paid = gateway.ask(
            adapter_id=adapter_id, prompt=prompt, max_tokens=max_tokens, is_public=is_public, limit_wei=limit_wei
        )
    receipt_id = bytes.fromhex(paid.receipt["receipt_id"][2:]) if paid.receipt else None
    return Bought(paid.answer, paid.fee_wei, receipt_id)


def redeem(market: Market, payer: LocalAccount) -> dict[str, object]:
    """Have the operator of this installation redeem what it is due; returns what was redeemed and what was skipped."""
    token = secrets_of(market.home.secrets).operator_token
    with GatewayClient(market.addresses.gateway_url, chain=market.chain, payer=payer) as gateway:
        return gateway.redeem(operator_token=token)
