"""accrue: what the accruer has paid in counts for the present epoch, exactly, however many epochs nothing comes in."""

import boa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def test_accrue__books_the_amount_and_logs_it(rewards, events):
    rewards.accrue(5)
    rewards.token.transfer(rewards.distributor, 7, sender=rewards.accruer)
    epoch = rewards.distributor.accrue(7, sender=rewards.accruer)
    assert events(rewards.distributor, "Accrued") == [{"reward_epoch": 1, "amount_wei": 7, "cumulative_wei": 12}]
    assert epoch == 1
    assert rewards.distributor.accrued(1) == rewards.distributor.owed_wei() == 12


def test_accrue__by_anyone_else__reverts(rewards, outsider):
    with boa.reverts("distributor: sender is not the accruer"):
        rewards.distributor.accrue(1, sender=outsider)


def test_accrue__of_open_that_was_not_paid_in__reverts(rewards):
    rewards.accrue(5)
    with boa.reverts("distributor: amount not received"):
        rewards.distributor.accrue(1, sender=rewards.accruer)


def test_accrue__of_a_challengers_bond__reverts(rewards, contributors):
    rewards.accrue(5)
    rewards.post_rewards({contributors[0]: 5}, reward_epoch=rewards.end_epoch())
    rewards.challenge(1)
    with boa.reverts("distributor: amount not received"):
        rewards.distributor.accrue(1, sender=rewards.accruer)


def test_accrue__of_unclaimed_rewards__reverts(rewards, contributors):
    rewards.final_rewards({contributors[0]: 5})
    with boa.reverts("distributor: amount not received"):
        rewards.distributor.accrue(1, sender=rewards.accruer)


def test_accrue__past_the_counters_width__reverts(rewards):
    with boa.reverts("accruals: sum too large"):
        rewards.distributor.accrue(2**96, sender=rewards.accruer)


def test_accrued__of_an_epoch_with_nothing__is_zero(rewards):
    rewards.accrue(5)
    rewards.end_epoch()
    rewards.end_epoch()
    rewards.accrue(6)
    assert [rewards.distributor.accrued(epoch) for epoch in range(1, 6)] == [5, 0, 6, 0, 0]


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10**20)), max_size=20))
def test_accrued__equals_the_sum_by_epoch(rewards, steps):
    with boa.env.anchor():
        expected = {}
        for epochs, amount in steps:
            for _ in range(epochs):
                rewards.end_epoch()
            epoch = rewards.accrue(amount)
            expected[epoch] = expected.get(epoch, 0) + amount
        last = rewards.distributor.current_epoch()
        actual = [rewards.distributor.accrued(epoch) for epoch in range(1, last + 1)]
        assert actual == [expected.get(epoch, 0) for epoch in range(1, last + 1)]
