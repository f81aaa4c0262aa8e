from collections.abc import Callable
from typing import Any

import boa
import pytest

TEXT, IMAGE, AUDIO = 1, 2, 4
TERABYTE = 2**40


def test_create__stores_and_logs_everything(
    registry: Any,
    create: Callable[..., int],
    datanet_owner: str,
    limits: tuple[int, ...],
    events: Callable[..., Any],
) -> None:
    assert create() == 1
    fields = {"owner": datanet_owner, "modality": TEXT, "formats": 0b11, "quorum": 2}
    (event,) = events(registry, "DatanetCreated")
    assert {key: event[key] for key in fields} == fields
    assert registry.datanet_count() == 1
    assert (event["datanet_id"], tuple(event["limits"]), event["metadata_digest"]) == (1, limits, b"\x09" * 32)
    datanet = registry.datanet(1)._asdict()
    assert {key: datanet[key] for key in fields} == fields
    assert (datanet["is_open"], tuple(datanet["limits"]), datanet["metadata_digest"]) == (True, limits, b"\x09" * 32)


@pytest.mark.parametrize(
    ("modality", "formats"), [(TEXT, 0b1111), (IMAGE, 0b111111 << 8), (AUDIO, 0b111 << 16), (AUDIO, 1 << 18)]
)
def test_create__takes_every_format_of_the_modality(
    registry: Any, create: Callable[..., int], modality: int, formats: int
) -> None:
    created = create(modality=modality, formats=formats)
    assert (registry.datanet(created).modality, registry.datanet(created).formats) == (modality, formats)


@pytest.mark.parametrize(
    ("modality", "formats"),
    [
        (TEXT, 1 << 4),
        (TEXT, 1 | 1 << 8),
        (TEXT, 1 << 255),
        (IMAGE, 1),
        (IMAGE, 1 << 14),
        (AUDIO, 1 << 15),
        (AUDIO, 1 << 19),
    ],
)
def test_create__with_a_foreign_format__reverts(create: Callable[..., int], modality: int, formats: int) -> None:
    with boa.reverts("datanets: format of another modality"):
        create(modality=modality, formats=formats)


def test_create__without_a_format__reverts(create: Callable[..., int]) -> None:
    with boa.reverts("datanets: no format"):
        create(formats=0)


@pytest.mark.parametrize("modality", [0, TEXT | IMAGE, 7])
def test_create__without_exactly_one_modality__reverts(create: Callable[..., int], modality: int) -> None:
    with boa.reverts("datanets: not one modality"):
        create(modality=modality)


@pytest.mark.parametrize(("quorum", "reason"), [(0, "datanets: quorum is zero"), (65, "datanets: quorum too large")])
def test_create__with_a_quorum_out_of_range__reverts(create: Callable[..., int], quorum: int, reason: str) -> None:
    with boa.reverts(reason):
        create(quorum=quorum)


BAD_LIMITS = [
    ((10, 10, 1, 0), "allowances: file limit is zero"),
    ((10, 20, 1, 11), "allowances: file limit too large"),
    ((21, 20, 1, 5), "allowances: contributor limit too large"),
    ((10, TERABYTE, 1, 5), "allowances: datanet limit too large"),
    ((10, 20, 0, 5), "allowances: no files a day"),
    ((10, 20, 1_001, 5), "allowances: too many files a day"),
]


@pytest.mark.parametrize(("limits", "reason"), BAD_LIMITS)
def test_create__with_bad_limits__reverts(create: Callable[..., int], limits: tuple[int, ...], reason: str) -> None:
    with boa.reverts(reason):
        create(limits=limits)


@pytest.mark.parametrize("limits", [(1, 1, 1, 1), (TERABYTE - 1, TERABYTE - 1, 1_000, TERABYTE - 1)])
def test_create__with_extreme_limits__keeps_them(
    registry: Any, create: Callable[..., int], limits: tuple[int, ...]
) -> None:
    assert tuple(registry.datanet(create(limits=limits)).limits) == limits


def test_abi__has_every_event_of_the_interface(
    registry: Any, interface_events: Callable[[str], set[str]], abi_events: Callable[[Any], set[str]]
) -> None:
    declared = interface_events("IDatanetRegistry")
    assert declared and declared <= abi_events(registry)
