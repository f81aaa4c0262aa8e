"""The ABI has all of OpenZeppelin 5.7.0's TimelockController, from build/contracts of its npm package."""

from collections.abc import Callable
from typing import Any

import pytest
from eth_utils import function_signature_to_4byte_selector

BATCH = "address[],uint256[],bytes[],bytes32,bytes32"
CALL = "address,uint256,bytes,bytes32,bytes32"
OPENZEPPELIN_FUNCTIONS = {
    "CANCELLER_ROLE() view -> bytes32",
    "DEFAULT_ADMIN_ROLE() view -> bytes32",
    "EXECUTOR_ROLE() view -> bytes32",
    "PROPOSER_ROLE() view -> bytes32",
    "cancel(bytes32) nonpayable -> ",
    f"execute({CALL}) payable -> ",
    f"executeBatch({BATCH}) payable -> ",
    "getMinDelay() view -> uint256",
    "getOperationState(bytes32) view -> uint8",
    "getRoleAdmin(bytes32) view -> bytes32",
    "getTimestamp(bytes32) view -> uint256",
    "grantRole(bytes32,address) nonpayable -> ",
    "hasRole(bytes32,address) view -> bool",
    f"hashOperation({CALL}) pure -> bytes32",
    f"hashOperationBatch({BATCH}) pure -> bytes32",
    "isOperation(bytes32) view -> bool",
    "isOperationDone(bytes32) view -> bool",
    "isOperationPending(bytes32) view -> bool",
    "isOperationReady(bytes32) view -> bool",
    "onERC1155BatchReceived(address,address,uint256[],uint256[],bytes) nonpayable -> bytes4",
    "onERC1155Received(address,address,uint256,uint256,bytes) nonpayable -> bytes4",
    "onERC721Received(address,address,uint256,bytes) nonpayable -> bytes4",
    "renounceRole(bytes32,address) nonpayable -> ",
    "revokeRole(bytes32,address) nonpayable -> ",
    f"schedule({CALL},uint256) nonpayable -> ",
    f"scheduleBatch({BATCH},uint256) nonpayable -> ",
    "supportsInterface(bytes4) view -> bool",
    "updateDelay(uint256) nonpayable -> ",
}
# the names of the fields too, with a star for an indexed one
OPENZEPPELIN_EVENTS = {
    "CallExecuted(bytes32* id,uint256* index,address target,uint256 value,bytes data)",
    "CallSalt(bytes32* id,bytes32 salt)",
    "CallScheduled(bytes32* id,uint256* index,address target,uint256 value,bytes data,bytes32 predecessor,"
    "uint256 delay)",
    "Cancelled(bytes32* id)",
    "MinDelayChange(uint256 oldDuration,uint256 newDuration)",
    "RoleGranted(bytes32* role,address* account,address* sender)",
    "RoleRevoked(bytes32* role,address* account,address* sender)",
}


def functions(abi: list[dict[str, Any]]) -> set[str]:
    return {
        f"{entry['name']}({','.join(argument['type'] for argument in entry['inputs'])}) {entry['stateMutability']} -> "
        + ",".join(output["type"] for output in entry["outputs"])
        for entry in abi
        if entry["type"] == "function"
    }


def events(abi: list[dict[str, Any]]) -> set[str]:
    return {
        f"{entry['name']}("
        + ",".join(f"{field['type']}{'*' * field['indexed']} {field['name']}" for field in entry["inputs"])
        + ")"
        for entry in abi
        if entry["type"] == "event"
    }


def test_abi__has_every_function_of_openzeppelin(timelock: Any) -> None:
    assert functions(timelock.abi) >= OPENZEPPELIN_FUNCTIONS


def test_abi__has_every_event_of_openzeppelin(timelock: Any) -> None:
    # RoleAdminChanged is left out: roles have one admin for good
    assert events(timelock.abi) >= OPENZEPPELIN_EVENTS


def test_abi__has_no_second_name_for_a_function(timelock: Any) -> None:
    ours = {text.split("(")[0] for text in functions(timelock.abi)}
    theirs = {text.split("(")[0] for text in OPENZEPPELIN_FUNCTIONS}
    assert ours - theirs == {"MAX_DELAY_SECONDS"}


def test_abi__has_every_event_of_the_interface(
    timelock: Any, interface_events: Callable[[str], set[str]], abi_events: Callable[[Any], set[str]]
) -> None:
    declared = interface_events("ITimelock")
    assert declared and declared <= abi_events(timelock)


@pytest.mark.parametrize(
    "interface", ["01ffc9a7", "7965db0b", "4e2312e0"], ids=["ERC-165", "IAccessControl", "ERC-1155"]
)
def test_supports_interface__of_one_it_has__is_true(timelock: Any, interface: str) -> None:
    assert timelock.supportsInterface(bytes.fromhex(interface))


def test_supports_interface__of_none__is_false(timelock: Any) -> None:
    assert not timelock.supportsInterface(b"\xff" * 4)


def test_token_receivers__answer_with_their_selector(timelock: Any, roles: Any) -> None:
    one, other = roles.outsider, roles.governor
    selector = function_signature_to_4byte_selector
    batch = timelock.onERC1155BatchReceived(one, other, [1] * 64, [2] * 64, b"\x01" * 1024)
    assert timelock.onERC721Received(one, other, 1, b"") == selector("onERC721Received(address,address,uint256,bytes)")
    assert timelock.onERC1155Received(one, other, 1, 2, b"") == selector(
        "onERC1155Received(address,address,uint256,uint256,bytes)"
    )
    assert batch == selector("onERC1155BatchReceived(address,address,uint256[],uint256[],bytes)")
