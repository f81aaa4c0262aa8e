"""The poster's bond: back with a final root, half burned and half paid out with one found false, else back."""

import boa
import pytest

OPEN = 10**18
BOND = 5_000 * OPEN + 1
BURNED, PAID = BOND // 2, BOND - BOND // 2


@pytest.fixture
def posted(rewards, contributors):
    """Three pending roots, of the epochs 1 to 3."""
    for epoch in (1, 2, 3):
        rewards.accrue(OPEN)
        rewards.end_epoch()
        rewards.post_rewards({contributors[0]: epoch * OPEN}, reward_epoch=epoch)
    return rewards.distributor


@pytest.fixture
def changes(rewards, posted, events):
    """How balances and supply change in a call, and what it says of bonds."""

    class Changes:
        def __init__(self, *accounts):
            self.accounts = accounts

        def now(self):
            return [*map(rewards.token.balanceOf, self.accounts), rewards.token.totalSupply()]

        def __enter__(self):
            self.before = self.now()
            return self

        def __exit__(self, *_):
            self.returned, self.lost = events(posted, "RootBondReturned"), events(posted, "RootBondLost")
            self.by = [now - before for now, before in zip(self.now(), self.before, strict=True)]
            assert posted.owed_wei() == rewards.token.balanceOf(posted)

    return Changes


def test_root_bond__of_a_final_root__goes_back(rewards, posted, changes):
    with changes(rewards.poster) as change:
        rewards.finalize(1)
    assert change.by == [BOND, 0]
    assert change.returned == [{"reward_epoch": 1, "attempt": 0, "poster": rewards.poster, "amount_wei": BOND}]


def test_root_bond__of_a_root_proven_false__is_half_burned_and_half_the_provers(rewards, posted, changes, outsider):
    with changes(rewards.poster, outsider) as change:
        posted.void_proven(2, outsider, sender=rewards.disputes)
    assert change.by == [BOND, PAID, -BURNED], "epoch 3 only fell with epoch 2"
    lost = {"reward_epoch": 2, "attempt": 0, "recipient": outsider, "burned_wei": BURNED, "recipient_wei": PAID}
    assert change.lost == [lost]
    returned = {"reward_epoch": 3, "attempt": 0, "poster": rewards.poster, "amount_wei": BOND}
    assert change.returned == [returned]


def test_root_bond__of_a_root_found_false_by_the_owner__is_half_the_treasurys(rewards, posted, changes):
    rewards.challenge(3)
    with changes(rewards.poster, rewards.treasury) as change:
        posted.resolve_challenge(3, True, sender=rewards.owner)
    assert change.by == [0, PAID, -BURNED]
    assert [row["recipient"] for row in change.lost] == [rewards.treasury]


def test_root_bond__of_a_root_that_nobody_decided__goes_back(rewards, posted, changes):
    rewards.challenge(2)
    boa.env.timestamp += posted.CHALLENGE_WINDOW_SECONDS() + posted.RESOLUTION_SECONDS()
    with changes(rewards.poster, rewards.treasury) as change:
        posted.void_expired(2)
    assert change.by == [2 * BOND, 0, 0]


def test_root_bond__of_a_challenge_that_was_rejected__stays(rewards, posted, changes):
    rewards.challenge(2)
    with changes(rewards.poster) as change:
        posted.resolve_challenge(2, False, sender=rewards.owner)
    assert change.by == [0, -posted.CHALLENGE_BOND_WEI() // 2]


def test_root_bond__of_another_poster__goes_back_to_that_one(rewards, posted, contributors, changes, outsider):
    posted.void_proven(3, outsider, sender=rewards.disputes)
    rewards.token.transfer(outsider, BOND, sender=rewards.accruer)
    rewards.token.approve(posted, BOND, sender=outsider)
    tree = rewards.tree({contributors[0]: 3 * OPEN})
    root = rewards.root(tree, reward_epoch=3, attempt=1)
    fields = tuple(getattr(root, name) for name in root.__dataclass_fields__)
    posted.post_root(fields, rewards.sign(root), sender=outsider)
    with changes(rewards.poster, outsider) as change:
        for epoch in (1, 2, 3):
            rewards.finalize(epoch)
    assert change.by == [2 * BOND, BOND, 0]


def test_root_bond__cannot_be_accrued(rewards, posted):
    with boa.reverts("distributor: amount not received"):
        posted.accrue(1, sender=rewards.accruer)


def test_void__of_as_many_roots_as_can_be_pending__stays_within_the_gas_bound(rewards, contributors, outsider):
    for epoch in range(1, 17):
        rewards.accrue(1)
        rewards.end_epoch()
        rewards.post_rewards({contributors[0]: epoch}, reward_epoch=epoch)
    rewards.distributor.void_proven(1, outsider, sender=rewards.disputes)
    assert rewards.distributor._computation.get_gas_used() < 8_000_000
    assert rewards.distributor.owed_wei() == 16 == rewards.token.balanceOf(rewards.distributor)
