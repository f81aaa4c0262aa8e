"""The distributor that these tests share, and its contributors and challengers."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.contracts.reward_distributor.rewards import BOND_WEI, Rewards, deploy_rewards


@pytest.fixture(scope="session")
def rewards(factory: Callable[[str], Any], actor: Callable[[str], str]) -> Rewards:
    return deploy_rewards(factory, actor)


@pytest.fixture(scope="session")
def contributors(actor: Callable[[str], str]) -> list[str]:
    return [actor(f"contributor {number}") for number in range(8)]


@pytest.fixture
def funded_challenger(rewards: Rewards, actor: Callable[[str], str]) -> Callable[[str], str]:
    """A further challenger with ten bonds, approved."""

    def make(role: str) -> str:
        challenger = actor(role)
        rewards.token.transfer(challenger, 10 * BOND_WEI, sender=rewards.accruer)
        rewards.token.approve(rewards.distributor, 10 * BOND_WEI, sender=challenger)
        return challenger

    return make
