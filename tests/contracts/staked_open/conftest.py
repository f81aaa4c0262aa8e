"""gOPEN with stakers who hold OPEN and have approved it."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

OPEN = 10**18


@pytest.fixture
def staked_open(factory: Callable[[str], Any], open_token: Any, protocol: dict[str, Any]) -> Any:
    return factory("StakedOpen").deploy(open_token, protocol["staked_open"]["exit_cooldown_seconds"])


@pytest.fixture
def cooldown_seconds(staked_open: Any) -> int:
    return int(staked_open.EXIT_COOLDOWN_SECONDS())


@pytest.fixture
def fund(open_token: Any, open_holder: str, staked_open: Any) -> Callable[[str], None]:
    """Gives an account 1,000,000 OPEN and lets gOPEN take it."""

    def give(account: str) -> None:
        with boa.env.prank(open_holder):
            open_token.transfer(account, 1_000_000 * OPEN)
        with boa.env.prank(account):
            open_token.approve(staked_open, 2**256 - 1)

    return give


@pytest.fixture
def staker(actor: Callable[[str], str], fund: Callable[[str], None]) -> str:
    account = actor("staker")
    fund(account)
    return account


@pytest.fixture
def second_staker(actor: Callable[[str], str], fund: Callable[[str], None]) -> str:
    account = actor("second_staker")
    fund(account)
    return account


@pytest.fixture
def fee_payer(actor: Callable[[str], str], fund: Callable[[str], None]) -> str:
    account = actor("fee_payer")
    fund(account)
    return account


@pytest.fixture
def delegate(actor: Callable[[str], str]) -> str:
    return actor("delegate")
