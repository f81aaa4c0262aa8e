"""The tables of InferencePayments."""

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from indexer.models.chain import Chained
from indexer.models.columns import integer, key, text_key, uint


class Payer(SQLModel, table=True):
    """A payer's deposit; `pending_wei` is asked to be withdrawn, not before `ready_at`."""

    payer: str = text_key()
    balance_wei: int = uint()
    deposited_wei: int = uint()
    withdrawn_wei: int = uint()
    spent_wei: int = uint()
    pending_wei: int = uint()
    ready_at: int = integer()


class Redemption(Chained, table=True):
    """A fee taken on a voucher; `due_wei` is cumulative for payer, operator and adapter."""

    __table_args__ = (Index("redemption_by_epoch", "reward_epoch", "block_number", "log_index"),)

    reward_epoch: int = integer()
    payer: str
    operator: str
    adapter_id: int = integer()
    due_wei: int = uint()
    amount_wei: int = uint()
    contributors_wei: int = uint()


class FeeSplit(Chained, table=True):
    """How the fees of one batch of redemptions were split."""

    __tablename__ = "fee_split"

    reward_epoch: int = Field(sa_type=BigInteger, index=True)
    amount_wei: int = uint()
    owner_wei: int = uint()
    contributors_wei: int = uint()
    stakers_wei: int = uint()
    treasury_wei: int = uint()
    burn_wei: int = uint()


class OwnerEarning(SQLModel, table=True):
    """What an account earned as owner of an adapter or of an ancestor of it, since the beginning."""

    __tablename__ = "owner_earning"

    account: str = text_key()
    adapter_id: int = key()
    amount_wei: int = uint()


class OwnerAccount(SQLModel, table=True):
    """What an account earned with all its adapters, and what it had paid out."""

    __tablename__ = "owner_account"

    account: str = text_key()
    earned_wei: int = uint()
    paid_wei: int = uint()
