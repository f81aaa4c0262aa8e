"""A pool with an owner, a court, and validators who hold OPEN and have approved it."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

OPEN = 10**18
TEXT = 1


@pytest.fixture
def owner(actor: Callable[[str], str]) -> str:
    return actor("owner")


@pytest.fixture
def court(actor: Callable[[str], str]) -> str:
    return actor("court")


@pytest.fixture
def seat_wei(protocol: dict[str, Any]) -> int:
    return int(protocol["validators"]["seat_wei"])


@pytest.fixture
def cooldown_seconds(protocol: dict[str, Any]) -> int:
    return int(protocol["validators"]["leave_cooldown_seconds"])


@pytest.fixture
def pool(
    factory: Callable[[str], Any], open_token: Any, seat_wei: int, cooldown_seconds: int, owner: str, court: str
) -> Any:
    deployed = factory("ValidatorPool").deploy(open_token, seat_wei, cooldown_seconds, owner)
    deployed.set_court(court, sender=owner)
    return deployed


@pytest.fixture
def hold(open_token: Any, open_holder: str, pool: Any) -> Callable[[str], str]:
    """Gives an account 1,000,000 OPEN and lets the pool take it."""

    def give(account: str) -> str:
        open_token.transfer(account, 1_000_000 * OPEN, sender=open_holder)
        open_token.approve(pool, 2**256 - 1, sender=account)
        return account

    return give


@pytest.fixture
def validator(actor: Callable[[str], str], hold: Callable[[str], str]) -> str:
    return hold(actor("validator"))


@pytest.fixture
def second_validator(actor: Callable[[str], str], hold: Callable[[str], str]) -> str:
    return hold(actor("second_validator"))


@pytest.fixture
def next_block() -> Callable[[], None]:
    """Seats that joined before it are old enough for a draw fixed now."""
    return lambda: boa.env.time_travel(blocks=1)
