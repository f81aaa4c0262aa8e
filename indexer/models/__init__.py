"""The tables, and nothing else: what is stored, under which key. A file for each subject.

Three kinds. *Chain*: the cursor, the window of unfinalised blocks, every event, every log that no event explains.
*Projections*: what the events add up to; `indexer.undo` gives each a twin that takes changes back. *Published*: leaves
of reward trees, which no event carries and which are stored only once they hash to a root on chain.

Amounts, and every number that a contract does not bound, are `Uint256`. Ids, block numbers, reward epochs and times are
bounded by the contracts far below 2^63.
"""

from sqlalchemy import Table
from sqlmodel import SQLModel

from indexer.models.chain import BlockRow, CursorRow, DeadLetterRow, EventRow
from indexer.models.datanets import Contribution, Contributor, Curator, Datanet, Snapshot
from indexer.models.governance import Proposal, Vote
from indexer.models.model_registry import Adapter, AdapterRoot, Base, Operator
from indexer.models.payments import FeeSplit, OwnerAccount, OwnerEarning, Payer, Redemption
from indexer.models.reviews import CourtAccount, Review, ReviewBudget, ReviewRound
from indexer.models.rewards import Accrual, Challenge, Claim, Claimant, RewardLeaf, Root
from indexer.models.stake import Stake
from indexer.models.validators import Seat, Validator

PROJECTION_MODELS: tuple[type[SQLModel], ...] = (
    Datanet, Contribution, Contributor, Curator, Snapshot,
    Seat, Validator,
    ReviewBudget, ReviewRound, Review, CourtAccount,
    Base, Adapter, AdapterRoot, Operator,
    Payer, Redemption, FeeSplit, OwnerEarning, OwnerAccount,
    Accrual, Root, Challenge, Claim, Claimant,
    Stake,
    Proposal, Vote,
)  # fmt: skip


def table_of(model: type[SQLModel]) -> Table:
    """The table of a model."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


PROJECTIONS: dict[str, Table] = {table_of(model).name: table_of(model) for model in PROJECTION_MODELS}
KEYS: dict[str, tuple[str, ...]] = {
    name: tuple(column.name for column in table.primary_key.columns) for name, table in PROJECTIONS.items()
}

__all__ = [
    "KEYS",
    "PROJECTIONS",
    "PROJECTION_MODELS",
    "BlockRow",
    "CursorRow",
    "DeadLetterRow",
    "EventRow",
    "RewardLeaf",
    "table_of",
]
