"""Evidence that is withheld: its chunks demanded on chain, shown there from the content store, and taken from there.

A demand holds the root until it is answered; unanswered, it makes the root void. Answers are in events, so that whoever
reads the chain has the evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import islice

from eth_account.signers.local import LocalAccount

from attribution_oracle.bonds import approve_bond
from attribution_oracle.chain_facts import Log, RpcEvents
from attribution_oracle.errors import EvidenceInvalid, FileDiffers
from attribution_oracle.evidence import (
    CHUNKED,
    EVIDENCE,
    MAX_BYTES,
    Bundle,
    chunks_by_file,
    read_bundle,
    read_file,
)
from chain.client import ChainClient
from chain.merkle import CHUNK_BYTES
from content.cid import RAW, cid_from_digest
from content.store import ContentStore

_PENDING = (1, 2)  # posted, challenged
_NOBODY = "0x" + 40 * "0"
# lengths and counts are whatever the bundle's author wrote; whoever needs more asks again
_MAX_LISTED = 1_024
_MAX_EVIDENCE_CHUNKS = -(-MAX_BYTES // CHUNK_BYTES)


@dataclass(frozen=True, slots=True)
class OpenDemand:
    """A chunk that somebody waits for. `is_pending` says whether its root can still become void or final."""

    reward_epoch: int
    attempt: int
    chunk_index: int
    demander: str
    deadline: int
    is_pending: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """A demand whose chunk is on chain now."""

    demand: OpenDemand


@dataclass(frozen=True, slots=True)
class NotAnswered:
    """A demand that was left open: `reason` says what is missing here."""

    demand: OpenDemand
    reason: str


@dataclass(frozen=True, slots=True)
class FollowedUp:
    """A demand whose bond was paid out, by `function` of RootDisputes: void_unanswered or settle_demand."""

    demand: OpenDemand
    function: str


def open_demands(client: ChainClient) -> list[OpenDemand]:
    """The demands that are neither answered nor settled, oldest first."""
    return [found for log in RpcEvents(client).logs("RootDisputes", "ChunkDemanded") if (found := _still(client, log))]


def answer_demands(client: ChainClient, account: LocalAccount, store: ContentStore) -> list[Answered | NotAnswered]:
    """Show every chunk that is demanded in time and lies in the store; `account` gets the demanders' bonds.

    Raises ChainError, for instance when somebody else answered first.
    """

    @cache
    def bundle_of(reward_epoch: int) -> Bundle:
        return read_bundle(client.call("RewardDistributor", "root", reward_epoch).evidence_digest, store)

    now = client.block("latest").timestamp
    waiting = [demand for demand in open_demands(client) if demand.is_pending and now < demand.deadline]
    return [_answer(client, account, demand, bundle_of) for demand in waiting]


def missing_chunks(client: ChainClient, post: Log, store: ContentStore) -> tuple[int, ...]:
    """The chunks of the files of a root's evidence that the store does not have, in order, the first 1,024 at most.

    Without evidence.json nobody can say where its files lie, or how long it is itself: then its first chunk that is not
    on chain yet is all that is missing. None either if all chunks that it may have are there and do not make it: then
    what was posted is false, and to be challenged.
    """
    digest, count = post["evidence_digest"], post["evidence_chunk_count"]
    try:
        ranges = chunks_by_file(digest, store)
    except FileDiffers:
        shown = _answers(client, post)
        following = next(index for index in range(len(shown) + 1) if index not in shown)
        return (following,) if following < min(count, _MAX_EVIDENCE_CHUNKS) else ()
    except EvidenceInvalid:
        return ()
    absent = [name for name in CHUNKED if not _has(digest, name, store)]
    within = (index for name in absent for index in range(ranges[name].start, min(ranges[name].stop, count)))
    return tuple(islice(within, _MAX_LISTED))


def demand_missing(
    client: ChainClient, account: LocalAccount, post: Log, store: ContentStore, *, limit: int | None = None
) -> list[int]:
    """Demand what `missing_chunks` names and nobody has demanded yet, at most `limit` chunks; gives their indices.

    Each takes a bond of `account`, which is lost to whoever shows the chunk, and comes back where nobody does.
    `take_answers` brings what was shown into the store; then more may turn out to be missing.

    Raises BondMissing for what `account` cannot back, ChainError once the root's window is over.
    """
    place = post["reward_epoch"], post["attempt"]
    missing = [index for index in missing_chunks(client, post, store) if _is_new(client, *place, index)][:limit]
    bond_wei = int(client.call("RootDisputes", "DEMAND_BOND_WEI"))
    purpose = f"demanding {len(missing)} chunks of evidence"
    if missing:
        approve_bond(client, account, "RootDisputes", bond_wei * len(missing), purpose=purpose)
    for index in missing:
        client.send(account, "RootDisputes", "demand_chunk", post["reward_epoch"], index)
    return missing


def take_answers(client: ChainClient, post: Log, store: ContentStore) -> list[str]:
    """Put every file of a root's evidence into the store whose chunks were all shown on chain; gives their names."""
    digest, shown = post["evidence_digest"], _answers(client, post)
    taken: list[str] = []
    if not store.has(cid_from_digest(digest, RAW)):
        document = _document_of(digest, shown)
        if document is None:
            return []
        store.put(document)
        taken.append(EVIDENCE)
    with suppress(FileDiffers, EvidenceInvalid):
        for name, indices in chunks_by_file(digest, store).items():
            if name != EVIDENCE and indices and all(index in shown for index in indices):
                # kept by its own hash: whether it is the file that evidence.json names, every reader checks
                store.put(b"".join(shown[index] for index in indices))
                taken.append(name)
    return taken


