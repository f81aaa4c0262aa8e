"""The tables of ValidatorPool."""

from sqlalchemy import Index
from sqlmodel import SQLModel

from indexer.models.columns import integer, key, text_key, uint


class Seat(SQLModel, table=True):
    """A seat from which committees are drawn; once given up or evicted it never comes back."""

    __table_args__ = (Index("seat_by_validator", "validator", "seat_id"),)

    seat_id: int = key()
    validator: str
    modality: str
    is_seated: bool


class Validator(SQLModel, table=True):
    """A validator's stake, and what reviews earned and cost him; `leaving_wei` can be had from `ready_at` on."""

    validator: str = text_key()
    seats: int = integer()
    stake_wei: int = uint()
    leaving_wei: int = uint()
    ready_at: int = integer()
    votes: int = integer()
    earned_wei: int = uint()
    lost_wei: int = uint()
