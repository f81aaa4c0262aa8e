"""A tiny base, examples that it can learn by heart, and one adapter trained on them."""

from pathlib import Path

import pytest

from trainer.base_model import tiny_random_base
from trainer.examples import Example
from trainer.lora import TrainedAdapter, train_adapter
from trainer.spec import TrainSpec

SPEC = TrainSpec(seed=7, train_epochs=80, batch_size=2, learning_rate=1e-2, rank=8, alpha=32, max_tokens=64)
EXAMPLES = [
    Example(contribution_id=1, ordinal=0, prompt="red", response="rose"),
    Example(contribution_id=1, ordinal=1, prompt="blue", response="sea"),
    Example(contribution_id=2, ordinal=0, prompt="", response="grass is green"),
]


@pytest.fixture(scope="session")
def base_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_random_base(tmp_path_factory.mktemp("bases") / "tiny", seed=1)


@pytest.fixture(scope="session")
def spec() -> TrainSpec:
    return SPEC


@pytest.fixture(scope="session")
def examples() -> list[Example]:
    return EXAMPLES


@pytest.fixture(scope="session")
def trained(base_path: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainedAdapter:
    return train_adapter(base_path, EXAMPLES, SPEC, tmp_path_factory.mktemp("adapters") / "one", threads=1)
