import boa
import pytest

YEAR = 365 * 86_400
ZERO = "0x" + "00" * 20


def test_deploy__binds_the_parameters(pool, open_token, seat_wei, cooldown_seconds, owner, court):
    assert pool.OPEN_TOKEN() == open_token.address
    assert pool.SEAT_WEI() == seat_wei
    assert pool.LEAVE_COOLDOWN_SECONDS() == cooldown_seconds
    assert pool.MAX_COOLDOWN_SECONDS() == YEAR
    assert pool.owner() == owner
    assert pool.court() == court


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"open_token": ZERO}, "validator_pool: zero address"),
        ({"owner": ZERO}, "validator_pool: zero address"),
        ({"seat_wei": 0}, "validator_pool: seat costs nothing"),
        ({"cooldown_seconds": 0}, "validator_pool: cooldown is zero"),
        ({"cooldown_seconds": YEAR + 1}, "validator_pool: cooldown too long"),
    ],
)
def test_deploy__with_a_bad_parameter__reverts(factory, open_token, owner, changes, reason):
    arguments = {"open_token": open_token.address, "seat_wei": 1, "cooldown_seconds": YEAR, "owner": owner}
    with boa.reverts(reason):
        factory("ValidatorPool").deploy(*(arguments | changes).values())


def test_set_court__by_the_owner__logs(pool, owner, outsider, events):
    pool.set_court(outsider, sender=owner)
    assert events(pool, "CourtSet") == [{"court": outsider}]
    assert pool.court() == outsider


def test_set_court__by_another__reverts(pool, outsider):
    with boa.reverts("ownable: caller is not the owner"):
        pool.set_court(outsider, sender=outsider)


def test_set_court__to_the_zero_address__reverts(pool, owner):
    with boa.reverts("validator_pool: court is the zero address"):
        pool.set_court(ZERO, sender=owner)


def test_transfer_ownership__hands_over_the_only_power(pool, owner, outsider):
    pool.transfer_ownership(outsider, sender=owner)
    with boa.reverts("ownable: caller is not the owner"):
        pool.set_court(owner, sender=owner)
    assert not hasattr(pool, "renounce_ownership")


def test_every_event_of_the_interface_is_in_the_abi(pool, interface_events, abi_events):
    assert interface_events("IValidatorPool") <= abi_events(pool)
