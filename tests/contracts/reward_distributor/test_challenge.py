"""challenge, resolve_challenge, void_expired, withdraw_bond: what happens to a disputed root and to the bonds."""

from dataclasses import astuple, replace

import boa
import pytest

from chain.merkle import keccak

OPEN = 10**18
BOND = 1_000 * OPEN
POSTED, CHALLENGED, FINAL, VOID = 1, 2, 4, 8


@pytest.fixture
def posted(rewards, contributors):
    """Three pending roots, of the epochs 1, 2 and 4, all in their windows."""
    for _ in range(2):
        rewards.accrue(OPEN)
        rewards.end_epoch()
    for epoch in (1, 2):
        rewards.post_rewards({contributors[0]: epoch * OPEN // 2}, reward_epoch=epoch)
    rewards.accrue(OPEN)
    rewards.end_epoch()
    rewards.end_epoch()
    rewards.post_rewards({contributors[0]: 2 * OPEN}, reward_epoch=4)
    return rewards.distributor


def statuses(distributor):
    return [distributor.root(epoch).status for epoch in (1, 2, 4)]


def window_end(rewards, epoch):
    return rewards.distributor.root(epoch).posted_at + rewards.distributor.CHALLENGE_WINDOW_SECONDS()


def deadline(rewards, epoch):
    return window_end(rewards, epoch) + rewards.distributor.RESOLUTION_SECONDS()


def test_challenge__takes_the_bond_and_logs_it(rewards, posted, events):
    owed = posted.owed_wei()
    rewards.challenge(2)
    assert events(posted, "RootChallenged") == [
        {
            "reward_epoch": 2,
            "attempt": 0,
            "challenger": rewards.challenger,
            "bond_wei": BOND,
            "reason_digest": keccak(b"reason"),
        }
    ]
    assert statuses(posted) == [POSTED, CHALLENGED, POSTED]
    assert posted.owed_wei() == owed + BOND == rewards.token.balanceOf(posted)


def test_challenge__of_an_epoch_without_a_root__reverts(rewards, posted):
    with boa.reverts("distributor: root not pending"):
        rewards.challenge(3)


def test_challenge__of_a_final_root__reverts(rewards, posted):
    rewards.finalize(1)
    with boa.reverts("distributor: root not pending"):
        rewards.challenge(1)


def test_challenge__of_a_void_root__reverts(rewards, posted):
    rewards.challenge(1)
    posted.resolve_challenge(1, True, sender=rewards.owner)
    with boa.reverts("distributor: root not pending"):
        rewards.challenge(2)


def test_challenge__in_the_last_second__is_taken_and_later_reverts(rewards, posted, funded_challenger):
    late = funded_challenger("late challenger")
    boa.env.timestamp = window_end(rewards, 4) - 1
    rewards.challenge(4)
    boa.env.timestamp += 1
    with boa.reverts("distributor: window over"):
        rewards.challenge(4, late)


def test_challenge__twice_by_one_account__reverts(rewards, posted):
    rewards.challenge(2)
    with boa.reverts("distributor: already challenged"):
        rewards.challenge(2)


def test_challenge__without_the_bond__reverts(rewards, posted, outsider):
    with boa.reverts("erc20: insufficient allowance"):
        rewards.challenge(2, outsider)


def test_challenge__with_sixteen_old_bonds__must_settle_them_first(rewards, contributors):
    def post(total_wei):
        rewards.accrue(1)
        epoch = rewards.end_epoch()
        rewards.post_rewards({contributors[0]: total_wei}, reward_epoch=epoch)
        return epoch

    for total_wei in range(1, 17):
        epoch = post(total_wei)
        rewards.challenge(epoch)
        rewards.distributor.resolve_challenge(epoch, False, sender=rewards.owner)
        rewards.finalize(epoch)
    last = post(17)
    with boa.reverts("distributor: too many bonds, withdraw first"):
        rewards.challenge(last)
    assert rewards.distributor.withdraw_bond(sender=rewards.challenger) == 0
    rewards.challenge(last)


def test_resolve_challenge__as_void__voids_it_and_every_later_root(rewards, posted, events):
    roots = {epoch: posted.root(epoch).root for epoch in (2, 4)}
    rewards.challenge(2)
    posted.resolve_challenge(2, True, sender=rewards.owner)
    logged = events(posted, "RootVoided")
    assert logged == [{"reward_epoch": epoch, "attempt": 0, "root": roots[epoch]} for epoch in (4, 2)]
    assert statuses(posted) == [POSTED, VOID, VOID]
    assert posted.last_posted_epoch() == 1


def test_resolve_challenge__of_the_first_root__voids_all(rewards, posted):
    rewards.challenge(1)
    posted.resolve_challenge(1, True, sender=rewards.owner)
    assert statuses(posted) == [VOID] * 3
    assert posted.last_posted_epoch() == 0


def test_resolve_challenge__as_rejected__burns_half_of_every_bond(rewards, posted, events, funded_challenger):
    rewards.challenge(2)
    rewards.challenge(2, funded_challenger("second challenger"))
    rewards.challenge(2, funded_challenger("third challenger"))
    supply, treasury = rewards.token.totalSupply(), rewards.token.balanceOf(rewards.treasury)
    posted.resolve_challenge(2, False, sender=rewards.owner)
    logged = events(posted, "ChallengeRejected")
    half = 3 * BOND // 2
    assert logged == [{"reward_epoch": 2, "attempt": 0, "burned_wei": half, "treasury_wei": half}]
    assert supply - rewards.token.totalSupply() == half
    assert rewards.token.balanceOf(rewards.treasury) - treasury == half
    assert statuses(posted) == [POSTED] * 3
    assert posted.owed_wei() == rewards.token.balanceOf(posted)


def test_resolve_challenge__of_an_odd_bond__gives_the_wei_to_the_treasury(rewards, factory, contributors):
    distributor = factory("RewardDistributor").deploy(rewards.token, rewards.treasury, rewards.owner, 5, 10, 10, 3, 1)
    small = replace(rewards, distributor=distributor)
    distributor.set_signers(rewards.distributor.signers(), 2, sender=rewards.owner)
    distributor.set_accruer(rewards.accruer, sender=rewards.owner)
    rewards.token.approve(distributor, 3, sender=rewards.challenger)
    rewards.token.approve(distributor, 1, sender=rewards.poster)
    small.accrue(1)
    small.post_rewards({contributors[0]: 1}, reward_epoch=small.end_epoch())
    small.challenge(1)
    supply, treasury = rewards.token.totalSupply(), rewards.token.balanceOf(rewards.treasury)
    distributor.resolve_challenge(1, False, sender=rewards.owner)
    assert supply - rewards.token.totalSupply() == 1
    assert rewards.token.balanceOf(rewards.treasury) - treasury == 2


def test_resolve_challenge__as_rejected__leaves_the_old_window(rewards, posted, funded_challenger):
    rewards.challenge(4)
    posted.resolve_challenge(4, False, sender=rewards.owner)
    rewards.challenge(4, funded_challenger("second challenger"))
    boa.env.timestamp = window_end(rewards, 4)
    posted.resolve_challenge(4, False, sender=rewards.owner)
    for epoch in (1, 2, 4):
        posted.finalize(epoch)
    assert statuses(posted) == [FINAL] * 3


def test_resolve_challenge__by_anyone_else__reverts(rewards, posted, outsider):
    rewards.challenge(2)
    with boa.reverts("ownable: caller is not the owner"):
        posted.resolve_challenge(2, True, sender=outsider)


@pytest.mark.parametrize("is_void", [True, False])
def test_resolve_challenge__of_a_root_without_one__reverts(rewards, posted, is_void):
    with boa.reverts("distributor: root not challenged"):
        posted.resolve_challenge(2, is_void, sender=rewards.owner)


def test_void_expired__after_the_deadline__voids_for_anyone(rewards, posted, outsider):
    rewards.challenge(2)
    boa.env.timestamp = deadline(rewards, 2) - 1
    with boa.reverts("distributor: resolution not over"):
        posted.void_expired(2, sender=outsider)
    boa.env.timestamp += 1
    posted.void_expired(2, sender=outsider)
    assert statuses(posted) == [POSTED, VOID, VOID]


def test_void_expired__of_a_root_without_a_challenge__reverts(rewards, posted):
    boa.env.timestamp = deadline(rewards, 2)
    with boa.reverts("distributor: root not challenged"):
        posted.void_expired(2)


def test_repost__of_a_void_epoch__needs_new_signatures(rewards, posted, contributors):
    tree = rewards.tree({contributors[0]: OPEN})
    root = replace(rewards.root(tree, reward_epoch=2), previous_root=posted.root(1).root)
    signatures = rewards.sign(root)
    rewards.challenge(2)
    posted.resolve_challenge(2, True, sender=rewards.owner)
    with boa.reverts("distributor: wrong attempt"):
        posted.post_root(astuple(root), signatures, sender=rewards.poster)
    again = rewards.root(tree, reward_epoch=2, attempt=1)
    with boa.reverts("distributor: not a signer"):
        posted.post_root(astuple(again), signatures, sender=rewards.poster)
    rewards.post(again)
    record = posted.root(2)
    assert (record.attempt, record.status, record.previous_epoch) == (1, POSTED, 1)


def test_repost__of_a_later_epoch__covers_the_void_one(rewards, posted, contributors):
    rewards.challenge(2)
    posted.resolve_challenge(2, True, sender=rewards.owner)
    rewards.post_rewards({contributors[0]: 2 * OPEN + OPEN // 2}, reward_epoch=4, attempt=1)
    assert posted.root(4).previous_epoch == 1


def test_withdraw_bond__of_void_roots__pays_every_challenger(rewards, posted, events, funded_challenger):
    second = funded_challenger("second challenger")
    before = rewards.token.balanceOf(rewards.challenger)
    rewards.challenge(2)
    rewards.challenge(4)
    rewards.challenge(4, second)
    posted.resolve_challenge(2, True, sender=rewards.owner)
    assert posted.withdraw_bond(sender=rewards.challenger) == 2 * BOND
    assert events(posted, "BondReturned") == [{"challenger": rewards.challenger, "amount_wei": 2 * BOND}]
    assert rewards.token.balanceOf(rewards.challenger) == before
    assert posted.withdraw_bond(sender=second) == BOND
    assert posted.owed_wei() == 3 * OPEN + rewards.distributor.ROOT_BOND_WEI() == rewards.token.balanceOf(posted)


def test_withdraw_bond__twice__pays_once(rewards, posted):
    rewards.challenge(2)
    posted.resolve_challenge(2, True, sender=rewards.owner)
    assert posted.withdraw_bond(sender=rewards.challenger) == BOND
    assert posted.withdraw_bond(sender=rewards.challenger) == 0


def test_withdraw_bond__while_undecided__pays_nothing_and_keeps_it(rewards, posted):
    rewards.challenge(2)
    assert posted.withdraw_bond(sender=rewards.challenger) == 0
    posted.resolve_challenge(2, True, sender=rewards.owner)
    assert posted.withdraw_bond(sender=rewards.challenger) == BOND


def test_withdraw_bond__after_a_rejection__pays_nothing_ever(rewards, posted, funded_challenger):
    """A root rejected once and void later gives back the bonds of its last round alone."""
    second = funded_challenger("second challenger")
    rewards.challenge(2)
    posted.resolve_challenge(2, False, sender=rewards.owner)
    rewards.challenge(2, second)
    posted.resolve_challenge(2, True, sender=rewards.owner)
    assert posted.withdraw_bond(sender=rewards.challenger) == 0
    assert posted.withdraw_bond(sender=second) == BOND


def test_withdraw_bond__on_an_earlier_attempt__pays_after_the_repost(rewards, posted, contributors):
    rewards.challenge(2)
    posted.resolve_challenge(2, True, sender=rewards.owner)
    rewards.post_rewards({contributors[0]: OPEN}, reward_epoch=2, attempt=1)
    rewards.challenge(2)
    posted.resolve_challenge(2, False, sender=rewards.owner)
    assert posted.withdraw_bond(sender=rewards.challenger) == BOND
