"""The tables of RewardDistributor, and the published leaves of its roots."""

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from indexer.models.chain import Chained
from indexer.models.columns import integer, key, text_key, uint
from indexer.uint256 import Uint256


class Accrual(SQLModel, table=True):
    """A reward epoch: what accrued in it, and the attempt of its newest root (None before the first)."""

    reward_epoch: int = key()
    accrued_wei: int = uint()
    attempt: int | None = Field(default=None, sa_type=BigInteger)


class Root(SQLModel, table=True):
    """A posted reward root; `status` is posted, challenged, final or void, `round` counts rejected challenges.

    `bond_status` is what became of the poster's bond: held, returned or lost.
    """

    reward_epoch: int = key()
    attempt: int = key()
    root: str = Field(index=True)
    total_wei: int = uint()
    leaf_count: int = integer()
    evidence_digest: str
    evidence_chunk_root: str
    evidence_chunk_count: int = integer()
    attribution_root: str
    poster: str
    bond_status: str
    previous_epoch: int = integer()
    posted_at: int = integer()
    block_number: int = integer()
    status: str
    round: int = integer()
    remainder_wei: int | None = Field(default=None, sa_type=Uint256)
    burned_wei: int = uint()


class Challenge(SQLModel, table=True):
    """A bond against a root. It is lost once the root's round passed it, won once the root is void."""

    reward_epoch: int = key()
    attempt: int = key()
    round: int = key()
    challenger: str = text_key()
    bond_wei: int = uint()
    reason_digest: str
    block_number: int = integer()


class Claim(Chained, table=True):
    """A payment out of a final root."""

    __table_args__ = (Index("claim_by_epoch", "reward_epoch", "block_number", "log_index"),)

    account: str
    reward_epoch: int = integer()
    amount_wei: int = uint()
    cumulative_wei: int = uint()


class Claimant(SQLModel, table=True):
    """What an account was paid in rewards and in returned bonds, since the beginning.

    `recovery` is who receives its claims instead, None for itself.
    """

    account: str = text_key()
    claimed_wei: int = uint()
    bonds_returned_wei: int = uint()
    recovery: str | None = None


# Published


class RewardLeaf(SQLModel, table=True):
    """One leaf of a reward tree whose root is, or was, on chain. Keyed by the root: true whatever block it is in."""

    __tablename__ = "reward_leaf"

    root: str = text_key()
    position: int = key()
    account: str
    cumulative_wei: int = uint()
