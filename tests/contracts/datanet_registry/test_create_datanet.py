from collections.abc import Callable
from typing import Any

import boa
import pytest

TEXT, IMAGE, AUDIO = 1, 2, 4
OPEN = 10**18
KIB = 1_024
MAX_CONTRIBUTOR = (2**18 - 2) * KIB
MAX_DATANET = (2**24 - 2) * KIB


def test_create__stores_and_logs_everything(
    registry: Any,
    create: Callable[..., int],
    datanet_owner: str,
    limits: tuple[int, ...],
    terms: tuple[int, ...],
    events: Callable[..., Any],
) -> None:
    assert create() == 1
    fields = {"owner": datanet_owner, "modality": TEXT, "formats": 0b11, "metadata_digest": b"\x09" * 32}
    (event,) = events(registry, "DatanetCreated")
    assert {key: event[key] for key in fields} == fields
    assert (event["datanet_id"], tuple(event["limits"]), tuple(event["terms"])) == (1, limits, terms)
    assert registry.datanet_count() == 1
    datanet = registry.datanet(1)._asdict()
    assert {key: datanet[key] for key in fields} == fields
    assert (tuple(datanet["limits"]), tuple(datanet["terms"])) == (limits, terms)
    assert (datanet["is_open"], datanet["snapshot_version"]) == (True, 0)


def test_datanet__that_does_not_exist__is_all_zero(registry: Any, datanet_id: int) -> None:
    for wanted in (0, datanet_id + 1, 2**96 + datanet_id):
        datanet = registry.datanet(wanted)
        assert (datanet.owner, datanet.is_open) == ("0x" + "00" * 20, False)
        assert (tuple(datanet.limits), tuple(datanet.terms)) == ((0, 0, 0, 0), (0, 0, 0))


@pytest.mark.parametrize(
    ("modality", "formats"), [(TEXT, 0b1111), (IMAGE, 0b111111 << 8), (AUDIO, 0b111 << 16), (AUDIO, 1 << 18)]
)
def test_create__takes_every_format_of_the_modality(
    registry: Any, create: Callable[..., int], modality: int, formats: int
) -> None:
    datanet = registry.datanet(create(modality=modality, formats=formats))
    assert (datanet.modality, datanet.formats) == (modality, formats)


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


BAD_TERMS = [
    ((2, 1, 1), "datanets: committee too small"),
    ((16, 1, 1), "datanets: committee too large"),
    ((4, 1, 1), "datanets: committee is even"),
    ((3, 1_000 * OPEN + 1, 1), "datanets: review fee too large"),
    ((3, 1, 0), "datanets: review reward is zero"),
    ((3, 1, 2 * OPEN + 1), "datanets: review reward too large"),
    ((3, 2**256 - 1, 1), "datanets: review fee too large"),
]


@pytest.mark.parametrize(("terms", "reason"), BAD_TERMS)
def test_create__with_bad_terms__reverts(create: Callable[..., int], terms: tuple[int, ...], reason: str) -> None:
    with boa.reverts(reason):
        create(terms=terms)


@pytest.mark.parametrize("terms", [(3, 0, 1), (15, 1_000 * OPEN, 2 * OPEN)])
def test_create__with_extreme_terms__keeps_them(
    registry: Any, create: Callable[..., int], terms: tuple[int, ...]
) -> None:
    assert tuple(registry.datanet(create(terms=terms)).terms) == terms


BAD_LIMITS = [
    ((10, 10, 1, 0), "datanets: file limit is zero"),
    ((10, 20, 1, 11), "datanets: file limit above the contributor's"),
    ((21, 20, 1, 5), "datanets: contributor limit above the datanet's"),
    ((2**18 - 1, 2**18 - 1, 1, 5), "datanets: contributor limit too large"),
    ((10, 2**24 - 1, 1, 5), "datanets: datanet limit too large"),
    ((10, 20, 0, 5), "datanets: no files a day"),
    ((10, 20, 63, 5), "datanets: too many files a day"),
]


@pytest.mark.parametrize(("limits", "reason"), BAD_LIMITS)
def test_create__with_bad_limits__reverts(create: Callable[..., int], limits: tuple[int, ...], reason: str) -> None:
    contributor_kib, datanet_kib, files, file_kib = limits
    with boa.reverts(reason):
        create(limits=(contributor_kib * KIB, datanet_kib * KIB, files, file_kib * KIB))


@pytest.mark.parametrize("place", [0, 1, 3])
def test_create__with_a_limit_not_in_whole_kib__reverts(create: Callable[..., int], place: int) -> None:
    limits = [20 * KIB, 30 * KIB, 1, 10 * KIB]
    limits[place] += 512
    with boa.reverts("datanets: limit not in whole KiB"):
        create(limits=tuple(limits))


@pytest.mark.parametrize("limits", [(KIB, KIB, 1, KIB), (MAX_CONTRIBUTOR, MAX_DATANET, 62, MAX_CONTRIBUTOR)])
def test_create__with_extreme_limits__keeps_them(
    registry: Any, create: Callable[..., int], datanet_owner: str, limits: tuple[int, ...]
) -> None:
    datanet = registry.datanet(create(limits=limits))
    assert tuple(datanet.limits) == limits
    assert (datanet.owner, datanet.modality, datanet.formats, datanet.is_open) == (datanet_owner, TEXT, 0b11, True)
