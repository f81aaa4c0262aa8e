"""The tables of OpenGovernor."""

from sqlalchemy import Index
from sqlmodel import SQLModel

from indexer.models.columns import integer, text_key, uint, uint_key


class Proposal(SQLModel, table=True):
    """A proposal with its votes so far; `status` is created, queued, executed or canceled, as events told it.

    What follows from the clock (pending, active, defeated, succeeded) is for the reader: votes count from after
    `vote_start` until `vote_end`. `eta` is when it can be executed, 0 before it is queued. `calls` is JSON.
    """

    __table_args__ = (Index("proposal_by_block", "block_number", "log_index"),)

    proposal_id: int = uint_key()
    proposer: str
    description: str
    calls: str
    vote_start: int = integer()
    vote_end: int = integer()
    eta: int = integer()
    status: str
    for_wei: int = uint()
    against_wei: int = uint()
    abstain_wei: int = uint()
    block_number: int = integer()
    log_index: int = integer()


class Vote(SQLModel, table=True):
    """An account's vote on a proposal; `support` is for, against or abstain."""

    __tablename__ = "proposal_vote"

    proposal_id: int = uint_key()
    voter: str = text_key()
    support: str
    weight_wei: int = uint()
    reason: str
    block_number: int = integer()
    log_index: int = integer()
