"""The tables, and nothing else: what is stored, under which key.

Three kinds. *Chain*: the cursor, the window of unfinalised blocks, every event, every log that no event explains.
*Projections*: what the events add up to; `indexer.undo` gives each a twin that takes changes back. *Published*: leaves
of reward trees, which no event carries and which are stored only once they hash to a root on chain.

Amounts, and every number that a contract does not bound, are `Uint256`. Ids, block numbers, reward epochs and times are
bounded by the contracts far below 2^63.
"""

from typing import Any

from sqlalchemy import BigInteger, Index, Table
from sqlmodel import Field, SQLModel

from indexer.uint256 import Uint256


def _key() -> Any:
    return Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})


def _text_key() -> Any:
    return Field(primary_key=True)


def _number() -> Any:
    return Field(sa_type=BigInteger)


def _uint() -> Any:
    return Field(sa_type=Uint256)


class Chained(SQLModel):
    """Base of the tables that hold one row a log."""

    block_number: int = _key()
    log_index: int = _key()


# Chain


class CursorRow(SQLModel, table=True):
    """Our place: one row. `finalized_number` is the block below which nothing is ever undone."""

    __tablename__ = "cursor"

    id: int = _key()
    chain_id: int = _number()
    schema_hash: str
    start_block: int = _number()
    block_number: int = _number()
    finalized_number: int = _number()


class BlockRow(SQLModel, table=True):
    """The headers from the finalized block to the tip."""

    __tablename__ = "block"

    number: int = _key()
    hash: str
    parent_hash: str
    timestamp: int = _number()


class EventRow(Chained, table=True):
    """Every event of every contract; `args` is JSON, integers in it decimal strings."""

    __tablename__ = "event"
    __table_args__ = (Index("event_by_name", "contract", "name", "block_number", "log_index"),)

    block_timestamp: int = _number()
    transaction_hash: str
    contract: str
    name: str
    args: str


class DeadLetterRow(Chained, table=True):
    """A log of our contracts that no event of their ABI explains; topics and data in hex."""

    __tablename__ = "dead_letter"

    transaction_hash: str
    contract: str
    topics: str
    data: str
    reason: str


# Projections: Datanets


class Datanet(SQLModel, table=True):
    """A Datanet as it stands; the counts are of its contributions by status."""

    datanet_id: int = _key()
    owner: str
    modality: str
    formats: int = _number()
    quorum: int = _number()
    is_open: bool
    contributor_bytes_per_day: int = _number()
    datanet_bytes_per_day: int = _number()
    contributor_files_per_day: int = _number()
    file_bytes: int = _number()
    metadata_digest: str
    block_number: int = _number()
    pending: int = _number()
    accepted: int = _number()
    rejected: int = _number()
    withdrawn: int = _number()


class Contribution(SQLModel, table=True):
    """A contribution; `status` is pending, accepted, rejected or withdrawn."""

    __table_args__ = (
        Index("contribution_by_datanet", "datanet_id", "status", "contribution_id"),
        Index("contribution_by_contributor", "contributor", "contribution_id"),
    )

    contribution_id: int = _key()
    datanet_id: int = _number()
    contributor: str
    digest: str
    codec: int = _number()
    canonical_hash: str
    byte_count: int = _number()
    format: int = _number()
    commit_block: int = _number()
    block_number: int = _number()
    status: str
    score: int = _number()


class Review(SQLModel, table=True):
    """One validator's vote on one contribution."""

    contribution_id: int = _key()
    validator: str = _text_key()
    is_accepted: bool
    score: int = _number()
    reason: int = _number()
    reason_digest: str
    block_number: int = _number()
    log_index: int = _number()


class Validator(SQLModel, table=True):
    """Whether an account validates for a Datanet."""

    datanet_id: int = _key()
    validator: str = _text_key()
    is_validator: bool


class Contributor(SQLModel, table=True):
    """What counts for a contributor in a Datanet: the inputs of the ranking."""

    datanet_id: int = _key()
    contributor: str = _text_key()
    accepted: int = _number()
    rejected: int = _number()
    score_sum: int = _number()


class Snapshot(SQLModel, table=True):
    """A dataset root that a Datanet recorded."""

    __table_args__ = (Index("snapshot_by_datanet", "datanet_id", "block_number", "log_index"),)

    dataset_root: str = _text_key()
    datanet_id: int = _number()
    manifest_digest: str
    contribution_count: int = _uint()
    block_number: int = _number()
    log_index: int = _number()


# Projections: models


class Base(SQLModel, table=True):
    """A base model."""

    base_id: int = _key()
    owner: str
    weights_digest: str
    manifest_digest: str
    block_number: int = _number()


class Adapter(SQLModel, table=True):
    """An adapter; `parent_id` is 0 for none."""

    adapter_id: int = _key()
    owner: str
    base_id: int = _number()
    parent_id: int = _number()
    weights_digest: str
    manifest_digest: str
    royalty_bps: int = _number()
    input_price_wei_per_1k: int = _uint()
    output_price_wei_per_1k: int = _uint()
    is_active: bool
    block_number: int = _number()


class AdapterRoot(SQLModel, table=True):
    """A dataset root that an adapter was trained on."""

    __tablename__ = "adapter_root"

    adapter_id: int = _key()
    position: int = _key()
    dataset_root: str = Field(index=True)


