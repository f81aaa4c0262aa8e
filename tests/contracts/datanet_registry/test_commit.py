from collections.abc import Callable
from typing import Any

import boa


def test_commit__gives_ids_in_order_and_logs(
    registry: Any, contributor: str, outsider: str, entry: Callable[..., Any], events: Callable[..., Any]
) -> None:
    commitment = entry().commitment(contributor)
    for contribution_id, account in [(1, contributor), (2, outsider), (3, contributor)]:
        with boa.env.prank(account):
            assert registry.commit(commitment) == contribution_id
        assert events(registry, "Committed") == [
            {"contribution_id": contribution_id, "contributor": account, "commitment": commitment}
        ]
        assert registry.contribution_count() == contribution_id


def test_commit__is_no_contribution_yet(
    registry: Any, datanet_id: int, contributor: str, commit: Any, entry: Callable[..., Any]
) -> None:
    contribution_id = commit(contributor, entry())
    contribution = registry.contribution(contribution_id)
    assert (contribution.status, contribution.contributor) == (0, "0x" + "00" * 20)
    assert registry.contribution(contribution_id)._asdict() == registry.contribution(99)._asdict()
    assert registry.review_terms(contribution_id) == registry.review_terms(99)
    assert not registry.was_accepted(contribution_id, 2**255)
    with boa.env.prank(contributor), boa.reverts("datanet_registry: sender is not the contributor"):
        registry.withdraw_contribution(contribution_id, entry().canonical_hash)


def test_commit__of_anothers_hash__blocks_nobody(
    registry: Any, datanet_id: int, contributor: str, outsider: str, entry: Callable[..., Any], contribute: Any
) -> None:
    with boa.env.prank(outsider):
        registry.commit(entry().commitment(contributor))
    contribution_id = contribute(contributor, entry())
    assert registry.contribution(contribution_id).contributor == contributor


def test_commitment_of__is_the_documented_hash(registry: Any, contributor: str, entry: Callable[..., Any]) -> None:
    wanted = entry(datanet_id=7)
    arguments = (contributor, 7, wanted.digest, wanted.canonical_hash, wanted.salt)
    assert registry.commitment_of(*arguments) == wanted.commitment(contributor)
