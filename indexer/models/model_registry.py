"""The tables of ModelRegistry."""

from sqlmodel import Field, SQLModel

from indexer.models.columns import integer, key, text_key, uint


class Base(SQLModel, table=True):
    """A base model."""

    base_id: int = key()
    owner: str
    weights_digest: str
    manifest_digest: str
    licence_digest: str
    block_number: int = integer()


class Adapter(SQLModel, table=True):
    """An adapter; `parent_id` and `successor_id` are 0 for none."""

    adapter_id: int = key()
    owner: str
    base_id: int = integer()
    parent_id: int = integer()
    weights_digest: str
    manifest_digest: str
    licence_digest: str
    royalty_bps: int = integer()
    input_price_wei_per_1k: int = uint()
    output_price_wei_per_1k: int = uint()
    is_active: bool
    is_deprecated: bool
    successor_id: int = integer()
    block_number: int = integer()


class AdapterRoot(SQLModel, table=True):
    """A dataset root that an adapter was trained on."""

    __tablename__ = "adapter_root"

    adapter_id: int = key()
    position: int = key()
    dataset_root: str = Field(index=True)


class Operator(SQLModel, table=True):
    """Whether an account, besides the owner, may serve an adapter."""

    adapter_id: int = key()
    operator: str = text_key()
    is_operator: bool
