"""Whatever signers, challengers, demanders and the owner do, one auditor keeps every false root from becoming final.

INV-1: both contracts hold what they owe. INV-2, INV-3: claims stay below the total, and that below what accrued. INV-7:
every root ends as final or void, by calls that anyone can make, by `posted + window + resolution`. INV-11: what was
proven is void. Random walks from fixed seeds: hypothesis 6.27 ends most runs of a state machine after a few steps.
"""

from collections import Counter
from random import Random

import boa
import pytest

from chain.fraud_proofs import find_fraud
from tests.contracts.root_disputes.planted import FAULTS

POSTED, CHALLENGED, FINAL, VOID = 1, 2, 4, 8
ACTIONS = ["post", "post", "post_false", "audit", "audit", "wait", "wait", "finalize", "finalize", "claim"]
ACTIONS += ["demand", "demand", "answer", "answer", "challenge", "resolve"]


class Walk:
    def __init__(self, disputes, seven, source):
        self.disputes, self.amounts, self.source = disputes, dict(seven), source
        self.distributor, self.contract = disputes.distributor, disputes.contract
        self.trees, self.false, self.demands = {}, set(), set()
        self.claimed_wei = self.accrued_wei = 0
        self.done = Counter()

    def pending(self):
        return sorted(epoch for epoch in self.trees if self.disputes.status(epoch) in (POSTED, CHALLENGED))

    def in_window(self):
        seconds = self.distributor.CHALLENGE_WINDOW_SECONDS()
        return [n for n in self.pending() if boa.env.timestamp < self.distributor.root(n).posted_at + seconds]

    def post(self, fault=None):
        before = self.trees.get(self.distributor.last_posted_epoch())
        amounts = dict(self.amounts) if before is None else {a: n for a, n in before.leaves.values()}
        amounts = {account: amounts.get(account, 0) + self.source.randrange(9) for account in self.amounts}
        plant = FAULTS[fault][0] if fault else type(self.disputes.new_orchard()).honest
        tree = plant(self.disputes.new_orchard(), amounts)
        if len(self.pending()) < 16:
            try:
                self.disputes.post_tree(tree)
            except (
                boa.BoaError
            ):  # of a false tree, the total may have fallen: then the contract does not take it at all
                assert fault
                return
            finally:
                self.accrued_wei = sum(map(self.distributor.accrued, range(1, self.distributor.current_epoch() + 1)))
            epoch = self.distributor.last_posted_epoch()
            self.trees[epoch] = tree
            self.false.discard(epoch)
            if fault:
                self.false.add(epoch)

    def post_false(self):
        self.post(self.source.choice(list(FAULTS)))

    def audit(self):
        """The one honest auditor, who looks at everything there is."""
        for epoch in self.pending():
            record = self.distributor.root(epoch)
            if record.status in (POSTED, CHALLENGED):
                proof = find_fraud(self.trees[epoch], self.trees.get(record.previous_epoch))
                if proof is not None:
                    self.disputes.prove(proof, reward_epoch=epoch)
                    assert self.disputes.status(epoch) == VOID
                    self.done["proven"] += 1
                elif epoch in self.false:
                    # nobody had the amount that the planted tree lacks
                    self.false.discard(epoch)

    def wait(self):
        boa.env.timestamp += self.source.choice([3_600, 86_400, 86_400])

    def finalize(self):
        self.audit()
        for epoch in self.pending()[:1]:
            try:
                self.distributor.finalize(epoch)
                self.done["final"] += 1
            except boa.BoaError:
                self.done["refused"] += 1

    def claim(self):
        tree = self.trees.get(self.distributor.last_final_epoch())
        if tree is not None:
            honest = self.disputes.rewards.tree({account: wei for account, wei in tree.leaves.values()})
            assert honest.root == tree.root
            account = self.source.choice(honest.accounts)
            if honest.proof_of(account)[1] > self.distributor.claimed(account):
                self.claimed_wei += self.disputes.rewards.claim(honest, account)

    def demand(self):
        for epoch in self.in_window()[:1]:
            attempt, index = self.distributor.root(epoch).attempt, self.source.randrange(4)
            if self.contract.demand(epoch, attempt, index) == ("0x" + "00" * 20, 0, False):
                self.disputes.demand(epoch, index)
                self.demands.add((epoch, attempt, index))

    def answer(self):
        for epoch, attempt, index in sorted(self.demands):
            record = self.distributor.root(epoch)
            if (record.attempt, record.status in (POSTED, CHALLENGED)) != (attempt, True):
                self.contract.settle_demand(epoch, attempt, index)
                self.done["settled"] += 1
            elif boa.env.timestamp < self.contract.demand(epoch, attempt, index).deadline:
                if self.source.random() < 0.5:
                    continue
                self.disputes.answer(epoch, index)
                self.done["answered"] += 1
            else:
                self.contract.void_unanswered(epoch, index)
                assert self.disputes.status(epoch) == VOID
                self.done["unanswered"] += 1
            self.demands.discard((epoch, attempt, index))

    def challenge(self):
        self.distributor.withdraw_bond(sender=self.disputes.rewards.challenger)
        for epoch in self.in_window()[:1]:
            if self.disputes.status(epoch) == POSTED:
                self.disputes.rewards.challenge(epoch)

    def resolve(self):
        for epoch in self.pending():
            if self.disputes.status(epoch) == CHALLENGED and self.source.random() < 0.7:
                is_void = self.source.random() < 0.3
                self.distributor.resolve_challenge(epoch, is_void, sender=self.disputes.rewards.owner)

    def end(self):
        """Nobody with power does anything any more: all the same, everything ends."""
        seconds = self.distributor.CHALLENGE_WINDOW_SECONDS() + self.distributor.RESOLUTION_SECONDS()
        pending = self.pending()
        if pending:
            boa.env.timestamp = max(boa.env.timestamp, self.distributor.root(pending[-1]).posted_at + seconds)
        self.audit()
        for epoch in pending:
            if self.disputes.status(epoch) == CHALLENGED:
                self.distributor.void_expired(epoch)
            elif self.disputes.status(epoch) == POSTED:
                self.distributor.finalize(epoch)
        assert self.pending() == []
        self.answer()
        self.check()
        assert self.disputes.balance(self.contract) == 0

    def check(self):
        bond = self.contract.DEMAND_BOND_WEI()
        assert self.disputes.balance(self.contract) == len(self.demands) * bond
        assert self.disputes.balance(self.distributor) == self.distributor.owed_wei()
        total = self.distributor.root(self.distributor.last_final_epoch()).total_wei
        assert self.claimed_wei <= total <= self.accrued_wei
        assert not [epoch for epoch in self.false if self.disputes.status(epoch) == FINAL]


@pytest.mark.slow
def test_walks__never_make_a_false_root_final_and_always_end(disputes, seven):
    done = Counter()
    for seed in range(8):
        with boa.env.anchor():
            walk = Walk(disputes, seven, Random(seed))
            for _ in range(45):
                getattr(walk, walk.source.choice(ACTIONS))()
                walk.check()
            walk.end()
            done.update(walk.done)
    assert min(done[kind] for kind in ("proven", "final", "refused", "settled", "answered", "unanswered")) > 0, done
