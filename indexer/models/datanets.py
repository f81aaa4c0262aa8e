"""The tables of DatanetRegistry."""

from sqlalchemy import Index
from sqlmodel import SQLModel

from indexer.models.columns import integer, key, text_key, uint


class Datanet(SQLModel, table=True):
    """A Datanet as it stands; the counts are of its contributions by status."""

    datanet_id: int = key()
    owner: str
    modality: str
    formats: int = integer()
    committee_size: int = integer()
    review_fee_wei: int = uint()
    review_reward_wei: int = uint()
    is_open: bool
    contributor_bytes_per_day: int = integer()
    datanet_bytes_per_day: int = integer()
    contributor_files_per_day: int = integer()
    file_bytes: int = integer()
    metadata_digest: str
    block_number: int = integer()
    pending: int = integer()
    accepted: int = integer()
    rejected: int = integer()
    withdrawn: int = integer()


class Contribution(SQLModel, table=True):
    """A contribution; `status` is pending, accepted, rejected or withdrawn. Times are of blocks, 0 for not yet."""

    __table_args__ = (
        Index("contribution_by_datanet", "datanet_id", "status", "contribution_id"),
        Index("contribution_by_contributor", "contributor", "contribution_id"),
    )

    contribution_id: int = key()
    datanet_id: int = integer()
    contributor: str
    digest: str
    codec: int = integer()
    canonical_hash: str
    byte_count: int = integer()
    format: int = integer()
    commit_block: int = integer()
    block_number: int = integer()
    status: str
    score: int = integer()
    decided_at: int = integer()
    withdrawn_at: int = integer()


class Curator(SQLModel, table=True):
    """Whether an account, besides the owner, may open, close and snapshot a Datanet."""

    datanet_id: int = key()
    curator: str = text_key()
    is_curator: bool


class Contributor(SQLModel, table=True):
    """What counts for a contributor in a Datanet: the inputs of the ranking."""

    datanet_id: int = key()
    contributor: str = text_key()
    accepted: int = integer()
    rejected: int = integer()
    score_sum: int = integer()


class Snapshot(SQLModel, table=True):
    """A dataset root as a Datanet recorded it; two Datanets may record the same."""

    __table_args__ = (Index("snapshot_by_root", "dataset_root", "block_number", "log_index"),)

    datanet_id: int = key()
    version: int = key()
    dataset_root: str
    manifest_digest: str
    contribution_count: int = uint()
    block_number: int = integer()
    log_index: int = integer()
