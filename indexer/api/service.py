"""What the routes need from the process."""

from dataclasses import dataclass, field

from indexer.database import Database
from indexer.engine import Engine
from indexer.rewards import RewardBook


@dataclass(frozen=True, slots=True)
class Service:
    """The parts behind the API; `engine` is only asked how far it is."""

    database: Database
    engine: Engine
    chain_id: int
    contracts: dict[str, str]
    rewards: RewardBook = field(repr=False)
