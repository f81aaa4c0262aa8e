"""The node, over raw JSON-RPC: everything that it answers is checked here, before anyone believes it.

A node may lag, drop logs, straddle a reorg between two answers or answer a batch in any order. What cannot be true of
one chain raises NodeInconsistent and is asked again; nothing is ever written that did not pass.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any

import httpx
import orjson

from indexer.blocks import Batch, Header, RawLog
from indexer.bloom import bloom_bits, may_hold
from indexer.errors import NodeInconsistent, NodeUnavailable
from indexer.reorg import Blocks, Heads, check_links

# Headers come about twenty times faster in batches of this size than one by one (measured on anvil 1.7.1).
_BATCH = 50
_UNKNOWN_METHOD = -32601
_TIMEOUT_SECONDS = 30.0

Call = tuple[str, list[Any]]


class Source:
    """One node; `addresses` are the contracts whose logs we want. Closed by `close()`."""

    def __init__(self, rpc_url: str, addresses: Iterable[str]) -> None:
        self.rpc_url = rpc_url
        self._addresses = sorted(address.lower() for address in addresses)
        self._blooms = [bloom_bits(bytes.fromhex(address[2:])) for address in self._addresses]
        self._client = httpx.Client(timeout=_TIMEOUT_SECONDS)
        self._ids = count(1)
        self._knows_finality = False

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def chain_id(self) -> int:
        """The node's chain id."""
        return int(self._ask([("eth_chainId", [])])[0], 16)

    def heads(self, *, tip_number: int, finality_depth: int) -> Heads:
        """The node's head and finalized block, and its header at our tip.

        Args:
            tip_number: the block that we indexed last.
            finality_depth: blocks below the head that count as final where the node knows no `finalized` tag.
        """
        latest, finalized, at_tip = self._ask(
            [_block_call("latest"), _block_call("finalized"), _block_call(tip_number)], optional={1, 2}
        )
        if latest is None:
            raise NodeUnavailable(f"{self.rpc_url} has no latest block; expected a node that is in sync")
        head = _header(latest)
        if finalized is None and self._knows_finality:
            # the depth is a guess that may lie above the true finality: never fall back to it for one bad answer
            raise NodeUnavailable(f"{self.rpc_url} left out its finalized block, which it gave before; will try again")
        self._knows_finality = finalized is not None
        finalized_number = _header(finalized).number if finalized else max(0, head.number - finality_depth)
        return Heads(head, finalized_number, _header(at_tip) if at_tip else None)

    def headers(self, numbers: Sequence[int]) -> list[Header]:
        """The headers at these numbers; a missing one raises NodeInconsistent."""
        found: list[Header] = []
        for start in range(0, len(numbers), _BATCH):
            part = numbers[start : start + _BATCH]
            answers = self._ask([_block_call(number) for number in part])
            if None in answers:
                raise NodeInconsistent(f"{self.rpc_url} lacks a block below its own head; will ask again")
            found += [_header(answer) for answer in answers]
        return found

    def known_headers(self, numbers: Sequence[int]) -> list[Header]:
        """The headers at these numbers as far as the node has them."""
        answers = [
            answer
            for start in range(0, len(numbers), _BATCH)
            for answer in self._ask([_block_call(number) for number in numbers[start : start + _BATCH]])
        ]
        return [_header(answer) for answer in answers if answer is not None]

    def fetch(self, blocks: Blocks, *, parent_hash: str | None) -> Batch:
        """The blocks and our logs in them, checked against each other and against our tip.

        Raises:
            NodeUnavailable, NodeInconsistent: nothing was lost, ask again.
        """
        headers = self.headers(range(blocks.first, blocks.last + 1))
        check_links(headers, first=blocks.first, last=blocks.last, parent_hash=parent_hash)
        logs = self._final_logs(blocks) if blocks.is_final else self._live_logs(headers)
        self._check_logs(headers, logs)
        return Batch(headers, sorted(logs, key=lambda log: (log.block_number, log.log_index)))

    def _final_logs(self, blocks: Blocks) -> list[RawLog]:
        span = {"fromBlock": hex(blocks.first), "toBlock": hex(blocks.last)}
        try:
            return _logs(self._ask([_logs_call(self._addresses, span)])[0])
        except NodeUnavailable:
            # Providers bound ranges and answers in dozens of ways; whatever the reason, half of it may pass.
            middle = (blocks.first + blocks.last) // 2
            if blocks.first == blocks.last:
                raise
            lower = Blocks(blocks.first, middle, True, blocks.finalized_number)
            return self._final_logs(lower) + self._final_logs(
                Blocks(middle + 1, blocks.last, True, blocks.finalized_number)
            )

    def _live_logs(self, headers: Sequence[Header]) -> list[RawLog]:
        # By hash: a node that has left this branch answers "unknown block" instead of another branch's logs.
        calls = [_logs_call(self._addresses, {"blockHash": header.hash}) for header in headers]
        return [log for answer in self._ask(calls) for log in _logs(answer)]

    def _check_logs(self, headers: Sequence[Header], logs: Sequence[RawLog]) -> None:
        hashes = {header.number: header.hash for header in headers}
        for log in logs:
            if hashes.get(log.block_number) != log.block_hash or log.address not in self._addresses:
                raise NodeInconsistent(
                    f"eth_getLogs gave a log of {log.address} in block {log.block_number} ({log.block_hash}), "
                    f"expected block hash {hashes.get(log.block_number)} and a contract of ours; will ask again"
                )
        if len({(log.block_number, log.log_index) for log in logs}) != len(logs):
            raise NodeInconsistent("eth_getLogs gave the same log twice; will ask again")
        self._check_absent(headers, {(log.block_number, log.address) for log in logs})

    def _check_absent(self, headers: Sequence[Header], present: set[tuple[int, str]]) -> None:
        """Where the bloom says that a contract may have logged and no log came, the receipts decide."""
        for header in headers:
            missing = [
                address
                for address, bits in zip(self._addresses, self._blooms, strict=True)
                if may_hold(header.logs_bloom, bits) and (header.number, address) not in present
            ]
            if missing and self._receipts_hold(header, missing):
                raise NodeInconsistent(
                    f"eth_getLogs left out logs of {missing} in block {header.number}, which its receipts hold; "
                    "will ask again"
                )

    def _receipts_hold(self, header: Header, addresses: Sequence[str]) -> bool:
        try:
            receipts = self._ask([("eth_getBlockReceipts", [header.hash])])[0]
        except _UnknownMethod:
            return False  # the bloom alone is a hint: one block in some thousands matches by chance
        if receipts is None:
            raise NodeInconsistent(f"{self.rpc_url} has no receipts of block {header.number}; will ask again")
        return any(log["address"].lower() in addresses for receipt in receipts for log in receipt["logs"])

    def _ask(self, calls: Sequence[Call], *, optional: Iterable[int] = ()) -> list[Any]:
        """The results in the order of the calls; a failed call of `optional` positions is None."""
        first = next(self._ids)
        ids = [first, *(next(self._ids) for _ in calls[1:])]
        body = [
            {"jsonrpc": "2.0", "id": id_, "method": method, "params": params}
            for id_, (method, params) in zip(ids, calls, strict=True)
        ]
        answers = self._post(body)
        absent = set(optional)
        return [
            _result(answers.get(id_), method, is_optional=position in absent)
            for position, (id_, (method, _)) in enumerate(zip(ids, calls, strict=True))
        ]

    def _post(self, body: list[dict[str, Any]]) -> dict[int, Any]:
        headers = {"Content-Type": "application/json"}
        try:
            response = self._client.post(self.rpc_url, content=orjson.dumps(body), headers=headers)
            response.raise_for_status()
            answers = orjson.loads(response.content)
        except (httpx.HTTPError, orjson.JSONDecodeError) as error:
            raise NodeUnavailable(f"{self.rpc_url} failed ({type(error).__name__}: {error}); will try again") from error
        if not isinstance(answers, list):
            raise NodeUnavailable(f"{self.rpc_url} answered a batch with {str(answers)[:200]}; expected a list")
        # the answers of a batch may come in any order
        return {answer["id"]: answer for answer in answers if isinstance(answer, dict) and "id" in answer}


