"""What the token says of itself: interface ids, selectors and type hashes, each computed from the standards' text."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import pytest
from eth_utils import function_signature_to_4byte_selector, keccak

TRANSFER_ARGUMENTS = "address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32"
INTERFACES = {
    "ERC-165": ["supportsInterface(bytes4)"],
    "ERC-20": [
        "totalSupply()",
        "balanceOf(address)",
        "transfer(address,uint256)",
        "allowance(address,address)",
        "approve(address,uint256)",
        "transferFrom(address,address,uint256)",
    ],
    "ERC-20 metadata": ["name()", "symbol()", "decimals()"],
    "EIP-2612": [
        "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
        "nonces(address)",
        "DOMAIN_SEPARATOR()",
    ],
    "EIP-5267": ["eip712Domain()"],
}
AUTHORIZATION_FUNCTIONS = [
    f"transferWithAuthorization({TRANSFER_ARGUMENTS})",
    f"receiveWithAuthorization({TRANSFER_ARGUMENTS})",
    "cancelAuthorization(address,bytes32,uint8,bytes32,bytes32)",
    "authorizationState(address,bytes32)",
    "TRANSFER_WITH_AUTHORIZATION_TYPEHASH()",
    "RECEIVE_WITH_AUTHORIZATION_TYPEHASH()",
    "CANCEL_AUTHORIZATION_TYPEHASH()",
]
_TYPE = "(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"


def selectors(abi: list[dict[str, Any]]) -> dict[str, bytes]:
    """The functions of an ABI by their selector's text."""
    texts = [
        f"{entry['name']}({','.join(argument['type'] for argument in entry['inputs'])})"
        for entry in abi
        if entry["type"] == "function"
    ]
    return {text: function_signature_to_4byte_selector(text) for text in texts}


def interface_id(functions: list[str]) -> bytes:
    numbers = [int.from_bytes(function_signature_to_4byte_selector(text), "big") for text in functions]
    return reduce(lambda left, right: left ^ right, numbers).to_bytes(4, "big")


@pytest.mark.parametrize("name", INTERFACES)
def test_supports_interface__of_a_standard_it_has__is_true(token: Any, name: str) -> None:
    assert token.supportsInterface(interface_id(INTERFACES[name]))
    assert set(INTERFACES[name]) <= set(selectors(token.abi))


@pytest.mark.parametrize("unknown", [b"\xff" * 4, b"\0" * 4, bytes.fromhex("80ac58cd")])
def test_supports_interface__of_another__is_false(token: Any, unknown: bytes) -> None:
    assert not token.supportsInterface(unknown)


def test_interface_ids_are_the_published_ones() -> None:
    published = ["01ffc9a7", "36372b07", "a219a025", "9d8ff7da", "84b0196e"]
    assert [interface_id(functions).hex() for functions in INTERFACES.values()] == published


def test_abi__has_the_functions_of_eip_3009(token: Any) -> None:
    assert set(AUTHORIZATION_FUNCTIONS) <= set(selectors(token.abi))
    # as in the standard's text and in tokens that are out
    assert selectors(token.abi)[AUTHORIZATION_FUNCTIONS[0]].hex() == "e3ee160e"
    assert selectors(token.abi)[AUTHORIZATION_FUNCTIONS[1]].hex() == "ef55bec6"
    assert selectors(token.abi)[AUTHORIZATION_FUNCTIONS[2]].hex() == "5a049a70"
    assert selectors(token.abi)[AUTHORIZATION_FUNCTIONS[3]].hex() == "e94a0102"


def test_type_hashes_are_those_of_the_types(token: Any) -> None:
    assert token.TRANSFER_WITH_AUTHORIZATION_TYPEHASH() == keccak(text=f"TransferWithAuthorization{_TYPE}")
    assert token.RECEIVE_WITH_AUTHORIZATION_TYPEHASH() == keccak(text=f"ReceiveWithAuthorization{_TYPE}")
    cancel = "CancelAuthorization(address authorizer,bytes32 nonce)"
    assert token.CANCEL_AUTHORIZATION_TYPEHASH() == keccak(text=cancel)


def test_abi__has_every_event_of_the_interface(
    token: Any, interface_events: Callable[[str], set[str]], abi_events: Callable[[Any], set[str]]
) -> None:
    declared = interface_events("IOpenToken")
    assert declared == {"AuthorizationUsed", "AuthorizationCanceled"}
    assert declared <= abi_events(token)
