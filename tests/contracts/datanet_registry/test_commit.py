from collections.abc import Callable
from typing import Any

import boa

DAY = 86_400


def test_commit__logs_who_committed(
    registry: Any, contributor: str, entry: Callable[..., Any], events: Callable[..., Any]
) -> None:
    commitment = entry().commitment(contributor)
    with boa.env.prank(contributor):
        registry.commit(commitment)
    assert events(registry, "Committed") == [{"contributor": contributor, "commitment": commitment}]


def test_commit__of_zero__reverts(registry: Any, contributor: str) -> None:
    with boa.env.prank(contributor), boa.reverts("commitments: commitment is zero"):
        registry.commit(bytes(32))


def test_commit__twice__reverts_until_the_first_is_void(
    registry: Any, contributor: str, entry: Callable[..., Any]
) -> None:
    commitment = entry().commitment(contributor)
    with boa.env.prank(contributor):
        registry.commit(commitment)
        boa.env.time_travel(seconds=DAY)
        with boa.reverts("commitments: already committed"):
            registry.commit(commitment)
        boa.env.time_travel(seconds=1)
        registry.commit(commitment)


def test_commit__of_anothers_hash__blocks_nobody(
    registry: Any, datanet_id: int, contributor: str, outsider: str, entry: Callable[..., Any], contribute: Any
) -> None:
    with boa.env.prank(outsider):
        registry.commit(entry().commitment(contributor))
    assert contribute(contributor, entry()) == 1


def test_commitment_of__is_the_documented_hash(registry: Any, contributor: str, entry: Callable[..., Any]) -> None:
    wanted = entry(datanet_id=7)
    arguments = (contributor, 7, wanted.digest, wanted.canonical_hash, wanted.salt)
    assert registry.commitment_of(*arguments) == wanted.commitment(contributor)
