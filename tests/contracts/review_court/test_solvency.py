"""Whatever validators, appellants and callers do: court and pool hold what they owe, and no wei comes from nowhere.

Random walks from fixed seeds, with validators who vote, lie, are silent, join, leave, run out of stake and are evicted.
"""

from collections import Counter
from random import Random

import boa
import pytest

OPENED, VOTING, TALLIED, PROVISIONAL, SETTLED = 1, 2, 4, 8, 16
OPEN = 10**18
TEXT = 1
BOND_WEI = 7 * 10**18 + 1
ACTIONS = ["contribute", "open", "draw", "draw", "decide", "decide", "audit", "audit", "appeal", "settle", "settle"] * 4
ACTIONS += ["fund", "withdraw", "take_down", "join", "leave", "withdraw_stake", "ruin", "evict", "wait"]


class Court:
    def __init__(self, reviews, appellants, source):
        self.reviews, self.source, self.appellants = reviews, source, appellants
        self.court, self.pool, self.token = reviews.court, reviews.pool, reviews.token
        self.ids, self.open_appeals, self.done = [], {}, Counter()
        self.accounts = [*reviews.validators, *appellants]
        self.supply_wei = self.token.totalSupply()
        self.seats = {account: list(range(3 * i + 1, 3 * i + 4)) for i, account in enumerate(reviews.validators)}

    def rounds(self, *phases):
        return [number for number in self.ids if self.court.round(number).phase in phases]

    def one(self, *phases):
        found = self.rounds(*phases)
        return self.source.choice(found) if found else None

    def contribute(self):
        if len(self.ids) < 8:
            self.ids.append(self.reviews.contribute())
            return True

    def open(self):
        pending = [number for number in self.rounds(0) if self.reviews.registry.contribution(number).status == 1]
        if pending and self.court.budget(1) >= self.reviews.reserve_wei(0):
            self.reviews.open(pending[0])
            return True

    def draw(self):
        number = self.one(OPENED)
        if number:
            self.reviews.mine(self.source.choice([2, 2, 2, 300]))
            self.court.draw_committees([number])
            return True

    def decide(self):
        number = self.one(VOTING)
        if number is None:
            return False
        choices = self.source.choices([(True, 80, 0), (False, 0, 4), "silent", None], [6, 4, 1, 1], k=41)
        leaning = self.source.random() < 0.6
        consensus = self.source.choice([(True, 70, 0), (False, 0, 1)])
        if boa.env.timestamp >= self.court.round(number).commit_ends_at:
            # the committee slept
            self.reviews.pass_phase(self.court.round(number).reveal_ends_at)
            self.court.tally([number])
        else:
            self.reviews.decide(number, lambda position, _: consensus if leaning else choices[position])
        if self.court.round(number).phase != TALLIED:
            self.done["undecided"] += 1
            self.forget_ended_appeal(number)
        return True

    def forget_ended_appeal(self, number):
        round = self.court.round(number)
        if round.phase == PROVISIONAL:
            self.open_appeals.pop((number, round.level), None)

    def audit(self):
        number = self.one(TALLIED)
        if number:
            self.reviews.mine(self.source.choice([2, 2, 300]))
            self.court.audit([number])
            self.done["audited"] += self.court.round(number).phase == OPENED
            return True

    def appeal(self):
        number = self.one(TALLIED, PROVISIONAL)
        if number is None:
            return False
        round = self.court.round(number)
        if round.level == 2 or boa.env.timestamp >= round.provisional_at + 4_000:
            return False
        self.reviews.appeal(number, self.source.choice(self.appellants))
        self.open_appeals[number, round.level + 1] = True
        return True

    def settle(self):
        number = self.one(PROVISIONAL)
        if number:
            self.reviews.settle(number)
            for level in (1, 2):
                self.open_appeals.pop((number, level), None)
            return True

    def fund(self):
        self.reviews.fund(self.source.randrange(1, 5 * OPEN))
        return True

    def withdraw(self):
        account = self.source.choice(self.accounts)
        if self.court.earnings(account):
            self.court.withdraw_earnings(account)
            return True

    def take_down(self):
        number = self.one(OPENED, VOTING)
        if number and self.reviews.registry.contribution(number).status == 1:
            self.reviews.withdraw(number)
            return True

    def join(self):
        validator, count = self.source.choice(self.reviews.validators), self.source.randrange(1, 3)
        first_id = self.pool.join(TEXT, count, sender=validator)
        self.seats[validator] += range(first_id, first_id + count)
        return True

    def leave(self):
        validator = self.source.choice(self.reviews.validators)
        count = self.source.randrange(1, 3)
        left, self.seats[validator] = self.seats[validator][:count], self.seats[validator][count:]
        if left:
            self.pool.leave(left, sender=validator)
            return True

    def withdraw_stake(self):
        for validator in self.reviews.validators:
            leaving_wei, ready_at = self.pool.leaving_of(validator)
            if leaving_wei:
                boa.env.timestamp = max(boa.env.timestamp, ready_at)
                self.pool.withdraw(sender=validator)
                return True

    def ruin(self):
        """Takes a validator's stake, as many fines would."""
        validator = self.source.choice(self.reviews.validators)
        owner = self.reviews.owner
        self.pool.set_court(owner, sender=owner)
        taken = self.pool.penalize(validator, self.source.randrange(5_000 * OPEN), sender=owner)
        self.pool.set_court(self.court, sender=owner)
        return taken > 0

    def evict(self):
        for validator in self.reviews.validators:
            if 2 * self.pool.stake_of(validator) < len(self.seats[validator]) * 1_000 * OPEN:
                self.pool.evict(self.seats[validator].pop())
                return True

    def wait(self):
        self.reviews.mine(seconds=self.source.randrange(3_000))
        return True

    def reserved_wei(self):
        """What is set aside for the committees of reviews that are under way, level by level."""
        total = 0
        for number in self.rounds(OPENED, VOTING, TALLIED, PROVISIONAL):
            round = self.court.round(number)
            stands = round.phase == PROVISIONAL and round.provisional_at == 0
            total += sum(self.reviews.reserve_wei(level) for level in range(round.level + (not stands)))
        return total

    def check(self):
        owed = self.court.budget(1) + self.reserved_wei() + sum(map(self.court.earnings, self.accounts))
        owed += BOND_WEI * len(self.open_appeals)
        assert self.token.balanceOf(self.court) == owed
        validators = self.reviews.validators
        stakes = sum(self.pool.stake_of(account) + self.pool.leaving_of(account)[0] for account in validators)
        assert self.token.balanceOf(self.pool) == stakes
        assert self.token.totalSupply() <= self.supply_wei
        self.supply_wei = self.token.totalSupply()


@pytest.mark.slow
def test_solvency__holds_after_any_sequence(deploy_reviews, actor):
    reviews = deploy_reviews(validators=6, seats=3)
    appellants = [actor("first_appellant"), actor("second_appellant")]
    done = Counter()
    for seed in range(4):
        with boa.env.anchor():
            court = Court(reviews, appellants, Random(seed))
            for _ in range(160):
                action = court.source.choice(ACTIONS)
                if getattr(court, action)():
                    court.done[action] += 1
                    court.check()
            done.update(court.done)
    assert min(done[action] for action in {*ACTIONS, "undecided", "audited"}) > 0, done
