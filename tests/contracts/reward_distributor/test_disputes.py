"""set_disputes, void_proven, hold, release: what the disputes contract, and nobody else, may do."""

import boa
import pytest

OPEN = 10**18
POSTED, CHALLENGED, FINAL, VOID = 1, 2, 4, 8


@pytest.fixture
def posted(rewards, contributors):
    """Two pending roots, of the epochs 1 and 2."""
    for epoch in (1, 2):
        rewards.accrue(OPEN)
        rewards.end_epoch()
        rewards.post_rewards({contributors[0]: epoch * OPEN}, reward_epoch=epoch)
    return rewards.distributor


def window_end(rewards, epoch):
    return rewards.distributor.root(epoch).posted_at + rewards.distributor.CHALLENGE_WINDOW_SECONDS()


def test_set_disputes__names_it_and_logs_it(rewards, events, outsider):
    rewards.distributor.set_disputes(outsider, sender=rewards.owner)
    assert events(rewards.distributor, "DisputesSet") == [{"disputes": outsider}]
    assert rewards.distributor.disputes() == outsider


def test_set_disputes__by_anyone_else__reverts(rewards, outsider):
    with boa.reverts("ownable: caller is not the owner"):
        rewards.distributor.set_disputes(outsider, sender=outsider)


@pytest.mark.parametrize("function", ["void_proven", "hold", "release"])
def test_disputes__by_anyone_else__revert(rewards, posted, function):
    """Not even the owner."""
    arguments = (1, rewards.owner) if function == "void_proven" else (1,)
    with boa.reverts("distributor: sender is not the disputes contract"):
        getattr(posted, function)(*arguments, sender=rewards.owner)


def test_void_proven__voids_it_and_every_later_root(rewards, posted, events, outsider):
    roots = {epoch: posted.root(epoch).root for epoch in (1, 2)}
    posted.void_proven(1, outsider, sender=rewards.disputes)
    logged = events(posted, "RootVoided")
    assert logged == [{"reward_epoch": epoch, "attempt": 0, "root": roots[epoch]} for epoch in (2, 1)]
    assert [posted.root(epoch).status for epoch in (1, 2)] == [VOID, VOID]
    assert posted.last_posted_epoch() == 0


def test_void_proven__after_the_window__still_voids(rewards, posted, outsider):
    boa.env.timestamp = window_end(rewards, 2) + 10**9
    posted.void_proven(2, outsider, sender=rewards.disputes)
    assert [posted.root(epoch).status for epoch in (1, 2)] == [POSTED, VOID]


@pytest.mark.parametrize("function", ["void_proven", "hold", "release"])
def test_disputes__of_a_root_that_is_not_pending__revert(rewards, posted, function):
    rewards.finalize(1)
    posted.void_proven(2, rewards.owner, sender=rewards.disputes)
    for epoch in (1, 2, 3):
        arguments = (epoch, rewards.owner) if function == "void_proven" else (epoch,)
        with boa.reverts("distributor: root not pending"):
            getattr(posted, function)(*arguments, sender=rewards.disputes)


def test_void_proven__gives_challengers_their_bonds_back(rewards, posted, outsider):
    rewards.challenge(1)
    rewards.challenge(2)
    posted.void_proven(1, outsider, sender=rewards.disputes)
    assert posted.withdraw_bond(sender=rewards.challenger) == 2 * posted.CHALLENGE_BOND_WEI()
    assert posted.owed_wei() == 2 * OPEN == rewards.token.balanceOf(posted)


def test_hold__keeps_a_root_from_becoming_final__until_its_release(rewards, posted, events):
    posted.hold(1, sender=rewards.disputes)
    assert events(posted, "HoldsChanged") == [{"reward_epoch": 1, "attempt": 0, "hold_count": 1}]
    posted.hold(1, sender=rewards.disputes)
    assert posted.root(1).hold_count == 2
    posted.release(1, sender=rewards.disputes)
    assert events(posted, "HoldsChanged") == [{"reward_epoch": 1, "attempt": 0, "hold_count": 1}]
    boa.env.timestamp = window_end(rewards, 2)
    with boa.reverts("distributor: evidence demanded"):
        posted.finalize(1)
    posted.release(1, sender=rewards.disputes)
    posted.finalize(1)
    posted.finalize(2)
    assert posted.last_final_epoch() == 2


def test_hold__never_outlasts_the_resolution_time(rewards, posted):
    posted.hold(1, sender=rewards.disputes)
    boa.env.timestamp = window_end(rewards, 1) + posted.RESOLUTION_SECONDS() - 1
    with boa.reverts("distributor: evidence demanded"):
        posted.finalize(1)
    boa.env.timestamp += 1
    posted.finalize(1)
    assert posted.root(1).status == FINAL


def test_hold__after_the_window__reverts(rewards, posted):
    boa.env.timestamp = window_end(rewards, 1)
    with boa.reverts("distributor: window over"):
        posted.hold(1, sender=rewards.disputes)


def test_hold__of_a_challenged_root__is_taken(rewards, posted):
    rewards.challenge(1)
    posted.hold(1, sender=rewards.disputes)
    assert posted.root(1).status == CHALLENGED
    assert posted.root(1).hold_count == 1


def test_release__without_a_hold__reverts(rewards, posted):
    with boa.reverts("distributor: no hold"):
        posted.release(1, sender=rewards.disputes)


def test_repost__of_a_void_epoch__starts_without_holds(rewards, posted, contributors):
    posted.hold(2, sender=rewards.disputes)
    posted.void_proven(2, rewards.owner, sender=rewards.disputes)
    rewards.post_rewards({contributors[0]: 2 * OPEN}, reward_epoch=2, attempt=1)
    assert posted.root(2).hold_count == 0
