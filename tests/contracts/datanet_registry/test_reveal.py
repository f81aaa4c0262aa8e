from collections.abc import Callable
from typing import Any

import boa
import pytest

RAW, DAG_PB = 0x55, 0x70
PENDING = 1
DAY = 86_400
LARGEST_BLOCK = 262_144


def test_reveal__stores_and_logs_everything(
    registry: Any,
    datanet_id: int,
    contributor: str,
    entry: Callable[..., Any],
    add_deposits: Any,
    terms: tuple[int, ...],
    events: Callable[..., Any],
) -> None:
    revealed = entry(byte_count=12_345, format=1)
    add_deposits(contributor, datanet_id, 2)
    with boa.env.prank(contributor):
        contribution_id = registry.commit(revealed.commitment(contributor))
        commit_block = boa.env.evm.patch.block_number
        boa.env.time_travel(blocks=5)
        registry.reveal(*revealed.arguments(contribution_id))
    fields = {"datanet_id": datanet_id, "contributor": contributor, "byte_count": 12_345, "format": 1}
    content = {"digest": revealed.digest, "canonical_hash": revealed.canonical_hash, "codec": RAW}
    assert events(registry, "Contributed") == [
        {"contribution_id": contribution_id, "commit_block": commit_block, **fields, **content}
    ]
    times = {"decided_at": 0, "withdrawn_at": 0}
    assert registry.contribution(contribution_id)._asdict() == fields | times | {"status": PENDING, "score": 0}
    assert registry.contribution_by_canonical_hash(revealed.canonical_hash) == contribution_id
    assert registry.free_deposits(datanet_id, contributor) == 1
    assert registry.review_terms(contribution_id) == (datanet_id, contributor, 1, PENDING, terms)


def test_reveal__twice__reverts(registry: Any, datanet_id: int, contributor: str, entry: Any, contribute: Any) -> None:
    contribution_id = contribute(contributor, entry())
    with boa.env.prank(contributor), boa.reverts("commitments: already revealed"):
        registry.reveal(*entry().arguments(contribution_id))


def test_reveal__in_the_block_of_the_commit__reverts(
    registry: Any, datanet_id: int, contributor: str, entry: Callable[..., Any]
) -> None:
    with boa.env.prank(contributor):
        contribution_id = registry.commit(entry().commitment(contributor))
        with boa.reverts("commitments: reveal needs a later block"):
            registry.reveal(*entry().arguments(contribution_id))


@pytest.mark.parametrize("seconds", [0, DAY, DAY + 1])
def test_reveal__counts_for_a_day_to_the_second(
    registry: Any, datanet_id: int, contributor: str, entry: Any, add_deposits: Any, commit: Any, seconds: int
) -> None:
    add_deposits(contributor, datanet_id)
    contribution_id = commit(contributor, entry())
    boa.env.time_travel(seconds=seconds)
    with boa.env.prank(contributor):
        if seconds > DAY:
            with boa.reverts("commitments: reveal too late"):
                registry.reveal(*entry().arguments(contribution_id))
        else:
            registry.reveal(*entry().arguments(contribution_id))


def test_reveal__copied_by_another__reverts(
    registry: Any, datanet_id: int, contributor: str, outsider: str, entry: Any, commit: Any, add_deposits: Any
) -> None:
    add_deposits(outsider, datanet_id)
    contribution_id = commit(contributor, entry())
    with boa.env.prank(outsider), boa.reverts("commitments: not what was committed"):
        registry.reveal(*entry().arguments(contribution_id))


@pytest.mark.parametrize("wanted", [0, 2, 2**160, 2**256 - 1])
def test_reveal__of_an_id_that_was_not_given__reverts(
    registry: Any, datanet_id: int, contributor: str, entry: Any, commit: Any, wanted: int
) -> None:
    commit(contributor, entry())
    with boa.env.prank(contributor), boa.reverts("commitments: not what was committed"):
        registry.reveal(*entry().arguments(wanted))


