from collections.abc import Callable
from typing import Any

import boa

WEIGHTS, MANIFEST, LICENCE = b"\x01" * 32, b"\x02" * 32, b"\x11" * 32


def test_register_base__stores_and_logs(registry: Any, base_owner: str, events: Callable[..., Any]) -> None:
    with boa.env.prank(base_owner):
        assert registry.register_base(WEIGHTS, MANIFEST, LICENCE) == 1
    fields = {
        "owner": base_owner,
        "weights_digest": WEIGHTS,
        "manifest_digest": MANIFEST,
        "licence_digest": LICENCE,
    }
    assert events(registry, "BaseRegistered") == [{"base_id": 1, **fields}]
    assert registry.base(1)._asdict() == fields
    assert registry.base_count() == 1


def test_register_base__without_weights__reverts(registry: Any) -> None:
    with boa.reverts("model_registry: weights digest is zero"):
        registry.register_base(bytes(32), MANIFEST, LICENCE)


def test_register_base__without_manifest__reverts(registry: Any) -> None:
    with boa.reverts("model_registry: manifest digest is zero"):
        registry.register_base(WEIGHTS, bytes(32), LICENCE)


def test_register_base__without_licence__reverts(registry: Any) -> None:
    with boa.reverts("model_registry: licence digest is zero"):
        registry.register_base(WEIGHTS, MANIFEST, bytes(32))


def test_deploy__with_zero_registry__reverts(factory: Callable[[str], Any]) -> None:
    with boa.reverts("model_registry: datanet registry is the zero address"):
        factory("ModelRegistry").deploy("0x" + "00" * 20)


def test_abi__has_every_event_of_the_interface(
    registry: Any, interface_events: Callable[[str], set[str]], abi_events: Callable[[Any], set[str]]
) -> None:
    declared = interface_events("IModelRegistry")
    assert declared and declared <= abi_events(registry)
