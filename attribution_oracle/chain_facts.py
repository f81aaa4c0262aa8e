"""The facts of a reward epoch from event logs, whoever hands them over.

Logs up to a finalized block are all that is read, never old state: any full node can answer, an archive is not needed.
`RpcEvents` trusts one node of one's own and no indexer; `attribution_oracle.reader.IndexerEvents` asks the indexer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Protocol

from attribution_oracle.errors import EpochNotReady, SourceLied
from attribution_oracle.facts import (
    AdapterFact,
    Addresses,
    ContributionFact,
    EpochFacts,
    PinnedBlock,
    PreviousRoot,
    Redemption,
    covered_epochs,
)
from chain.client import BlockName, ChainClient
from chain.contracts import Deployment
from chain.errors import DeploymentMissing

# the arguments of an event by name, with the block number and log index that order it
Log = dict[str, Any]


class EventSource(Protocol):
    """Where event logs come from."""

    def logs(self, contract: str, event: str) -> list[Log]:
        """All logs of an event in chain order: integers as int, bytes as bytes, addresses checksummed."""

    def finalized(self) -> PinnedBlock:
        """The newest finalized block."""


class RpcEvents:
    """Event logs straight from a node."""

    def __init__(self, client: ChainClient) -> None:
        self._client = client

    def logs(self, contract: str, event: str) -> list[Log]:
        """All logs of an event in chain order."""
        logs = self._client.events(contract, event, from_block=_deployment(self._client).block_number)
        return [{**log["args"], "block_number": log["block_number"], "log_index": log["log_index"]} for log in logs]

    def finalized(self) -> PinnedBlock:
        """The newest block that the node calls finalized."""
        return pinned_block(self._client, "finalized")


def read_facts(
    client: ChainClient,
    reward_epoch: int,
    *,
    source: EventSource | None = None,
    block: PinnedBlock | None = None,
    before: Log | None = None,
) -> EpochFacts:
    """The facts of `reward_epoch` before the first block past its end, from `source` (default: the client's node).

    `block` is that block as evidence names it; it is then checked.

    `before` is a `RootPosted` log: the previous root and the attempt are those just before it. Without it they are
    those of now.

    Raises:
        EpochNotReady: that block is not finalized yet.
        SourceLied: `block` is not on this chain, or not the first past the end.
    """
    events = source or RpcEvents(client)
    end = int(client.call("RewardDistributor", "epoch_end", reward_epoch))
    pinned = block or _first_past(client, end, events.finalized())
    _check_block(client, pinned, end)
    previous, attempt = _roots_before(events, reward_epoch, before)
    covered = covered_epochs(reward_epoch, previous)
    redemptions = _redemptions(events, covered, pinned)
    return EpochFacts(
        chain_id=client.chain_id,
        addresses=addresses_of(client),
        reward_epoch=reward_epoch,
        attempt=attempt,
        block=pinned,
        accrued_wei=_accrued(events, covered, pinned),
        previous=previous,
        redemptions=redemptions,
        adapters=_adapters(events, {redemption.adapter_id for redemption in redemptions}, pinned),
        contributions=_contributions(events, pinned),
    )


def addresses_of(client: ChainClient) -> Addresses:
    """The addresses of the deployment that `client` talks to."""
    address = _deployment(client).address
    return Addresses(
        distributor=address("RewardDistributor"),
        payments=address("InferencePayments"),
        datanets=address("DatanetRegistry"),
        models=address("ModelRegistry"),
    )


def pinned_block(client: ChainClient, number: BlockName) -> PinnedBlock:
    """A block of the node's chain."""
    block = client.block(number)
    return PinnedBlock(number=block.number, block_hash=bytes(block.hash), timestamp=block.timestamp)


def post_of(client: ChainClient, reward_epoch: int) -> Log | None:
    """The latest `RootPosted` log of a reward epoch, or None."""
    posts = RpcEvents(client).logs("RewardDistributor", "RootPosted")
    return next((post for post in reversed(posts) if post["reward_epoch"] == reward_epoch), None)


def root_before(client: ChainClient, post: Log) -> PreviousRoot | None:
    """The root that a posted one builds on, or None for the first."""
    return _roots_before(RpcEvents(client), post["reward_epoch"], post)[0]


def _first_past(client: ChainClient, end: int, finalized: PinnedBlock) -> PinnedBlock:
    """The first block later than `end`, by bisection up to the finalized one.

    Later, and not as late: the second `end` may hold several blocks, and `was_accepted` looks at its last moment.
    The first and not the newest: an oracle that is started again, after signers have signed, comes to the same bytes,
    and nobody can choose a block that suits them.
    """
    if finalized.timestamp <= end:
        raise EpochNotReady(
            f"the reward epoch ends at {end}; the finalized block {finalized.number} is of {finalized.timestamp}: wait "
            "until a block past the end is finalized"
        )
    low, high = _deployment(client).block_number, finalized.number
    while low < high:
        middle = (low + high) // 2
        if client.block(middle).timestamp <= end:
            low = middle + 1
        else:
            high = middle
    return pinned_block(client, low)


def _check_block(client: ChainClient, block: PinnedBlock, end: int) -> None:
    """The block is finalized on the node's own chain and the first past the end."""
    if block.number > client.block("finalized").number:
        raise EpochNotReady(f"block {block.number} is not finalized yet; wait for it and try again")
    found = pinned_block(client, block.number)
    if found != block:
        raise SourceLied(
            f"block {block.number} is 0x{found.block_hash.hex()} at {found.timestamp} here; it was said to be "
            f"0x{block.block_hash.hex()} at {block.timestamp}: that is another chain, or fork"
        )
    if not client.block(block.number - 1).timestamp <= end < block.timestamp:
        raise SourceLied(f"block {block.number} is not the first past the reward epoch's end at {end}: pin that one")


def _accrued(events: EventSource, covered: range, block: PinnedBlock) -> int:
    logs = _before(block, events.logs("RewardDistributor", "Accrued"))
    return sum(log["amount_wei"] for log in logs if log["reward_epoch"] in covered)


def _redemptions(events: EventSource, covered: range, block: PinnedBlock) -> tuple[Redemption, ...]:
    logs = _before(block, events.logs("InferencePayments", "VoucherRedeemed"))
    redemptions = (
        Redemption(
            payer=log["payer"],
            operator=log["operator"],
            adapter_id=log["adapter_id"],
            due_wei=log["due_wei"],
            amount_wei=log["amount_wei"],
            contributors_wei=log["contributors_wei"],
        )
        for log in logs
        if log["reward_epoch"] in covered
    )
    return tuple(sorted(redemptions, key=lambda redemption: redemption.order))


def _adapters(events: EventSource, wanted: Iterable[int], block: PinnedBlock) -> dict[int, AdapterFact]:
    bases = _by(_before(block, events.logs("ModelRegistry", "BaseRegistered")), "base_id")
    adapters = _by(_before(block, events.logs("ModelRegistry", "AdapterRegistered")), "adapter_id")
    snapshots = _snapshots(_before(block, events.logs("DatanetRegistry", "SnapshotRecorded")))
    return {
        adapter_id: AdapterFact(
            adapter_id=adapter_id,
            base_weights_digest=bytes(bases[adapters[adapter_id]["base_id"]]["weights_digest"]),
            weights_digest=bytes(adapters[adapter_id]["weights_digest"]),
            manifest_digest=bytes(adapters[adapter_id]["manifest_digest"]),
            snapshots=tuple(
                (bytes(root), tuple(snapshots[bytes(root)])) for root in adapters[adapter_id]["dataset_roots"]
            ),
        )
        for adapter_id in sorted(wanted)
    }


def _snapshots(logs: Iterable[Log]) -> dict[bytes, list[bytes]]:
    """The digests that were recorded for each dataset root, each once, in order."""
    digests: defaultdict[bytes, list[bytes]] = defaultdict(list)
    for log in logs:
        if bytes(log["manifest_digest"]) not in digests[bytes(log["dataset_root"])]:
            digests[bytes(log["dataset_root"])].append(bytes(log["manifest_digest"]))
    return digests


def _contributions(events: EventSource, block: PinnedBlock) -> dict[int, ContributionFact]:
    reveals = _by(_before(block, events.logs("DatanetRegistry", "Contributed")), "contribution_id")
    verdicts = _by(_before(block, events.logs("DatanetRegistry", "Resolved")), "contribution_id")
    withdrawn = _by(_before(block, events.logs("DatanetRegistry", "Withdrawn")), "contribution_id")
    return {
        contribution_id: ContributionFact(
            contribution_id=contribution_id,
            contributor=reveals[contribution_id]["contributor"],
            digest=bytes(reveals[contribution_id]["digest"]),
            codec=reveals[contribution_id]["codec"],
            canonical_hash=bytes(reveals[contribution_id]["canonical_hash"]),
            byte_count=reveals[contribution_id]["byte_count"],
            format=reveals[contribution_id]["format"],
            commit_block=reveals[contribution_id]["commit_block"],
            score=verdict["score"],
            is_withdrawn=contribution_id in withdrawn,
        )
        for contribution_id, verdict in sorted(verdicts.items())
        if verdict["is_accepted"]
    }


def _roots_before(events: EventSource, reward_epoch: int, before: Log | None) -> tuple[PreviousRoot | None, int]:
    posts = events.logs("RewardDistributor", "RootPosted")
    voids = {(log["reward_epoch"], log["attempt"]): log for log in events.logs("RewardDistributor", "RootVoided")}
    past = [post for post in posts if before is None or _place(post) < _place(before)]
    standing = [
        post
        for post in past
        if post["reward_epoch"] < reward_epoch
        and not _is_void(voids.get((post["reward_epoch"], post["attempt"])), before)
    ]
    attempt = sum(post["reward_epoch"] == reward_epoch for post in past)
    return (_previous(max(standing, key=lambda post: post["reward_epoch"])) if standing else None), attempt


def _is_void(void: Log | None, before: Log | None) -> bool:
    return void is not None and (before is None or _place(void) < _place(before))


def _previous(post: Log) -> PreviousRoot:
    return PreviousRoot(
        reward_epoch=post["reward_epoch"],
        root=bytes(post["root"]),
        total_wei=post["total_wei"],
        leaf_count=post["leaf_count"],
        evidence_digest=bytes(post["evidence_digest"]),
    )


def _before(block: PinnedBlock, logs: Iterable[Log]) -> list[Log]:
    return [log for log in logs if log["block_number"] < block.number]


def _deployment(client: ChainClient) -> Deployment:
    if client.deployment is None:
        raise DeploymentMissing("the oracle was given a client without a deployment; pass one to ChainClient")
    return client.deployment


def _by(logs: Iterable[Log], field: str) -> dict[Any, Log]:
    return {log[field]: log for log in logs}


def _place(log: Log) -> tuple[int, int]:
    return log["block_number"], log["log_index"]
