from collections.abc import Callable
from typing import Any

import boa

ROOT, SECOND_ROOT, MANIFEST = b"\x01" * 32, b"\x03" * 32, b"\x02" * 32


def test_record_snapshot__counts_versions_and_logs(
    registry: Any, datanet_id: int, datanet_owner: str, events: Callable[..., Any]
) -> None:
    before = registry.datanet(datanet_id)._asdict()
    for version, root in enumerate([ROOT, SECOND_ROOT], start=1):
        with boa.env.prank(datanet_owner):
            assert registry.record_snapshot(datanet_id, root, MANIFEST, 3) == version
        assert events(registry, "SnapshotRecorded") == [
            {
                "datanet_id": datanet_id,
                "dataset_root": root,
                "version": version,
                "manifest_digest": MANIFEST,
                "contribution_count": 3,
            }
        ]
        assert (registry.snapshot_datanet(root), registry.snapshot_version(datanet_id, root)) == (datanet_id, version)
        assert registry.datanet(datanet_id)._asdict() == before | {"snapshot_version": version}
    assert (registry.snapshot_datanet(MANIFEST), registry.snapshot_version(datanet_id, MANIFEST)) == (0, 0)


def test_record_snapshot__by_a_curator__counts(
    registry: Any, datanet_id: int, datanet_owner: str, outsider: str
) -> None:
    with boa.env.prank(datanet_owner):
        registry.set_curator(datanet_id, outsider, True)
    with boa.env.prank(outsider):
        assert registry.record_snapshot(datanet_id, ROOT, MANIFEST, 3) == 1


def test_record_snapshot__of_zero__reverts(registry: Any, datanet_id: int, datanet_owner: str) -> None:
    with boa.env.prank(datanet_owner), boa.reverts("snapshots: dataset root is zero"):
        registry.record_snapshot(datanet_id, bytes(32), MANIFEST, 3)


def test_record_snapshot__of_nothing__reverts(registry: Any, datanet_id: int, datanet_owner: str) -> None:
    with boa.env.prank(datanet_owner), boa.reverts("snapshots: snapshot is empty"):
        registry.record_snapshot(datanet_id, ROOT, MANIFEST, 0)


def test_record_snapshot__twice_in_a_datanet__reverts(registry: Any, datanet_id: int, datanet_owner: str) -> None:
    with boa.env.prank(datanet_owner):
        registry.record_snapshot(datanet_id, ROOT, MANIFEST, 3)
        with boa.reverts("snapshots: dataset root already recorded"):
            registry.record_snapshot(datanet_id, ROOT, MANIFEST, 3)


def test_record_snapshot__of_a_root_that_another_took_first__still_counts(
    registry: Any, datanet_id: int, datanet_owner: str, create: Callable[..., int], outsider: str
) -> None:
    thiefs_id = create()
    with boa.env.prank(datanet_owner):
        registry.transfer_datanet(thiefs_id, outsider)
    with boa.env.prank(outsider):
        registry.record_snapshot(thiefs_id, ROOT, MANIFEST, 3)
    with boa.env.prank(datanet_owner):
        assert registry.record_snapshot(datanet_id, SECOND_ROOT, MANIFEST, 3) == 1
        assert registry.record_snapshot(datanet_id, ROOT, MANIFEST, 3) == 2
    assert registry.snapshot_datanet(ROOT) == thiefs_id
    assert [registry.snapshot_version(wanted, ROOT) for wanted in (thiefs_id, datanet_id)] == [1, 2]
