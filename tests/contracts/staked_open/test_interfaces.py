"""What gOPEN says of itself (ERC-165), and OpenZeppelin 5.7.0's Votes in its ABI."""

from functools import reduce
from typing import Any

import pytest
from eth_utils import function_signature_to_4byte_selector

INTERFACES = {
    "ERC-165": ["supportsInterface(bytes4)"],
    "IVotes": [
        "getVotes(address)",
        "getPastVotes(address,uint256)",
        "getPastTotalSupply(uint256)",
        "delegates(address)",
        "delegate(address)",
        "delegateBySig(address,uint256,uint256,uint8,bytes32,bytes32)",
    ],
    "ERC-6372": ["clock()", "CLOCK_MODE()"],
    "EIP-5267": ["eip712Domain()"],
}
# build/contracts/ERC20Votes.json of its npm package, without ERC-20's transfers
OPENZEPPELIN_FUNCTIONS = {
    "CLOCK_MODE() -> string",
    "balanceOf(address) -> uint256",
    "checkpoints(address,uint32) -> tuple(uint48 _key,uint208 _value)",
    "clock() -> uint48",
    "decimals() -> uint8",
    "delegate(address) -> ",
    "delegateBySig(address,uint256,uint256,uint8,bytes32,bytes32) -> ",
    "delegates(address) -> address",
    "eip712Domain() -> bytes1,string,string,uint256,address,bytes32,uint256[]",
    "getPastTotalSupply(uint256) -> uint256",
    "getPastVotes(address,uint256) -> uint256",
    "getVotes(address) -> uint256",
    "name() -> string",
    "nonces(address) -> uint256",
    "numCheckpoints(address) -> uint32",
    "symbol() -> string",
    "totalSupply() -> uint256",
}


def type_of(output: dict[str, Any]) -> str:
    if output["type"] != "tuple":
        return str(output["type"])
    fields = [f"{field['type']} {field['name']}" for field in output["components"]]
    return f"tuple({','.join(fields)})"


def interface_id(functions: list[str]) -> bytes:
    numbers = [int.from_bytes(function_signature_to_4byte_selector(text), "big") for text in functions]
    return reduce(lambda left, right: left ^ right, numbers).to_bytes(4, "big")


@pytest.mark.parametrize("name", INTERFACES)
def test_supports_interface__of_a_standard_it_has__is_true(staked_open: Any, name: str) -> None:
    assert staked_open.supportsInterface(interface_id(INTERFACES[name]))


def test_interface_ids_are_the_published_ones() -> None:
    published = ["01ffc9a7", "e90fb3f6", "da287a1d", "84b0196e"]
    assert [interface_id(functions).hex() for functions in INTERFACES.values()] == published


@pytest.mark.parametrize("unknown", ["ffffffff", "00000000", "36372b07"], ids=["invalid", "empty", "ERC-20"])
def test_supports_interface__of_another__is_false(staked_open: Any, unknown: str) -> None:
    assert not staked_open.supportsInterface(bytes.fromhex(unknown))


def test_abi__has_the_functions_of_openzeppelins_votes(staked_open: Any) -> None:
    ours = {
        f"{entry['name']}({','.join(argument['type'] for argument in entry['inputs'])}) -> "
        + ",".join(type_of(output) for output in entry["outputs"])
        for entry in staked_open.abi
        if entry["type"] == "function"
    }
    assert ours >= OPENZEPPELIN_FUNCTIONS
