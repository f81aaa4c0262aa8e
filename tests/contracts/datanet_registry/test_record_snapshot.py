from collections.abc import Callable
from typing import Any

import boa

ROOT, MANIFEST = b"\x01" * 32, b"\x02" * 32


def test_record_snapshot__stores_and_logs_the_root(
    registry: Any, datanet_id: int, datanet_owner: str, events: Callable[..., Any]
) -> None:
    with boa.env.prank(datanet_owner):
        registry.record_snapshot(datanet_id, ROOT, MANIFEST, 3)
    assert events(registry, "SnapshotRecorded") == [
        {"datanet_id": datanet_id, "dataset_root": ROOT, "manifest_digest": MANIFEST, "contribution_count": 3}
    ]
    assert registry.snapshot_datanet(ROOT) == datanet_id
    assert registry.snapshot_datanet(MANIFEST) == 0


def test_record_snapshot__of_zero__reverts(registry: Any, datanet_id: int, datanet_owner: str) -> None:
    with boa.env.prank(datanet_owner), boa.reverts("datanet_registry: dataset root is zero"):
        registry.record_snapshot(datanet_id, bytes(32), MANIFEST, 3)


def test_record_snapshot__of_nothing__reverts(registry: Any, datanet_id: int, datanet_owner: str) -> None:
    with boa.env.prank(datanet_owner), boa.reverts("datanet_registry: snapshot is empty"):
        registry.record_snapshot(datanet_id, ROOT, MANIFEST, 0)


def test_record_snapshot__twice__reverts_in_every_datanet(
    registry: Any, datanet_id: int, datanet_owner: str, create: Callable[..., int]
) -> None:
    second_id = create()
    with boa.env.prank(datanet_owner):
        registry.record_snapshot(datanet_id, ROOT, MANIFEST, 3)
        for wanted in (datanet_id, second_id):
            with boa.reverts("datanet_registry: dataset root already recorded"):
                registry.record_snapshot(wanted, ROOT, MANIFEST, 3)
