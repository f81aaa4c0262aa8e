"""A node, spoken to in raw JSON-RPC: signed transactions, calls, logs, and the clock of a development node."""

import json
import time
import urllib.request
from dataclasses import dataclass
from itertools import count
from typing import Any

from eth_abi import decode
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

# what one transaction may use on a public chain (EIP-7825)
GAS_CAP = 16_777_216
MAX_FEE_WEI = 50 * 10**9

_ERROR = bytes.fromhex("08c379a0")  # Error(string)
_RECEIPT_SECONDS = 30.0


class Refused(Exception):
    """The node or a contract said no; `str` is the contract's reason where it gave one."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mined transaction that did not revert."""

    block_number: int
    gas_used: int


class Node:
    """One node. `latest` is what it answers from, except that calls see the block that would come next."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._ids = count(1)
        self.chain_id = int(self.ask("eth_chainId"), 16)

    def ask(self, method: str, *params: Any) -> Any:
        """The result of one JSON-RPC request."""
        body = json.dumps({"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}).encode()
        request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        if "error" in answer:
            raise Refused(_reason(answer["error"]))
        return answer["result"]

    def call(self, to: str, data: bytes, sender: str | None = None) -> bytes:
        """What a call returns; Refused with the contract's reason where it reverts."""
        call = {"to": to, "data": _hex(data), "gas": hex(GAS_CAP)} | ({"from": sender} if sender else {})
        return bytes.fromhex(self.ask("eth_call", call, "pending")[2:])

    def send(self, account: LocalAccount, to: str, data: bytes) -> Receipt:
        """Sign a transaction, send it, and wait for it."""
        signed = account.sign_transaction(
            {
                "chainId": self.chain_id,
                "nonce": int(self.ask("eth_getTransactionCount", account.address, "pending"), 16),
                "to": to_checksum_address(to),
                "data": data,
                "value": 0,
                "gas": GAS_CAP,
                "maxFeePerGas": MAX_FEE_WEI,
                "maxPriorityFeePerGas": 0,
            }
        )
        transaction_hash = self.ask("eth_sendRawTransaction", _hex(bytes(signed.raw_transaction)))
        receipt = self._receipt(transaction_hash)
        if receipt["status"] != "0x1":
            raise Refused(f"{transaction_hash} to {to} reverted in block {int(receipt['blockNumber'], 16)}")
        return Receipt(int(receipt["blockNumber"], 16), int(receipt["gasUsed"], 16))

    def logs(self, address: str, topic: bytes, *, first: int, last: int) -> list[dict[str, Any]]:
        """The logs of one contract and one event."""
        blocks = {"fromBlock": hex(first), "toBlock": hex(last)}
        found: list[dict[str, Any]] = self.ask("eth_getLogs", {"address": address, "topics": [_hex(topic)], **blocks})
        return found

    @property
    def now(self) -> int:
        """The time of the latest block, Unix seconds."""
        return int(self.ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def mine(self) -> None:
        """One more block."""
        self.ask("evm_mine")

    def wait(self, seconds: int) -> None:
        """Let time pass, and mine a block after it."""
        self.ask("evm_increaseTime", seconds)
        self.mine()

    def wait_until(self, timestamp: int) -> None:
        """Let time pass up to a moment; nothing if it is over."""
        if timestamp > (now := self.now):
            self.wait(timestamp - now)

    def _receipt(self, transaction_hash: str) -> dict[str, Any]:
        deadline = time.monotonic() + _RECEIPT_SECONDS
        while time.monotonic() < deadline:
            receipt: dict[str, Any] | None = self.ask("eth_getTransactionReceipt", transaction_hash)
            if receipt is not None:
                return receipt
            time.sleep(0.01)
        raise Refused(f"{transaction_hash} was not mined within {_RECEIPT_SECONDS:.0f} s")


def _reason(error: dict[str, Any]) -> str:
    data = error.get("data")
    raw = bytes.fromhex(data[2:]) if isinstance(data, str) and data.startswith("0x") else b""
    if raw[:4] == _ERROR:
        return str(decode(["string"], raw[4:])[0])
    return f"{error.get('message')} {data or ''}".strip()


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
