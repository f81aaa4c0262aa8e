"""The tables of StakedOpen."""

from sqlmodel import SQLModel

from indexer.models.columns import integer, text_key, uint


class Stake(SQLModel, table=True):
    """What an account staked, waits to withdraw, votes with, and was paid as its share of the fees."""

    account: str = text_key()
    staked_wei: int = uint()
    exiting_wei: int = uint()
    ready_at: int = integer()
    delegate: str | None = None
    votes_wei: int = uint()
    rewards_paid_wei: int = uint()
