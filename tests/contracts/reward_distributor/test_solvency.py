"""Whatever signers, challengers and the owner do: the balance covers what is owed; claims never pass accruals.

Random walks from fixed seeds: hypothesis 6.27 ends most runs of a state machine after a few steps.
"""

from collections import Counter
from random import Random

import boa
import pytest

POSTED, CHALLENGED, FINAL, VOID = 1, 2, 4, 8
RESOLUTION_AND_WINDOW_SECONDS = 259_200 + 432_000
REFUSALS = ["distributor: nothing to claim", "distributor: claims above total"]
# what happens often stands more than once
ACTIONS = ["accrue", "post", "finalize", "claim", "claim"] * 3 + [
    "challenge",
    "challenge",
    "resolve",
    "expire",
    "hold",
    "prove",
]


class Distribution:
    """Every signer's key is in one hand, and posts whatever the contract takes."""

    def __init__(self, rewards, accounts):
        self.rewards, self.accounts, self.distributor = rewards, accounts, rewards.distributor
        self.accrued_wei = self.claimed_wei = self.refunded_wei = self.challenges = 0
        self.poster_wei = rewards.token.balanceOf(rewards.poster)
        self.prover_wei = rewards.token.balanceOf(rewards.disputes)
        self.trees = {}
        self.supply_wei = rewards.token.totalSupply()
        self.treasury_wei = rewards.token.balanceOf(rewards.treasury)
        self.done = Counter()

    def status(self, epoch):
        return self.distributor.root(epoch).status

    def with_status(self, *statuses):
        return sorted(epoch for epoch in self.trees if self.status(epoch) in statuses)

    def in_window(self, *statuses):
        window_seconds = self.distributor.CHALLENGE_WINDOW_SECONDS()
        return [
            epoch
            for epoch in self.with_status(*statuses)
            if boa.env.timestamp < self.distributor.root(epoch).posted_at + window_seconds
        ]

    def accrue(self, amount, *_):
        self.rewards.accrue(amount)
        self.accrued_wei += amount
        self.done["accrue"] += 1

    def post(self, *amounts):
        """Any split of any amount up to the bound, whatever the accounts had before."""
        epoch = self.rewards.end_epoch()
        previous = self.distributor.last_posted_epoch()
        before = self.distributor.root(previous).total_wei
        most = before + sum(self.distributor.accrued(n) for n in range(previous + 1, epoch + 1))
        rewards = dict(zip(self.accounts, (amount * most // (3 * 10**21) for amount in amounts), strict=True))
        root = self.rewards.root(self.rewards.tree(rewards), reward_epoch=epoch)
        with boa.reverts("distributor: total above accrued"):
            self.rewards.post(self.rewards.changed(root, total_wei=most + 1))
        if root.total_wei < before:
            # give the first account what is missing: the signers take from the others
            rewards[self.accounts[0]] += before - root.total_wei
        if len(self.with_status(POSTED, CHALLENGED)) < 16:
            self.trees[epoch] = self.rewards.post_rewards(rewards, reward_epoch=epoch)
            self.done["post"] += 1

    def challenge(self, choice, *_):
        in_window = self.in_window(POSTED)
        if in_window:
            self.withdraw_bond()
            self.rewards.challenge(in_window[choice % len(in_window)])
            self.challenges += 1
            self.done["challenge"] += 1

    def resolve(self, choice, is_void, *_):
        challenged = self.with_status(CHALLENGED)
        if challenged:
            epoch = challenged[choice % len(challenged)]
            self.distributor.resolve_challenge(epoch, is_void % 2 == 0, sender=self.rewards.owner)
            self.done["resolve"] += 1

    def hold(self, choice, *_):
        """The disputes contract holds up what it can, and never lets go."""
        for epoch in self.in_window(POSTED, CHALLENGED):
            if choice % 2:
                self.distributor.hold(epoch, sender=self.rewards.disputes)
                self.done["hold"] += 1

    def prove(self, choice, *_):
        pending = self.with_status(POSTED, CHALLENGED)
        if pending:
            epoch = pending[choice % len(pending)]
            self.distributor.void_proven(epoch, self.rewards.disputes, sender=self.rewards.disputes)
            assert min(self.status(later) for later in pending if later >= epoch) == VOID
            self.done["prove"] += 1

    def expire(self, choice, *_):
        challenged = self.with_status(CHALLENGED)
        if challenged:
            boa.env.timestamp += RESOLUTION_AND_WINDOW_SECONDS
            self.distributor.void_expired(challenged[choice % len(challenged)])
            self.done["expire"] += 1

    def withdraw_bond(self, *_):
        self.refunded_wei += self.distributor.withdraw_bond(sender=self.rewards.challenger)

    def finalize(self, *_):
        pending = self.with_status(POSTED, CHALLENGED)
        if pending and self.status(pending[0]) == POSTED:
            if self.distributor.root(pending[0]).hold_count > 0:
                # INV-7: whatever the disputes contract does, it ends here
                deadline = self.distributor.root(pending[0]).posted_at + RESOLUTION_AND_WINDOW_SECONDS
                boa.env.timestamp = max(boa.env.timestamp, deadline)
            self.rewards.finalize(pending[0])
            self.done["finalize"] += 1

    def claim(self, choice, *_):
        tree = self.trees.get(self.distributor.last_final_epoch())
        if tree is None:
            return
        account = self.accounts[choice % 3]
        due = tree.proof_of(account)[1] - self.distributor.claimed(account)
        if due <= 0:
            self.refused("distributor: nothing to claim", tree, account)
        elif self.claimed_wei + due > tree.total_wei:
            self.refused("distributor: claims above total", tree, account)
        else:
            assert self.rewards.claim(tree, account) == due
            self.claimed_wei += due
            self.done["claim"] += 1

    def refused(self, reason, tree, account):
        with boa.reverts(reason):
            self.rewards.claim(tree, account)
        self.done[reason] += 1

    def check(self):
        balance = self.rewards.token.balanceOf(self.distributor)
        assert balance == self.distributor.owed_wei()
        total = self.distributor.root(self.distributor.last_final_epoch()).total_wei
        assert self.claimed_wei <= total <= self.accrued_wei
        assert self.claimed_wei == sum(map(self.distributor.claimed, self.accounts))
        bonds = self.challenges * self.distributor.CHALLENGE_BOND_WEI() - self.refunded_wei
        burned = self.supply_wei - self.rewards.token.totalSupply()
        treasury = self.rewards.token.balanceOf(self.rewards.treasury) - self.treasury_wei
        poster = self.rewards.token.balanceOf(self.rewards.poster) - self.poster_wei
        prover = self.rewards.token.balanceOf(self.rewards.disputes) - self.prover_wei
        assert self.accrued_wei + bonds == self.claimed_wei + burned + treasury + balance + poster + prover
        pending = len(self.with_status(POSTED, CHALLENGED))
        lost_wei = -poster - pending * self.distributor.ROOT_BOND_WEI()
        assert lost_wei % self.distributor.ROOT_BOND_WEI() == 0


@pytest.mark.slow
def test_solvency__holds_after_any_sequence(rewards, contributors):
    done = Counter()
    for seed in range(16):
        with boa.env.anchor():
            source = Random(seed)
            distribution = Distribution(rewards, contributors[:3])
            for _ in range(40):
                getattr(distribution, source.choice(ACTIONS))(*(source.randrange(10**21) for _ in range(3)))
                distribution.check()
            done.update(distribution.done)
    # the sequences reach every kind of step, and both ways in which a claim is refused
    assert min(done[action] for action in {*ACTIONS, *REFUSALS}) > 0, done
