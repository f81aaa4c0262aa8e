from collections.abc import Callable
from typing import Any

import boa
import pytest

WEIGHTS, MANIFEST, LICENCE = b"\x03" * 32, b"\x04" * 32, b"\x11" * 32


def test_register_adapter__stores_and_logs(
    registry: Any,
    register: Callable[..., int],
    base_id: int,
    adapter_owner: str,
    dataset_root: bytes,
    events: Callable[..., Any],
) -> None:
    assert register() == 1
    fields = {
        "owner": adapter_owner,
        "base_id": base_id,
        "parent_id": 0,
        "weights_digest": WEIGHTS,
        "manifest_digest": MANIFEST,
        "royalty_bps": 1_000,
    }
    prices = {"input_price_wei_per_1k": 10**15, "output_price_wei_per_1k": 2 * 10**15}
    rest = {"licence_digest": LICENCE, "dataset_roots": [dataset_root]}
    assert events(registry, "AdapterRegistered") == [{"adapter_id": 1, **fields, **rest}]
    assert events(registry, "PriceSet") == [{"adapter_id": 1, **prices}]
    assert registry.adapter(1)._asdict() == fields | prices | {"is_active": True}
    assert registry.dataset_roots(1) == [dataset_root]
    assert registry.licence_of(1) == LICENCE
    assert registry.adapter_count() == 1


def test_register_adapter__on_a_parent__keeps_the_link(registry: Any, register: Callable[..., int]) -> None:
    parent_id = register()
    assert registry.adapter(register(parent_id=parent_id)).parent_id == parent_id


def test_register_adapter__with_sixteen_roots__keeps_their_order(
    registry: Any, register: Callable[..., int], record: Callable[[bytes], bytes]
) -> None:
    roots = [record(bytes([number]) * 32) for number in range(116, 100, -1)]
    assert registry.dataset_roots(register(dataset_roots=roots)) == roots


BAD_ADAPTERS = [
    ({"weights_digest": bytes(32)}, "model_registry: weights digest is zero"),
    ({"manifest_digest": bytes(32)}, "model_registry: manifest digest is zero"),
    ({"licence_digest": bytes(32)}, "model_registry: licence digest is zero"),
    ({"base_id": 0}, "model_registry: no such base"),
    ({"base_id": 2}, "model_registry: no such base"),
    ({"royalty_bps": 2_001}, "model_registry: royalty above 2,000 bps"),
    ({"royalty_bps": 2**256 - 1}, "model_registry: royalty above 2,000 bps"),
    ({"parent_id": 1}, "model_registry: no such parent"),
    ({"parent_id": 2**32}, "model_registry: no such parent"),
    ({"dataset_roots": []}, "model_registry: no dataset root"),
    ({"dataset_roots": [b"\x0e" * 32]}, "model_registry: dataset root not recorded"),
    ({"dataset_roots": [bytes(32)]}, "model_registry: dataset root not recorded"),
    ({"dataset_roots": [b"\x0d" * 32] * 2}, "model_registry: dataset root named twice"),
    ({"input_price": 2**96}, "prices: input price too large"),
    ({"output_price": 2**96}, "prices: output price too large"),
]


@pytest.mark.parametrize(("changes", "reason"), BAD_ADAPTERS)
def test_register_adapter__with_a_bad_field__reverts(
    registry: Any, register: Callable[..., int], changes: dict[str, Any], reason: str
) -> None:
    with boa.reverts(reason):
        register(**changes)
    assert registry.adapter_count() == 0


def test_register_adapter__on_itself_or_later__reverts(register: Callable[..., int]) -> None:
    # ids are given in order, so a cycle would need a parent that does not exist yet
    adapter_id = register()
    with boa.reverts("model_registry: no such parent"):
        register(parent_id=adapter_id + 1)


def test_register_adapter__on_a_parent_of_another_base__reverts(registry: Any, register: Callable[..., int]) -> None:
    parent_id = register()
    other_base_id = registry.register_base(b"\x05" * 32, b"\x06" * 32, LICENCE)
    with boa.reverts("model_registry: parent has another base"):
        register(parent_id=parent_id, base_id=other_base_id)


def test_register_adapter__deeper_than_eight__reverts(register: Callable[..., int]) -> None:
    adapter_id = 0
    for _ in range(8):
        adapter_id = register(parent_id=adapter_id)
    with boa.reverts("model_registry: lineage too deep"):
        register(parent_id=adapter_id)
