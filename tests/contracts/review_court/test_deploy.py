import boa
import pytest

ZERO = "0x" + "00" * 20


@pytest.fixture
def arguments(reviews):
    return {
        "open_token": reviews.token.address,
        "datanet_registry": reviews.registry.address,
        "validator_pool": reviews.pool.address,
        "treasury": reviews.treasury,
        "commit_seconds": 1_000,
        "reveal_seconds": 2_000,
        "appeal_seconds": 4_000,
        "appeal_bond_wei": 1,
        "audit_bps": 10_000,
    }


def test_deploy__binds_the_parameters(reviews, factory, arguments):
    court = factory("ReviewCourt").deploy(*arguments.values())
    assert court.OPEN_TOKEN() == reviews.token.address
    assert court.DATANET_REGISTRY() == reviews.registry.address
    assert court.VALIDATOR_POOL() == reviews.pool.address
    assert court.TREASURY() == reviews.treasury
    assert (court.COMMIT_SECONDS(), court.REVEAL_SECONDS(), court.APPEAL_SECONDS()) == (1_000, 2_000, 4_000)
    assert (court.APPEAL_BOND_WEI(), court.AUDIT_BPS()) == (1, 10_000)
    # committees of 1 + 3 + 3 and two windows, and one more of each
    assert court.LONGEST_REVIEW_SECONDS() == 8 * 3_000 + 3 * 4_000


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"open_token": ZERO}, "court: zero address"),
        ({"treasury": ZERO}, "court: zero address"),
        ({"datanet_registry": ZERO}, "court: registry is zero"),
        ({"commit_seconds": 0}, "court: no time to commit"),
        ({"reveal_seconds": 0}, "court: no time to reveal"),
        ({"appeal_seconds": 0}, "court: no time to appeal"),
        ({"appeal_bond_wei": 0}, "court: no bond"),
        ({"audit_bps": 10_001}, "court: audits above all"),
        ({"commit_seconds": 1_001}, "court: cooldown too short"),
    ],
)
def test_deploy__with_a_bad_parameter__reverts(reviews, factory, arguments, changes, reason):
    with boa.reverts(reason):
        factory("ReviewCourt").deploy(*(arguments | changes).values())


def test_deploy__over_a_pool_that_is_none__reverts(reviews, factory, arguments):
    with boa.reverts():
        factory("ReviewCourt").deploy(*(arguments | {"validator_pool": ZERO}).values())


def test_nobody_has_a_power(reviews):
    assert not {"owner", "transfer_ownership", "set_court"} & {entry.get("name") for entry in reviews.court.abi}


def test_every_event_of_the_interface_is_in_the_abi(reviews, interface_events, abi_events):
    assert interface_events("IReviewCourt") <= abi_events(reviews.court)
