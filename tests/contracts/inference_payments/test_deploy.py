"""What new payments are, what their interface promises, and what may not be deployed."""

import boa
import pytest

NO_ONE = "0x" + "00" * 20
SPLIT = (3_000, 4_500, 1_000, 1_000, 500)


@pytest.fixture
def addresses(market):
    """The first six arguments of the constructor."""
    contracts = [market.token, market.models, market.staked, market.distributor]
    return [*(contract.address for contract in contracts), market.treasury, market.owner]


def test_deploy__binds_the_contracts(factory, addresses):
    payments = factory("InferencePayments").deploy(*addresses, 7, SPLIT)
    assert payments.OPEN_TOKEN() == addresses[0]
    assert payments.MODEL_REGISTRY() == addresses[1]
    assert payments.STAKED_OPEN() == addresses[2]
    assert payments.DISTRIBUTOR() == addresses[3]
    assert payments.TREASURY() == addresses[4]
    assert payments.owner() == addresses[5]
    assert payments.WITHDRAWAL_DELAY_SECONDS() == 7
    assert payments.split() == SPLIT


@pytest.mark.parametrize("place", range(6))
def test_deploy__with_a_zero_address__reverts(factory, addresses, place):
    addresses[place] = NO_ONE
    with boa.reverts("payments: zero address" if place else "payments: token is the zero address"):
        factory("InferencePayments").deploy(*addresses, 7, SPLIT)


def test_deploy__with_a_delay_past_thirty_days__reverts(factory, addresses):
    factory("InferencePayments").deploy(*addresses, 30 * 86_400, SPLIT)
    with boa.reverts("payments: delay too long"):
        factory("InferencePayments").deploy(*addresses, 30 * 86_400 + 1, SPLIT)


def test_abi__has_every_event_of_the_interface(market, interface_events, abi_events):
    assert interface_events("IInferencePayments") <= abi_events(market.payments)


def test_abi__lets_nobody_renounce(market):
    assert "renounce_ownership" not in {entry.get("name") for entry in market.payments.abi}


def test_transfer_ownership__hands_governance_over(market, outsider):
    market.payments.transfer_ownership(outsider, sender=market.owner)
    market.payments.set_split((0, 9_500, 0, 500, 0), sender=outsider)
    assert market.payments.split() == (0, 9_500, 0, 500, 0)
