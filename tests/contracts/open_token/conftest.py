from pathlib import Path
from typing import Any

import boa
import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def deployer() -> str:
    return boa.env.generate_address("deployer")


@pytest.fixture(scope="module")
def holder() -> str:
    return boa.env.generate_address("holder")


@pytest.fixture(scope="module")
def outsider() -> str:
    return boa.env.generate_address("outsider")


@pytest.fixture(scope="module")
def token_factory() -> Any:
    return boa.load_partial(str(ROOT / "contracts" / "OpenToken.vy"))


@pytest.fixture
def token(token_factory: Any, deployer: str, holder: str) -> Any:
    with boa.env.anchor():
        with boa.env.prank(deployer):
            contract = token_factory.deploy(holder)
        yield contract