@pytest.mark.parametrize("field", ["datanet_id", "digest", "canonical_hash", "salt"])
def test_reveal__with_another_field_than_committed__reverts(
    registry: Any, datanet_id: int, contributor: str, entry: Any, create: Any, commit: Any, field: str
) -> None:
    create()
    changed = {field: 2 if field == "datanet_id" else b"\x77" * 32}
    contribution_id = commit(contributor, entry())
    with boa.env.prank(contributor), boa.reverts("commitments: not what was committed"):
        registry.reveal(*entry(**changed).arguments(contribution_id))


def test_reveal__without_a_deposit__reverts(
    registry: Any, datanet_id: int, create: Any, contributor: str, entry: Any, commit: Any, add_deposits: Any
) -> None:
    add_deposits(contributor, create(), 3)
    contribution_id = commit(contributor, entry())
    with boa.env.prank(contributor), boa.reverts("allowances: no free deposit"):
        registry.reveal(*entry().arguments(contribution_id))
    add_deposits(contributor, datanet_id)
    with boa.env.prank(contributor):
        registry.reveal(*entry().arguments(contribution_id))
    assert [registry.free_deposits(wanted, contributor) for wanted in (1, 2)] == [0, 3]


BAD_ENTRIES = [
    ({"datanet_id": 2}, "allowances: datanet is not open"),
    ({"datanet_id": 0}, "allowances: datanet is not open"),
    ({"datanet_id": 2**96 + 1}, "allowances: datanet is not open"),
    ({"format": 2}, "allowances: format not taken"),
    ({"format": 27}, "allowances: format not taken"),
    ({"format": 256}, "allowances: format not taken"),
    ({"format": 2**256 - 1}, "allowances: format not taken"),
    ({"byte_count": 0}, "allowances: file is empty"),
    ({"byte_count": 5_242_881}, "allowances: file too large"),
    ({"byte_count": 2**256 - 1}, "allowances: file too large"),
]


@pytest.mark.parametrize(("changes", "reason"), BAD_ENTRIES)
def test_reveal__of_a_bad_entry__reverts(
    datanet_id: int, contributor: str, entry: Callable[..., Any], contribute: Any, changes: Any, reason: str
) -> None:
    with boa.reverts(reason):
        contribute(contributor, entry(**changes))


SIZES = [(1, RAW), (LARGEST_BLOCK, RAW), (LARGEST_BLOCK + 1, DAG_PB), (5_242_880, DAG_PB)]


@pytest.mark.parametrize(("byte_count", "codec"), SIZES)
def test_reveal__logs_the_codec_of_the_size(
    registry: Any,
    datanet_id: int,
    contributor: str,
    entry: Any,
    contribute: Any,
    events: Any,
    byte_count: int,
    codec: int,
) -> None:
    contribution_id = contribute(contributor, entry(byte_count=byte_count))
    (event,) = events(registry, "Contributed")
    assert (event["byte_count"], event["codec"]) == (byte_count, codec)
    assert registry.contribution(contribution_id).byte_count == byte_count


def test_reveal__to_a_closed_datanet__reverts(
    registry: Any, datanet_id: int, datanet_owner: str, contributor: str, entry: Callable[..., Any], contribute: Any
) -> None:
    with boa.env.prank(datanet_owner):
        registry.set_open(datanet_id, False)
    with boa.reverts("allowances: datanet is not open"):
        contribute(contributor, entry())


def test_is_content__asks_for_id_digest_and_hash(
    registry: Any, datanet_id: int, contributor: str, entry: Any, contribute: Any
) -> None:
    contribution_id = contribute(contributor, entry())
    digest, canonical_hash = entry().digest, entry().canonical_hash
    # the last five bytes are cut off
    same = digest[:27] + bytes(5)
    other = digest[:26] + bytes([digest[26] ^ 1]) + digest[27:]
    assert registry.is_content(contribution_id, digest, canonical_hash)
    assert registry.is_content(contribution_id, same, canonical_hash)
    assert not registry.is_content(contribution_id, other, canonical_hash)
    assert not registry.is_content(contribution_id, digest, digest)
    assert not registry.is_content(contribution_id + 1, digest, canonical_hash)
    assert not registry.is_content(contribution_id + 2**40, digest, canonical_hash)
    assert not registry.is_content(0, bytes(32), digest)
