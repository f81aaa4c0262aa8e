"""A registry of models with one base and a recorded dataset root, and a way to register adapters."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

DATASET_ROOT = b"\x0d" * 32
LICENCE = b"\x11" * 32
TERMS = (3, 10**17, 10**18)
LIMITS = (2**20, 2**20, 1, 2**20)


@pytest.fixture
def datanet_owner(actor: Callable[[str], str]) -> str:
    return actor("datanet_owner")


@pytest.fixture
def datanet_registry(factory: Callable[[str], Any], open_token: Any, datanet_owner: str) -> Any:
    return factory("DatanetRegistry").deploy(open_token, datanet_owner, 10**18, datanet_owner)


@pytest.fixture
def record(datanet_registry: Any, datanet_owner: str) -> Callable[[bytes], bytes]:
    """Records a dataset root for a fresh Datanet; returns the root."""

    def run(dataset_root: bytes) -> bytes:
        with boa.env.prank(datanet_owner):
            datanet_id = datanet_registry.create_datanet(1, 1, TERMS, LIMITS, bytes(32))
            datanet_registry.record_snapshot(datanet_id, dataset_root, bytes(32), 1)
        return dataset_root

    return run


@pytest.fixture
def dataset_root(record: Callable[[bytes], bytes]) -> bytes:
    return record(DATASET_ROOT)


@pytest.fixture
def registry(factory: Callable[[str], Any], datanet_registry: Any) -> Any:
    return factory("ModelRegistry").deploy(datanet_registry)


@pytest.fixture
def base_owner(actor: Callable[[str], str]) -> str:
    return actor("base_owner")


@pytest.fixture
def adapter_owner(actor: Callable[[str], str]) -> str:
    return actor("adapter_owner")


@pytest.fixture
def base_id(registry: Any, base_owner: str) -> int:
    with boa.env.prank(base_owner):
        return int(registry.register_base(b"\x01" * 32, b"\x02" * 32, LICENCE))


@pytest.fixture
def register(registry: Any, base_id: int, adapter_owner: str, dataset_root: bytes) -> Callable[..., int]:
    """`register(owner=…, **changes)`: an adapter; returns its id."""

    def run(owner: str = adapter_owner, **changes: Any) -> int:
        arguments = {
            "base_id": base_id,
            "parent_id": 0,
            "weights_digest": b"\x03" * 32,
            "manifest_digest": b"\x04" * 32,
            "licence_digest": LICENCE,
            "dataset_roots": [dataset_root],
            "royalty_bps": 1_000,
            "input_price": 10**15,
            "output_price": 2 * 10**15,
        }
        with boa.env.prank(owner):
            return int(registry.register_adapter(*(arguments | changes).values()))

    return run


@pytest.fixture
def adapter_id(register: Callable[..., int]) -> int:
    return register()
