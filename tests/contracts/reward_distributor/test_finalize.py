"""finalize: in order, after the window, unless challenged; what nobody earned goes to the treasury."""

import boa
import pytest

OPEN = 10**18
FINAL = 4


@pytest.fixture
def posted(rewards, contributors):
    """Two pending roots; of 10 OPEN each, 4 and 7 were earned."""
    for epoch, total in ((1, 4), (2, 11)):
        rewards.accrue(10 * OPEN)
        rewards.end_epoch()
        rewards.post_rewards({contributors[0]: total * OPEN}, reward_epoch=epoch)
    return rewards.distributor


def test_finalize__pays_the_remainder_to_the_treasury(rewards, posted, events):
    treasury = rewards.token.balanceOf(rewards.treasury)
    rewards.finalize(1)
    logged = events(posted, "RootFinalized")
    record = posted.root(1)
    assert logged == [{"reward_epoch": 1, "root": record.root, "total_wei": 4 * OPEN, "remainder_wei": 6 * OPEN}]
    assert record.status == FINAL
    assert posted.last_final_epoch() == 1
    assert rewards.token.balanceOf(rewards.treasury) - treasury == 6 * OPEN
    rewards.finalize(2)
    assert rewards.token.balanceOf(rewards.treasury) - treasury == 9 * OPEN
    assert posted.owed_wei() == 11 * OPEN == rewards.token.balanceOf(posted)


def test_finalize__before_the_window_is_over__reverts(rewards, posted):
    boa.env.timestamp = posted.root(1).posted_at + posted.CHALLENGE_WINDOW_SECONDS() - 1
    with boa.reverts("distributor: window not over"):
        posted.finalize(1)


def test_finalize__out_of_order__reverts(rewards, posted):
    with boa.reverts("distributor: earlier root not final"):
        rewards.finalize(2)


def test_finalize__twice__reverts(rewards, posted):
    rewards.finalize(1)
    with boa.reverts("distributor: root not pending"):
        posted.finalize(1)


def test_finalize__of_an_epoch_without_a_root__reverts(rewards, posted):
    with boa.reverts("distributor: root not pending"):
        posted.finalize(3)


def test_finalize__of_a_challenged_root__reverts(rewards, posted):
    rewards.challenge(1)
    with boa.reverts("distributor: root challenged"):
        rewards.finalize(1)
    with boa.reverts("distributor: earlier root not final"):
        rewards.finalize(2)


def test_finalize__behind_a_challenge__does_not_hold_up_earlier_roots(rewards, posted):
    rewards.challenge(2)
    rewards.finalize(1)
    assert posted.last_final_epoch() == 1


def test_finalize__after_a_void__counts_the_whole_stretch(rewards, posted, contributors):
    """Epoch 1 is void and never posted again: its accrual is in the next root's reach, and its remainder."""
    rewards.challenge(1)
    posted.resolve_challenge(1, True, sender=rewards.owner)
    treasury = rewards.token.balanceOf(rewards.treasury)
    rewards.post_rewards({contributors[0]: 19 * OPEN}, reward_epoch=2, attempt=1)
    rewards.finalize(2)
    assert rewards.token.balanceOf(rewards.treasury) - treasury == OPEN
