"""A contract as its published ABI describes it: calls, transactions and events by name, coded with eth_abi."""

import json
from pathlib import Path
from typing import Any

from eth_abi import decode, encode
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from tests.e2e.rpc.node import Node, Receipt

Entry = dict[str, Any]


class Contract:
    """One contract. Addresses come in any letters and go out in lower case; structs go out as dictionaries."""

    def __init__(self, node: Node, name: str, address: str, abi: list[Entry]) -> None:
        self.name = name
        self.address = address.lower()
        self._node = node
        self._abi = abi

    def read(self, function: str, *args: Any, sender: LocalAccount | None = None) -> Any:
        """What a function returns: nothing, one value, or a tuple. It changes nothing."""
        entry = self._function(function, len(args))
        answer = self._node.call(self.address, _call(entry, args), sender.address if sender else None)
        values = _decode(entry["outputs"], answer)
        return values[0] if len(values) == 1 else tuple(values)

    def send(self, account: LocalAccount, function: str, *args: Any) -> Receipt:
        """Call a function in a transaction, after a dry run that tells the reason of a refusal."""
        data = self.calldata(function, *args)
        self._node.call(self.address, data, account.address)
        return self._node.send(account, self.address, data)

    def calldata(self, function: str, *args: Any) -> bytes:
        """Selector and arguments."""
        return _call(self._function(function, len(args)), args)

    def events(self, name: str, at: Receipt | int) -> list[dict[str, Any]]:
        """The events of that name in a transaction's block, or from a block on, fields by name."""
        entry = next(each for each in self._abi if each["type"] == "event" and each["name"] == name)
        first, last = (at.block_number,) * 2 if isinstance(at, Receipt) else (at, 2**63)
        last = min(last, int(self._node.ask("eth_blockNumber"), 16))
        logs = self._node.logs(self.address, keccak(text=_signature(entry)), first=first, last=last)
        return [_event(entry, log) for log in logs]

    def event(self, name: str, at: Receipt) -> dict[str, Any]:
        """The one event of that name in a transaction's block."""
        (found,) = self.events(name, at)
        return found

    def _function(self, name: str, arguments: int) -> Entry:
        named = [entry for entry in self._abi if entry["type"] == "function" and entry["name"] == name]
        return next(entry for entry in named if len(entry["inputs"]) == arguments)


def published(node: Node, deployment: Path, abis: Path) -> dict[str, Contract]:
    """Every contract of a deployment file (`contracts`: name to address), with `<name>.json` of the folder as ABI."""
    addresses = json.loads(deployment.read_bytes())["contracts"]
    return {
        name: Contract(node, name, record["address"], json.loads((abis / f"{name}.json").read_bytes()))
        for name, record in addresses.items()
    }


def _call(entry: Entry, args: tuple[Any, ...]) -> bytes:
    selector, types = keccak(text=_signature(entry))[:4], [_type(item) for item in entry["inputs"]]
    return bytes(selector + encode(types, args))


def _signature(entry: Entry) -> str:
    return f"{entry['name']}({','.join(map(_type, entry['inputs']))})"


def _type(item: Entry) -> str:
    kind: str = item["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(map(_type, item['components']))}){kind.removeprefix('tuple')}"


def _decode(items: list[Entry], data: bytes) -> list[Any]:
    values = decode([_type(item) for item in items], data)
    return [_named(item, value) for item, value in zip(items, values, strict=True)]


def _named(item: Entry, value: Any) -> Any:
    if item["type"] == "tuple":
        parts = zip(item["components"], value, strict=True)
        return {part["name"]: _named(part, each) for part, each in parts}
    return list(value) if isinstance(value, tuple) else value


def _event(entry: Entry, log: dict[str, Any]) -> dict[str, Any]:
    indexed = [item for item in entry["inputs"] if item["indexed"]]
    others = [item for item in entry["inputs"] if not item["indexed"]]
    topics = b"".join(bytes.fromhex(topic[2:]) for topic in log["topics"][1:])
    values = _decode(indexed, topics) + _decode(others, bytes.fromhex(log["data"][2:]))
    return {item["name"]: value for item, value in zip(indexed + others, values, strict=True)}
