"""Validators: their seats, their stake, what they earned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eth_account.signers.local import LocalAccount

from content.formats import Modality
from openledger.errors import AppError
from openledger.market import Market

_MAX_LEAVING = 32


def join(market: Market, validator: LocalAccount, *, modality: Modality, seats: int) -> int:
    """Take seats of one modality, each with its stake; returns the id of the first."""
    amount_wei = seats * int(market.chain.call("ValidatorPool", "SEAT_WEI"))
    market.pay(validator, "ValidatorPool", amount_wei, what=f"{seats} seat(s)")
    receipt = market.chain.send(validator, "ValidatorPool", "join", int(modality), seats)
    return int(market.event_of(receipt, "ValidatorPool", "Joined")["args"]["first_seat_id"])


def seats_of(market: Market, validator: str) -> list[int]:
    """The ids of the seats that a validator has now, in order."""
    joined = market.events("ValidatorPool", "Joined", validator=validator)
    taken = (log["args"] for log in joined)
    ids = (each["first_seat_id"] + offset for each in taken for offset in range(each["seat_count"]))
    return sorted(seat for seat in ids if market.chain.call("ValidatorPool", "is_seated", seat))


def leave(market: Market, validator: LocalAccount) -> int:
    """Give up every seat; returns when the stake can be withdrawn (block time in seconds)."""
    seats = seats_of(market, validator.address)
    if not seats:
        raise AppError(f'{validator.address} has no seat; expected some; take them with "openledger validator join"')
    for batch in _batches(seats, _MAX_LEAVING):
        market.chain.send(validator, "ValidatorPool", "leave", batch)
    _, ready_at = market.chain.call("ValidatorPool", "leaving_of", validator.address)
    return int(ready_at)


def collect(market: Market, validator: LocalAccount) -> int:
    """Have everything paid out that is free: what reviews earned, and stake whose cooldown is over; the wei."""
    earned_wei = int(market.chain.call("ReviewCourt", "earnings", validator.address))
    if earned_wei:
        market.chain.send(validator, "ReviewCourt", "withdraw_earnings", validator.address)
    leaving_wei, ready_at = market.chain.call("ValidatorPool", "leaving_of", validator.address)
    is_free = leaving_wei > 0 and market.chain.block("latest").timestamp >= ready_at
    if is_free:
        market.chain.send(validator, "ValidatorPool", "withdraw")
    return earned_wei + (int(leaving_wei) if is_free else 0)


def _batches(items: Sequence[int], size: int) -> Iterator[list[int]]:
    return (list(items[start : start + size]) for start in range(0, len(items), size))
