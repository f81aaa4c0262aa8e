"""The end of a reward epoch as its users see it: final roots and claims; and the clock of a development chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from chain.node import DEV_CHAIN_ID
from openledger.errors import AppError
from openledger.market import Market

POSTED, CHALLENGED, FINAL, VOID = 1, 2, 4, 8
_HTTP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Claim:
    """What an account may claim under a final root, with its proof."""

    reward_epoch: int
    account: str
    cumulative_wei: int
    index: int
    proof: tuple[bytes, ...]


def advance_time(market: Market, seconds: int) -> None:
    """Move the clock of a development chain forward and mine past finality. Raises `AppError` on any other chain."""
    if market.chain.chain_id != DEV_CHAIN_ID:
        raise AppError(
            f"time was to be moved on chain {market.chain.chain_id}; expected the development chain {DEV_CHAIN_ID}; "
            "wait instead"
        )
    market.chain.rpc("evm_increaseTime", max(0, seconds))
    market.chain.rpc("anvil_mine", hex(4))


def advance_past(market: Market, timestamp: int) -> None:
    """Move the clock of a development chain just past a point in time, unless it is past it already."""
    now = market.chain.block("latest").timestamp
    if now <= timestamp:
        advance_time(market, timestamp + 1 - now)


def challenge_window_end(market: Market, reward_epoch: int) -> int:
    """When the root of a reward epoch can be made final (block time in seconds)."""
    posted_at = _root(market, reward_epoch).posted_at
    return int(posted_at + market.chain.call("RewardDistributor", "CHALLENGE_WINDOW_SECONDS"))


def finalize_all(market: Market, sender: LocalAccount) -> list[int]:
    """Make every root final whose window is over, in order; returns the reward epochs."""
    final: list[int] = []
    now = market.chain.block("latest").timestamp
    last_posted = market.chain.call("RewardDistributor", "last_posted_epoch")
    for epoch in range(market.chain.call("RewardDistributor", "last_final_epoch") + 1, last_posted + 1):
        status = _root(market, epoch).status
        if status == 0 or status == VOID:
            continue
        if status != POSTED or now <= challenge_window_end(market, epoch):
            break  # later roots build on this one
        market.chain.send(sender, "RewardDistributor", "finalize", epoch)
        final.append(epoch)
    return final


def claim_of(market: Market, account: str) -> Claim | None:
    """The proof of an account under the last final root, from the indexer; None when it has no leaf there."""
    epoch = market.chain.call("RewardDistributor", "last_final_epoch")
    if epoch == 0:
        raise AppError(
            'no reward root is final yet; expected one whose challenge window is over; see "openledger status"'
        )
    url = f"{market.addresses.indexer_url}/epochs/{epoch}/proofs/{account}"
    try:
        answer = httpx.get(url, timeout=_HTTP_SECONDS)
    except httpx.HTTPError as error:
        raise AppError(f"the indexer did not answer {url} ({error}); is it running? start it and try again") from error
    if answer.status_code == httpx.codes.NOT_FOUND:
        return None
    if answer.is_error:
        raise AppError(f"the indexer answered {answer.status_code} to {url}: {answer.text[:200]}; try again")
    return _claim(epoch, account, answer.json())


def claim(market: Market, sender: LocalAccount, account: str) -> int:
    """Claim everything for `account`, whoever pays the gas; returns the wei paid, 0 when nothing is due."""
    found = claim_of(market, account)
    if found is None:
        return 0
    due_wei = found.cumulative_wei - int(market.chain.call("RewardDistributor", "claimed", account))
    if due_wei > 0:
        arguments = (account, found.cumulative_wei, found.index, list(found.proof))
        market.chain.send(sender, "RewardDistributor", "claim", *arguments)
    return max(0, due_wei)


def _root(market: Market, reward_epoch: int) -> Any:
    """The distributor's record of a root, its fields by name."""
    return market.chain.call("RewardDistributor", "root", reward_epoch)


def _claim(epoch: int, account: str, answer: dict[str, Any]) -> Claim:
    try:
        proof = tuple(bytes.fromhex(node.removeprefix("0x")) for node in answer["proof"])
        return Claim(epoch, to_checksum_address(account), int(answer["cumulative_wei"]), int(answer["index"]), proof)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AppError(
            f"the indexer's proof for {account} is not readable ({error!r}); expected index, amount and nodes"
        ) from error
