"""Tools that know OpenZeppelin's contracts work with ours: what theirs have, ours have, or it is said why not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_utils.abi import abi_to_signature

from benchmarks.anchors.solidity import ANCHORS, ROOT, Compiled
from chain.artifacts import ensure

Solidity = Callable[[Path], dict[str, Compiled]]

# ours, file and name of OpenZeppelin's, and what of theirs ours leaves out: signature → why
ANCHORS_OF: list[tuple[str, str, str, dict[str, str]]] = [
    (
        "OpenToken",
        "tokens",
        "OzToken",
        {"EIP712DomainChanged()": "the domain is fixed, and OpenZeppelin's never logs it either"},
    ),
    (
        "StakedOpen",
        "tokens",
        "OzVotes",
        {
            "mint(address,uint256)": "the anchor's own: a stake",
            "burn(address,uint256)": "the anchor's own: an exit",
            "transfer(address,uint256)": "gOPEN is not transferable",
            "transferFrom(address,address,uint256)": "gOPEN is not transferable",
            "approve(address,uint256)": "gOPEN is not transferable",
            "allowance(address,address)": "gOPEN is not transferable",
            "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)": "gOPEN is not transferable",
            "DOMAIN_SEPARATOR()": "ERC-2612's; `eip712Domain` says the same",
            "Approval(address,address,uint256)": "gOPEN is not transferable",
            "EIP712DomainChanged()": "the domain is fixed, and OpenZeppelin's never logs it either",
        },
    ),
    ("OpenGovernor", "governance", "OzLateGovernor", {}),
    (
        "Timelock",
        "governance",
        "TimelockController",
        {"RoleAdminChanged(bytes32,bytes32,bytes32)": "roles have one admin for good; theirs never logs it either"},
    ),
]
INTERFACE_IDS = {
    "OpenToken": ["01ffc9a7", "36372b07", "a219a025", "9d8ff7da", "84b0196e"],
    "StakedOpen": ["01ffc9a7", "e90fb3f6", "da287a1d", "84b0196e"],
    "OpenGovernor": ["01ffc9a7", "cdbdfcee", "65455a86", "4e2312e0"],
    "Timelock": ["01ffc9a7", "7965db0b", "4e2312e0"],
}


def described(abi: list[dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """Each function with its mutability and returned types, each event with what is indexed, by its signature."""
    entries: dict[str, tuple[Any, ...]] = {}
    for entry in abi:
        if entry["type"] == "function":
            returned = tuple(_type(item) for item in entry["outputs"])
            is_view = entry["stateMutability"] in ("view", "pure")
            entries[abi_to_signature(entry)] = (is_view, entry["stateMutability"] == "payable", returned)
        elif entry["type"] == "event":
            entries[abi_to_signature(entry)] = tuple(item["indexed"] for item in entry["inputs"])
    return entries


def _type(item: dict[str, Any]) -> str:
    if not item["type"].startswith("tuple"):
        return str(item["type"])
    return f"({','.join(_type(part) for part in item['components'])}){item['type'].removeprefix('tuple')}"


@pytest.mark.parametrize(("name", "file", "anchor", "left_out"), ANCHORS_OF, ids=[row[0] for row in ANCHORS_OF])
def test_abi__beside_openzeppelin__has_all_of_theirs(
    name: str, file: str, anchor: str, left_out: dict[str, str], solidity: Solidity
) -> None:
    theirs = described(solidity(ANCHORS / f"{file}.sol")[anchor].abi)
    ours = described(json.loads(ensure(ROOT / "contracts" / f"{name}.vy", ROOT).read_bytes())["abi"])
    assert {signature for signature in left_out if signature in ours} == set()
    assert {signature for signature in left_out if signature not in theirs} == set()
    wanted = {signature: shape for signature, shape in theirs.items() if signature not in left_out}
    assert {signature: ours.get(signature) for signature in wanted} == wanted


@pytest.mark.parametrize(("name", "ids"), INTERFACE_IDS.items(), ids=list(INTERFACE_IDS))
def test_interface_ids__of_research__are_answered(
    name: str, ids: list[str], vyper: Callable[[str], Any], actor: Callable[[str], str]
) -> None:
    account = actor("account")
    token = vyper("OpenToken").deploy(account)
    staked = vyper("StakedOpen").deploy(token, 10**6)
    arguments: dict[str, Callable[[], Any]] = {
        "OpenToken": lambda: token,
        "StakedOpen": lambda: staked,
        "Timelock": lambda: vyper("Timelock").deploy(10, [account], [account]),
        "OpenGovernor": lambda: vyper("OpenGovernor").deploy(
            staked, vyper("Timelock").deploy(10, [account], [account]), account, 10, 10, 1, 4, 1, 1
        ),
    }
    contract = arguments[name]()
    assert all(contract.supportsInterface(bytes.fromhex(interface)) for interface in ids)
    assert not contract.supportsInterface(b"\xff\xff\xff\xff")
