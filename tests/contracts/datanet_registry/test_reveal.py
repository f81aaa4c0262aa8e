from collections.abc import Callable
from typing import Any

import boa
import pytest

RAW, DAG_PB = 0x55, 0x70
PENDING = 1
DAY = 86_400
LARGEST_BLOCK = 262_144


def test_reveal__stores_and_logs_everything(
    registry: Any, datanet_id: int, contributor: str, entry: Callable[..., Any], events: Callable[..., Any]
) -> None:
    revealed = entry(byte_count=12_345, format=1)
    with boa.env.prank(contributor):
        registry.commit(revealed.commitment(contributor))
        commit_block = boa.env.evm.patch.block_number
        boa.env.time_travel(blocks=5)
        assert registry.reveal(*revealed.arguments()) == 1
    fields = {
        "datanet_id": datanet_id,
        "contributor": contributor,
        "digest": revealed.digest,
        "codec": RAW,
        "canonical_hash": revealed.canonical_hash,
        "byte_count": 12_345,
        "format": 1,
        "commit_block": commit_block,
    }
    assert events(registry, "Contributed") == [{"contribution_id": 1, **fields}]
    assert registry.contribution_count() == 1
    assert registry.contribution(1)._asdict() == fields | {"status": PENDING, "score": 0}
    assert registry.contribution_by_canonical_hash(revealed.canonical_hash) == 1


def test_reveal__uses_the_commitment_up(
    registry: Any, datanet_id: int, contributor: str, entry: Callable[..., Any], contribute: Callable[..., int]
) -> None:
    contribute(contributor, entry())
    with boa.env.prank(contributor), boa.reverts("commitments: nothing committed"):
        registry.reveal(*entry().arguments())


def test_reveal__in_the_block_of_the_commit__reverts(
    registry: Any, datanet_id: int, contributor: str, entry: Callable[..., Any]
) -> None:
    with boa.env.prank(contributor):
        registry.commit(entry().commitment(contributor))
        with boa.reverts("commitments: reveal needs a later block"):
            registry.reveal(*entry().arguments())


def test_reveal__in_the_last_second_of_the_day__counts(
    registry: Any, datanet_id: int, contributor: str, entry: Callable[..., Any]
) -> None:
    with boa.env.prank(contributor):
        registry.commit(entry().commitment(contributor))
        boa.env.time_travel(seconds=DAY)
        assert registry.reveal(*entry().arguments()) == 1


def test_reveal__a_second_later__reverts(
    registry: Any, datanet_id: int, contributor: str, entry: Callable[..., Any]
) -> None:
    with boa.env.prank(contributor):
        registry.commit(entry().commitment(contributor))
        boa.env.time_travel(seconds=DAY + 1)
        with boa.reverts("commitments: reveal too late"):
            registry.reveal(*entry().arguments())


def test_reveal__copied_by_another__reverts(
    registry: Any, datanet_id: int, contributor: str, outsider: str, entry: Callable[..., Any]
) -> None:
    with boa.env.prank(contributor):
        registry.commit(entry().commitment(contributor))
    boa.env.time_travel(blocks=1)
    with boa.env.prank(outsider), boa.reverts("commitments: nothing committed"):
        registry.reveal(*entry().arguments())


@pytest.mark.parametrize("field", ["datanet_id", "digest", "canonical_hash", "salt"])
def test_reveal__with_another_field_than_committed__reverts(
    registry: Any, datanet_id: int, contributor: str, entry: Callable[..., Any], create: Any, field: str
) -> None:
    create()
    changed = {field: 2 if field == "datanet_id" else b"\x77" * 32}
    with boa.env.prank(contributor):
        registry.commit(entry().commitment(contributor))
        boa.env.time_travel(blocks=1)
        with boa.reverts("commitments: nothing committed"):
            registry.reveal(*entry(**changed).arguments())


BAD_ENTRIES = [
    ({"datanet_id": 2}, "datanets: datanet is not open"),
    ({"datanet_id": 0}, "datanets: datanet is not open"),
    ({"format": 2}, "datanets: format not taken"),
    ({"format": 32}, "datanets: unknown format"),
    ({"format": 256}, "datanets: unknown format"),
    ({"digest": bytes(32)}, "datanet_registry: digest is zero"),
    ({"canonical_hash": bytes(32)}, "datanet_registry: canonical hash is zero"),
    ({"byte_count": 0}, "datanet_registry: file is empty"),
    ({"byte_count": LARGEST_BLOCK, "codec": DAG_PB}, "datanet_registry: codec does not fit the size"),
    ({"byte_count": LARGEST_BLOCK + 1, "codec": RAW}, "datanet_registry: codec does not fit the size"),
    ({"codec": 0x71}, "datanet_registry: codec does not fit the size"),
    ({"byte_count": 5_242_881, "codec": DAG_PB}, "allowances: file too large"),
    ({"byte_count": 2**256 - 1, "codec": DAG_PB}, "allowances: file too large"),
]


@pytest.mark.parametrize(("changes", "reason"), BAD_ENTRIES)
def test_reveal__of_a_bad_entry__reverts(
    datanet_id: int, contributor: str, entry: Callable[..., Any], contribute: Any, changes: Any, reason: str
) -> None:
    with boa.reverts(reason):
        contribute(contributor, entry(**changes))


SIZES = [(1, RAW), (LARGEST_BLOCK, RAW), (LARGEST_BLOCK + 1, DAG_PB), (5_242_880, DAG_PB)]


@pytest.mark.parametrize("size", SIZES)
def test_reveal__with_the_codec_of_the_size__counts(
    registry: Any, datanet_id: int, contributor: str, entry: Any, contribute: Any, size: tuple[int, int]
) -> None:
    byte_count, codec = size
    contribution = registry.contribution(contribute(contributor, entry(byte_count=byte_count, codec=codec)))
    assert (contribution.byte_count, contribution.codec) == size


def test_reveal__to_a_closed_datanet__reverts(
    registry: Any, datanet_id: int, datanet_owner: str, contributor: str, entry: Callable[..., Any], contribute: Any
) -> None:
    with boa.env.prank(datanet_owner):
        registry.set_open(datanet_id, False)
    with boa.reverts("datanets: datanet is not open"):
        contribute(contributor, entry())


def test_reveal__of_content_in_another_datanet__reverts(
    datanet_id: int, contributor: str, outsider: str, entry: Callable[..., Any], contribute: Any, create: Any
) -> None:
    contribute(contributor, entry())
    with boa.reverts("datanet_registry: content already contributed"):
        contribute(outsider, entry(datanet_id=create(), digest=b"\x66" * 32))
