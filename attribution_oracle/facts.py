"""What the chain says about one reward epoch, as plain values.

Two readers fill these classes: `attribution_oracle.reader` from the indexer, `attribution_oracle.chain_facts` from
event logs over RPC. The oracle uses the first, signers and auditors the second, and both must come to equal values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Addresses:
    """The contracts that an epoch's facts come from, checksummed."""

    distributor: str
    payments: str
    datanets: str
    models: str


@dataclass(frozen=True, slots=True)
class PinnedBlock:
    """The finalized block that facts are read before: the first whose time is past the end of the reward epoch.

    All that happened before it, and nothing else, was there at the end of the second `epoch_end`; that is the time for
    which RootDisputes asks the registry what was accepted.
    """

    number: int
    block_hash: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class Redemption:
    """One `VoucherRedeemed` log: receipts with due_wei - amount_wei < due_after_wei ≤ due_wei belong to it."""

    payer: str
    operator: str
    adapter_id: int
    due_wei: int
    amount_wei: int
    contributors_wei: int

    @property
    def order(self) -> tuple[int, int, int, int]:
        """The place in an epoch: by payer and operator as numbers, adapter id, amount due."""
        return int(self.payer, 16), int(self.operator, 16), self.adapter_id, self.due_wei


@dataclass(frozen=True, slots=True)
class AdapterFact:
    """A registered adapter: digests of 32 bytes, and its snapshots as pairs (dataset root, snapshot digests).

    Anyone may record a dataset root again for a Datanet of their own, with another digest, also before the first: all
    that were recorded are known here, and the adapter's manifest names the one that is meant.
    """

    adapter_id: int
    base_weights_digest: bytes
    weights_digest: bytes
    manifest_digest: bytes
    snapshots: tuple[tuple[bytes, tuple[bytes, ...]], ...]


@dataclass(frozen=True, slots=True)
class ContributionFact:
    """A contribution that was accepted before the pinned block; `is_withdrawn` if it was also taken out before it.

    One that is not withdrawn is one of which the registry says `was_accepted` at the end of the reward epoch.
    """

    contribution_id: int
    contributor: str
    digest: bytes
    codec: int
    canonical_hash: bytes
    byte_count: int
    format: int
    commit_block: int
    score: int
    is_withdrawn: bool


@dataclass(frozen=True, slots=True)
class PreviousRoot:
    """The last root that was not voided; the cumulative rewards of the next one start from it."""

    reward_epoch: int
    root: bytes
    total_wei: int
    leaf_count: int
    evidence_digest: bytes


def root_of(previous: PreviousRoot | None) -> bytes:
    """The root that the next one names as the one before it, zero for the first."""
    return previous.root if previous else bytes(32)


def covered_epochs(reward_epoch: int, previous: PreviousRoot | None) -> range:
    """The reward epochs that a root pays for: its own, and those before it that never got a root of their own.

    The contract bounds a root by what accrued since the root before it; paying for less would give an epoch that nobody
    closed in time to the treasury.
    """
    return range(previous.reward_epoch + 1 if previous else 1, reward_epoch + 1)


@dataclass(frozen=True, slots=True)
class EpochFacts:
    """All that a recomputation takes from the chain.

    `accrued_wei` and `redemptions` are of all covered reward epochs; `contributions` holds every accepted one, by id.
    """

    chain_id: int
    addresses: Addresses
    reward_epoch: int
    attempt: int
    block: PinnedBlock
    accrued_wei: int
    previous: PreviousRoot | None
    redemptions: tuple[Redemption, ...]
    adapters: Mapping[int, AdapterFact]
    contributions: Mapping[int, ContributionFact]


def first_difference(ours: EpochFacts, theirs: EpochFacts) -> str | None:
    """The name and both values of the first fact that differs, or None when all are equal."""
    for field in fields(EpochFacts):
        mine, other = getattr(ours, field.name), getattr(theirs, field.name)
        if mine != other:
            return f"{field.name}: expected {mine}, found {other}"
    return None