def follow_up(client: ChainClient, account: LocalAccount) -> list[FollowedUp]:
    """See demands through: make roots void whose evidence was not shown in time, and pay out what is settled.

    Anyone may be `account`; bonds go to the demanders. Raises ChainError.
    """
    done: list[FollowedUp] = []
    # looked at one by one: voiding a root settles its other demands, and those for every later root
    for log in RpcEvents(client).logs("RootDisputes", "ChunkDemanded"):
        demand = _still(client, log)
        if demand is None:
            continue
        if not demand.is_pending:
            place = demand.reward_epoch, demand.attempt, demand.chunk_index
            client.send(account, "RootDisputes", "settle_demand", *place)
            done.append(FollowedUp(demand, "settle_demand"))
        elif client.block("latest").timestamp >= demand.deadline:
            client.send(account, "RootDisputes", "void_unanswered", demand.reward_epoch, demand.chunk_index)
            done.append(FollowedUp(demand, "void_unanswered"))
    return done


def _still(client: ChainClient, log: Log) -> OpenDemand | None:
    """The demand of a `ChunkDemanded` log as it stands now; None if it was closed."""
    place = log["reward_epoch"], log["attempt"], log["chunk_index"]
    state = client.call("RootDisputes", "demand", *place)
    if state.demander == _NOBODY:
        return None
    root = client.call("RewardDistributor", "root", log["reward_epoch"])
    is_pending = root.attempt == log["attempt"] and root.status in _PENDING
    return OpenDemand(*place, demander=state.demander, deadline=state.deadline, is_pending=is_pending)


def _is_new(client: ChainClient, reward_epoch: int, attempt: int, chunk_index: int) -> bool:
    state = client.call("RootDisputes", "demand", reward_epoch, attempt, chunk_index)
    return state.demander == _NOBODY and not state.is_answered


def _answer(
    client: ChainClient, account: LocalAccount, demand: OpenDemand, bundle_of: Callable[[int], Bundle]
) -> Answered | NotAnswered:
    try:
        chunks = bundle_of(demand.reward_epoch).chunks
    except EvidenceInvalid as error:
        return NotAnswered(demand, str(error))
    root = client.call("RewardDistributor", "root", demand.reward_epoch)
    if (chunks.tree.root, len(chunks.chunks)) != (root.evidence_chunk_root, root.evidence_chunk_count):
        return NotAnswered(demand, "the chunks of the evidence are not those that the root's signers signed")
    shown = chunks.shown(demand.chunk_index)
    client.send(account, "RootDisputes", "answer_demand", demand.reward_epoch, demand.chunk_index, *shown)
    return Answered(demand)


def _answers(client: ChainClient, post: Log) -> dict[int, bytes]:
    """The chunks of this very root that were shown on chain; the contract has checked each of them."""
    logs = RpcEvents(client).logs("RootDisputes", "DemandAnswered")
    place = post["reward_epoch"], post["attempt"]
    return {log["chunk_index"]: log["chunk"] for log in logs if (log["reward_epoch"], log["attempt"]) == place}


def _document_of(digest: bytes, shown: dict[int, bytes]) -> bytes | None:
    """evidence.json, if the first chunks that were shown make it; how many those are only its hash can tell."""
    data = b""
    for index in range(_MAX_EVIDENCE_CHUNKS):
        if index not in shown:
            return None
        data += shown[index]
        if sha256(data).digest() == digest:
            return data
    return None


def _has(digest: bytes, name: str, store: ContentStore) -> bool:
    try:
        read_file(digest, name, store)
    except FileDiffers:
        return False
    return True
