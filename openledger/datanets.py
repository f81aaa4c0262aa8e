"""Datanets as their owners see them: their limits and review terms, their creation, their review budget."""

from __future__ import annotations

import tomllib
from dataclasses import astuple, dataclass

from eth_account.signers.local import LocalAccount

from content.canonical import canonical_json
from content.cid import digest_of
from content.formats import Modality
from openledger.errors import AppError
from openledger.market import PROJECT_ROOT, Market


@dataclass(frozen=True, slots=True)
class Limits:
    """A Datanet's limits, in the order of the contract's struct; days are rolling windows of 24 hours."""

    contributor_bytes_per_day: int
    datanet_bytes_per_day: int
    contributor_files_per_day: int
    file_bytes: int


@dataclass(frozen=True, slots=True)
class Terms:
    """How a Datanet's contributions are reviewed, for ever, in the order of the contract's struct.

    Attributes:
        committee_size: seats drawn for a contribution's first round, odd, 3 to 15.
        review_fee_wei: paid for every seat that reveals its vote.
        review_reward_wei: what a seat's vote can earn besides, and a fifth of what a wrong one can cost.
    """

    committee_size: int
    review_fee_wei: int
    review_reward_wei: int


def default_rules() -> tuple[Limits, Terms]:
    """The limits and the review terms that configs/protocol.toml offers."""
    table = tomllib.loads((PROJECT_ROOT / "configs" / "protocol.toml").read_text(encoding="utf-8"))["datanet"]
    limits, terms = ({name: int(value) for name, value in table[part].items()} for part in ("limits", "terms"))
    return Limits(**limits), Terms(**terms)


def create_datanet(
    market: Market,
    owner: LocalAccount,
    *,
    name: str,
    description: str,
    modality: Modality,
    formats: int,
    terms: Terms,
    limits: Limits,
) -> int:
    """Create a Datanet of one modality; returns its id. `formats` is the bit mask of docs/formats.md."""
    if not name.strip():
        raise AppError("the Datanet has no name; expected a few words; pass --name")
    # chain facts live on chain; a name and a description only have to be retrievable
    metadata = market.store.put(canonical_json({"description": description, "name": name}))
    market.store.pin(metadata)
    receipt = market.chain.send(
        owner,
        "DatanetRegistry",
        "create_datanet",
        int(modality),
        formats,
        astuple(terms),
        astuple(limits),
        digest_of(metadata)[0],
    )
    return int(market.event_of(receipt, "DatanetRegistry", "DatanetCreated")["args"]["datanet_id"])


def fund_reviews(market: Market, payer: LocalAccount, *, datanet_id: int, amount_wei: int) -> int:
    """Add OPEN to what a Datanet's reviews are paid from; returns the budget in wei."""
    market.pay(payer, "ReviewCourt", amount_wei, what=f"the review budget of Datanet {datanet_id}")
    market.chain.send(payer, "ReviewCourt", "fund", datanet_id, amount_wei)
    return int(market.chain.call("ReviewCourt", "budget", datanet_id))
