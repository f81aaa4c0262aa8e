"""A call waits the whole delay, runs once, and can be cancelled before."""

import boa
import pytest

DELAY_SECONDS = 172_800
NO_PREDECESSOR = bytes(32)
SALT = b"\x01" * 32


@pytest.fixture
def payment(treasury_token, roles):
    """The arguments of a call that pays 7 wei of the treasury's OPEN to the outsider."""
    payload = treasury_token.transfer.prepare_calldata(roles.outsider, 7)
    return treasury_token.address, 0, payload, NO_PREDECESSOR, SALT


def scheduled(timelock, roles, payment):
    timelock.schedule(*payment, DELAY_SECONDS, sender=roles.council)
    return timelock.hash_operation(*payment)


def test_execute__after_the_delay__runs_the_call_once(timelock, treasury_token, roles, payment):
    operation = scheduled(timelock, roles, payment)
    boa.env.time_travel(seconds=DELAY_SECONDS)
    timelock.execute(*payment, sender=roles.council)
    assert treasury_token.balanceOf(roles.outsider) == 7
    assert timelock.is_operation_done(operation)
    with boa.reverts("timelock_controller: operation is not ready"):
        timelock.execute(*payment, sender=roles.council)


def test_execute__a_second_early__reverts(timelock, treasury_token, roles, payment):
    scheduled(timelock, roles, payment)
    boa.env.time_travel(seconds=DELAY_SECONDS - 1)
    with boa.reverts("timelock_controller: operation is not ready"):
        timelock.execute(*payment, sender=roles.council)
    assert treasury_token.balanceOf(roles.outsider) == 0


def test_execute__by_an_outsider__reverts(timelock, roles, payment):
    scheduled(timelock, roles, payment)
    boa.env.time_travel(seconds=DELAY_SECONDS)
    with boa.reverts("access_control: account is missing role"):
        timelock.execute(*payment, sender=roles.outsider)


def test_execute__before_its_predecessor__reverts(timelock, treasury_token, roles, payment):
    first = scheduled(timelock, roles, payment)
    second = (*payment[:3], first, b"\x02" * 32)
    scheduled(timelock, roles, second)
    boa.env.time_travel(seconds=DELAY_SECONDS)
    with boa.reverts("timelock_controller: missing dependency"):
        timelock.execute(*second, sender=roles.council)


def test_schedule__by_the_deployer__reverts(timelock, roles, payment):
    with boa.reverts("access_control: account is missing role"):
        timelock.schedule(*payment, DELAY_SECONDS, sender=roles.deployer)


def test_schedule__below_the_delay__reverts(timelock, roles, payment):
    with boa.reverts("timelock_controller: insufficient delay"):
        timelock.schedule(*payment, DELAY_SECONDS - 1, sender=roles.council)


def test_schedule__twice__reverts(timelock, roles, payment):
    scheduled(timelock, roles, payment)
    with boa.reverts("timelock_controller: operation already scheduled"):
        timelock.schedule(*payment, DELAY_SECONDS, sender=roles.council)


def test_cancel__by_the_council__stops_the_call(timelock, roles, payment):
    operation = scheduled(timelock, roles, payment)
    timelock.cancel(operation, sender=roles.council)
    boa.env.time_travel(seconds=DELAY_SECONDS)
    with boa.reverts("timelock_controller: operation is not ready"):
        timelock.execute(*payment, sender=roles.council)


def test_cancel__by_an_outsider__reverts(timelock, roles, payment):
    operation = scheduled(timelock, roles, payment)
    with boa.reverts("access_control: account is missing role"):
        timelock.cancel(operation, sender=roles.outsider)


def test_update_delay__through_the_timelock__takes_effect(timelock, roles):
    payload = timelock.update_delay.prepare_calldata(60)
    call = (timelock.address, 0, payload, NO_PREDECESSOR, SALT)
    scheduled(timelock, roles, call)
    boa.env.time_travel(seconds=DELAY_SECONDS)
    timelock.execute(*call, sender=roles.council)
    assert timelock.get_minimum_delay() == 60


def test_execute_batch__with_a_failing_call__undoes_all(timelock, treasury_token, roles):
    good = treasury_token.transfer.prepare_calldata(roles.outsider, 7)
    bad = treasury_token.transfer.prepare_calldata("0x" + "00" * 20, 7)
    batch = ([treasury_token.address] * 2, [0, 0], [good, bad], NO_PREDECESSOR, SALT)
    timelock.schedule_batch(*batch, DELAY_SECONDS, sender=roles.council)
    boa.env.time_travel(seconds=DELAY_SECONDS)
    with boa.reverts("erc20: transfer to the zero address"):
        timelock.execute_batch(*batch, sender=roles.council)
    assert treasury_token.balanceOf(roles.outsider) == 0
