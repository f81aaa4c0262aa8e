from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boa
import pytest

ROOT = Path(__file__).resolve().parents[3]
MINIMUM_DELAY_SECONDS = 172_800


@pytest.fixture(scope="module")
def roles() -> SimpleNamespace:
    names = ("deployer", "council", "outsider")
    return SimpleNamespace(**{name: boa.env.generate_address(name) for name in names})


@pytest.fixture(scope="module")
def timelock_factory() -> Any:
    return boa.load_partial(str(ROOT / "contracts" / "Timelock.vy"))


@pytest.fixture
def timelock(timelock_factory: Any, roles: SimpleNamespace) -> Any:
    with boa.env.anchor():
        with boa.env.prank(roles.deployer):
            contract = timelock_factory.deploy(MINIMUM_DELAY_SECONDS, [roles.council], [roles.council])
        yield contract


@pytest.fixture
def treasury_token(timelock: Any) -> Any:
    """OPEN, all of it held by the timelock."""
    return boa.load(str(ROOT / "contracts" / "OpenToken.vy"), timelock.address)