class Operator(SQLModel, table=True):
    """Whether an account, besides the owner, may serve an adapter."""

    adapter_id: int = _key()
    operator: str = _text_key()
    is_operator: bool


# Projections: payments


class Payer(SQLModel, table=True):
    """A payer's deposit; `pending_wei` is asked to be withdrawn, not before `ready_at`."""

    payer: str = _text_key()
    balance_wei: int = _uint()
    deposited_wei: int = _uint()
    withdrawn_wei: int = _uint()
    spent_wei: int = _uint()
    pending_wei: int = _uint()
    ready_at: int = _number()


class Redemption(Chained, table=True):
    """A fee taken on a voucher; `due_wei` is cumulative for payer, operator and adapter."""

    __table_args__ = (Index("redemption_by_epoch", "reward_epoch", "block_number", "log_index"),)

    reward_epoch: int = _number()
    payer: str
    operator: str
    adapter_id: int = _number()
    due_wei: int = _uint()
    amount_wei: int = _uint()
    contributors_wei: int = _uint()


class FeeSplit(Chained, table=True):
    """How the fees of one batch of redemptions were split."""

    __tablename__ = "fee_split"

    reward_epoch: int = Field(sa_type=BigInteger, index=True)
    amount_wei: int = _uint()
    owner_wei: int = _uint()
    contributors_wei: int = _uint()
    stakers_wei: int = _uint()
    treasury_wei: int = _uint()
    burn_wei: int = _uint()


class OwnerEarning(SQLModel, table=True):
    """What an account earned as owner of an adapter or of an ancestor of it, since the beginning."""

    __tablename__ = "owner_earning"

    account: str = _text_key()
    adapter_id: int = _key()
    amount_wei: int = _uint()


class OwnerAccount(SQLModel, table=True):
    """What an account earned with all its adapters, and what it had paid out."""

    __tablename__ = "owner_account"

    account: str = _text_key()
    earned_wei: int = _uint()
    paid_wei: int = _uint()


# Projections: rewards


class Accrual(SQLModel, table=True):
    """A reward epoch: what accrued in it, and the attempt of its newest root (None before the first)."""

    reward_epoch: int = _key()
    accrued_wei: int = _uint()
    attempt: int | None = Field(default=None, sa_type=BigInteger)


class Root(SQLModel, table=True):
    """A posted reward root; `status` is posted, challenged, final or void, `round` counts rejected challenges."""

    reward_epoch: int = _key()
    attempt: int = _key()
    root: str = Field(index=True)
    total_wei: int = _uint()
    leaf_count: int = _number()
    evidence_digest: str
    attribution_root: str
    previous_epoch: int = _number()
    posted_at: int = _number()
    block_number: int = _number()
    status: str
    round: int = _number()
    remainder_wei: int | None = Field(default=None, sa_type=Uint256)
    burned_wei: int = _uint()


class Challenge(SQLModel, table=True):
    """A bond against a root. It is lost once the root's round passed it, won once the root is void."""

    reward_epoch: int = _key()
    attempt: int = _key()
    round: int = _key()
    challenger: str = _text_key()
    bond_wei: int = _uint()
    reason_digest: str
    block_number: int = _number()


class Claim(Chained, table=True):
    """A payment out of a final root."""

    __table_args__ = (Index("claim_by_epoch", "reward_epoch", "block_number", "log_index"),)

    account: str
    reward_epoch: int = _number()
    amount_wei: int = _uint()
    cumulative_wei: int = _uint()


class Claimant(SQLModel, table=True):
    """What an account was paid in rewards and in returned bonds, since the beginning."""

    account: str = _text_key()
    claimed_wei: int = _uint()
    bonds_returned_wei: int = _uint()


# Projections: stake


class Stake(SQLModel, table=True):
    """What an account staked, waits to withdraw, votes with, and was paid as its share of the fees."""

    account: str = _text_key()
    staked_wei: int = _uint()
    exiting_wei: int = _uint()
    ready_at: int = _number()
    delegate: str | None = None
    votes_wei: int = _uint()
    rewards_paid_wei: int = _uint()


# Published


class RewardLeaf(SQLModel, table=True):
    """One leaf of a reward tree whose root is, or was, on chain. Keyed by the root: true whatever block it is in."""

    __tablename__ = "reward_leaf"

    root: str = _text_key()
    position: int = _key()
    account: str
    cumulative_wei: int = _uint()


PROJECTION_MODELS: tuple[type[SQLModel], ...] = (
    Datanet, Contribution, Review, Validator, Contributor, Snapshot,
    Base, Adapter, AdapterRoot, Operator,
    Payer, Redemption, FeeSplit, OwnerEarning, OwnerAccount,
    Accrual, Root, Challenge, Claim, Claimant,
    Stake,
)  # fmt: skip


def table_of(model: type[SQLModel]) -> Table:
    """The table of a model."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


PROJECTIONS: dict[str, Table] = {table_of(model).name: table_of(model) for model in PROJECTION_MODELS}
KEYS: dict[str, tuple[str, ...]] = {
    name: tuple(column.name for column in table.primary_key.columns) for name, table in PROJECTIONS.items()
}
