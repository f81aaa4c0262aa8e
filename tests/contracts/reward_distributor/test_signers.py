"""set_signers, set_accruer: the owner names who posts roots and who books accruals."""

import boa
import pytest

NO_ONE = "0x" + "00" * 20


def addresses(count):
    return ["0x" + (number + 1).to_bytes(20, "big").hex() for number in range(count)]


@pytest.mark.parametrize(("count", "threshold"), [(2, 2), (3, 2), (3, 3), (4, 3), (5, 4), (6, 4), (16, 11), (16, 16)])
def test_set_signers__with_two_thirds__replaces_them(rewards, events, count, threshold):
    rewards.distributor.set_signers(addresses(count), threshold, sender=rewards.owner)
    logged = events(rewards.distributor, "SignersSet")
    assert [address.lower() for address in rewards.distributor.signers()] == addresses(count)
    assert rewards.distributor.threshold() == threshold
    assert [address.lower() for address in logged[0]["signers"]] == addresses(count)
    assert logged[0]["threshold"] == threshold


@pytest.mark.parametrize(
    ("count", "threshold", "reason"),
    [
        (0, 0, "distributor: threshold below two"),
        (1, 1, "distributor: threshold below two"),
        (2, 1, "distributor: threshold below two"),
        (1, 2, "distributor: threshold above signers"),
        (3, 4, "distributor: threshold above signers"),
        (4, 2, "distributor: threshold below two thirds"),
        (5, 3, "distributor: threshold below two thirds"),
        (16, 10, "distributor: threshold below two thirds"),
    ],
)
def test_set_signers__with_another_threshold__reverts(rewards, count, threshold, reason):
    with boa.reverts(reason):
        rewards.distributor.set_signers(addresses(count), threshold, sender=rewards.owner)


@pytest.mark.parametrize("order", [[1, 0, 2], [0, 0, 1], [0, 2, 2], [2, 1, 0]])
def test_set_signers__unsorted_or_twice__reverts(rewards, order):
    with boa.reverts("distributor: signers not ascending"):
        rewards.distributor.set_signers([addresses(3)[n] for n in order], 3, sender=rewards.owner)


def test_set_signers__with_the_zero_address__reverts(rewards):
    with boa.reverts("distributor: signers not ascending"):
        rewards.distributor.set_signers([NO_ONE, *addresses(2)], 2, sender=rewards.owner)


def test_set_signers__by_anyone_else__reverts(rewards, outsider):
    with boa.reverts("ownable: caller is not the owner"):
        rewards.distributor.set_signers(addresses(3), 2, sender=outsider)


def test_set_accruer__names_it_and_logs_it(rewards, events, outsider):
    rewards.distributor.set_accruer(outsider, sender=rewards.owner)
    assert events(rewards.distributor, "AccruerSet") == [{"accruer": outsider}]
    assert rewards.distributor.accruer() == outsider


def test_set_accruer__by_anyone_else__reverts(rewards, outsider):
    with boa.reverts("ownable: caller is not the owner"):
        rewards.distributor.set_accruer(outsider, sender=outsider)
