"""The whole loop, once: the demo's story with real services, on a tiny random model."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from openledger.demo import cast
from openledger.demo.story import Story
from openledger.home import Home
from openledger.market import Market
from openledger.services import Services
from openledger.setting_up import give_open
from trainer.base_model import tiny_random_base


@dataclass(frozen=True, slots=True)
class Told:
    """The finished story and what it said."""

    story: Story
    said: tuple[str, ...]


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("loop")
    base = tiny_random_base(folder / "base", seed=1)
    said: list[str] = []
    with Services(Home(folder / "home"), base_model=base) as services:
        services.start(said.append)
        market = Market.open(Home(folder / "home"))
        give_open(market)
        story = Story(
            market=market,
            cast=cast.gather(),
            config=Path(__file__).with_name("tiny.toml"),
            cache=folder / "cache",
            say=said.append,
            show_training=lambda at: None,
        )
        story.run()
        yield Told(story, tuple(said))
