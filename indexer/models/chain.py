"""The tables of the chain itself: our place, the window of blocks, every event, every log that no event explains."""

from sqlalchemy import Index
from sqlmodel import SQLModel

from indexer.models.columns import integer, key


class Chained(SQLModel):
    """Base of the tables that hold one row a log."""

    block_number: int = key()
    log_index: int = key()


class CursorRow(SQLModel, table=True):
    """Our place: one row. `finalized_number` is the block below which nothing is ever undone."""

    __tablename__ = "cursor"

    id: int = key()
    chain_id: int = integer()
    schema_hash: str
    start_block: int = integer()
    block_number: int = integer()
    finalized_number: int = integer()


class BlockRow(SQLModel, table=True):
    """The headers from the finalized block to the tip."""

    __tablename__ = "block"

    number: int = key()
    hash: str
    parent_hash: str
    timestamp: int = integer()


class EventRow(Chained, table=True):
    """Every event of every contract; `args` is JSON, integers in it decimal strings."""

    __tablename__ = "event"
    __table_args__ = (Index("event_by_name", "contract", "name", "block_number", "log_index"),)

    block_timestamp: int = integer()
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