class _UnknownMethod(NodeUnavailable):
    """The node does not offer the method: asking again is of no use, doing without may be."""


def _block_call(number: int | str) -> Call:
    return "eth_getBlockByNumber", [number if isinstance(number, str) else hex(number), False]


def _logs_call(addresses: Sequence[str], where: Mapping[str, str]) -> Call:
    return "eth_getLogs", [{"address": addresses, **where}]


def _result(answer: Any, method: str, *, is_optional: bool) -> Any:
    if answer is not None and "error" not in answer:
        return answer.get("result")
    if is_optional:
        return None
    if answer is None:
        raise NodeUnavailable(f"the node left {method} out of its answer; will try again")
    error = answer["error"]
    message = f"{method} failed: {str(error)[:300]}; will try again"
    if isinstance(error, dict) and error.get("code") == _UNKNOWN_METHOD:
        raise _UnknownMethod(message)
    raise NodeUnavailable(message)


def _header(block: Mapping[str, Any]) -> Header:
    try:
        return Header(
            number=int(block["number"], 16),
            hash=block["hash"],
            parent_hash=block["parentHash"],
            timestamp=int(block["timestamp"], 16),
            logs_bloom=int(block.get("logsBloom") or "0x0", 16),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NodeInconsistent(f"the node gave a block without a usable header ({error}); will ask again") from error


def _logs(answer: Any) -> list[RawLog]:
    if not isinstance(answer, list):
        raise NodeInconsistent(f"eth_getLogs gave {str(answer)[:200]}, expected a list; will ask again")
    # some nodes list logs of a branch that they left, marked `removed`: they are not on the chain
    return [_log(entry) for entry in answer if not entry.get("removed")]


def _log(entry: Mapping[str, Any]) -> RawLog:
    try:
        return RawLog(
            block_number=int(entry["blockNumber"], 16),
            log_index=int(entry["logIndex"], 16),
            block_hash=entry["blockHash"],
            transaction_hash=entry["transactionHash"],
            address=entry["address"].lower(),
            topics=tuple(bytes.fromhex(topic[2:]) for topic in entry["topics"]),
            data=bytes.fromhex(entry["data"][2:]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NodeInconsistent(f"eth_getLogs gave an unusable log ({error}); will ask again") from error
