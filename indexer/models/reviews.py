"""The tables of ReviewCourt."""

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from indexer.models.columns import integer, key, text_key, uint


class ReviewBudget(SQLModel, table=True):
    """What was ever put down for a Datanet's reviews; what is left of it only the court knows."""

    __tablename__ = "review_budget"

    datanet_id: int = key()
    funded_wei: int = uint()


class ReviewRound(SQLModel, table=True):
    """A committee of a contribution: `level` 0 is the first, `attempt` counts those drawn again at a level.

    `status` is opened, voting, undecided or decided; `is_audited` is None until the lot said whether a larger committee
    votes again; `appellant` is who asked for this committee.
    """

    __tablename__ = "review_round"

    contribution_id: int = key()
    level: int = key()
    attempt: int = key()
    status: str
    draw_block: int = integer()
    seats: int = integer()
    committed: int = integer()
    revealed: int = integer()
    accepts: int = integer()
    is_accepted: bool
    score: int = integer()
    is_audited: bool | None = None
    appellant: str | None = None
    block_number: int = integer()


class Review(SQLModel, table=True):
    """The place of a seat in a committee, and its vote: `status` is drawn, committed or revealed.

    `earned_wei` and `lost_wei` are what the settlement paid and fined.
    """

    __table_args__ = (Index("review_by_validator", "validator", "contribution_id"),)

    contribution_id: int = key()
    level: int = key()
    attempt: int = key()
    position: int = key()
    seat_id: int = integer()
    validator: str
    status: str
    is_accepted: bool
    score: int = integer()
    reason: int = integer()
    reason_digest: str
    earned_wei: int = uint()
    lost_wei: int = uint()
    block_number: int = integer()
    log_index: int = integer()


class CourtAccount(SQLModel, table=True):
    """What the court paid out to an account: a validator's pay, an appellant's bonds."""

    __tablename__ = "court_account"

    account: str = text_key()
    paid_wei: int = uint()
    appeals: int = integer()
    appeals_upheld: int = Field(default=0)
