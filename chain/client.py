"""The client of a node: calls, transactions, events and blocks of the protocol's contracts."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypedDict, TypeVar

import requests
from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_account.signers.local import LocalAccount
from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractConstructor, ContractFunction
from web3.exceptions import (
    BadFunctionCallOutput,
    BlockNotFound,
    ContractLogicError,
    LogTopicError,
    TimeExhausted,
    Web3Exception,
    Web3RPCError,
)
from web3.providers import HTTPProvider

from chain.contracts import ContractRecord, Deployment, abi, bytecode
from chain.errors import ChainError, DeploymentMissing, NodeUnavailable, Reverted

BlockName = int | Literal["latest", "safe", "finalized", "earliest", "pending"]

_TIMEOUT_SECONDS = 30
_RECEIPT_SECONDS = 180
_POLL_SECONDS = 0.05
# A call can cost more when mined than when estimated, as another's transaction came between.
_GAS_MARGIN_PERCENT = 150
_ERROR_STRING = bytes.fromhex("08c379a0")  # Error(string)
_PANIC = bytes.fromhex("4e487b71")  # Panic(uint256)
_NO_REASON = "no reason given (a check of the compiler, such as an overflow, or a call to no contract)"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Block:
    """A block's place in the chain; `timestamp` in seconds."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mined transaction that succeeded."""

    transaction_hash: bytes
    block_number: int
    block_hash: bytes
    gas_used: int
    contract_address: str | None


class EventLog(TypedDict):
    """One decoded log; in `args` bytes are bytes, addresses checksummed, structs dictionaries."""

    contract: str
    event: str
    args: dict[str, Any]
    address: str
    block_number: int
    block_hash: bytes
    transaction_hash: bytes
    transaction_index: int
    log_index: int


class ChainClient:
    """One node and, if given, the contracts of one deployment on it.

    Every method raises NodeUnavailable when the node does not answer, Reverted when a contract refuses, and
    ChainError when the node refuses for another reason. It may be shared between threads.
    """

    def __init__(self, rpc_url: str, *, root: Path, deployment: Deployment | None = None) -> None:
        self.rpc_url = rpc_url
        self.deployment = deployment
        self._root = root
        self._web3 = Web3(HTTPProvider(rpc_url, request_kwargs={"timeout": _TIMEOUT_SECONDS}))
        self._contracts: dict[str, Contract] = {}
        self._events: dict[str, dict[str, Any]] = {}
        # one at a time from here, so that two threads with one account do not take the same nonce
        self._sending = threading.Lock()

    @cached_property
    def chain_id(self) -> int:
        """The chain id of the node, checked against the deployment.

        Raises:
            ChainError: the deployment is of another chain.
        """
        found = self._ask("eth_chainId", lambda: self._web3.eth.chain_id)
        if self.deployment is not None and self.deployment.chain_id != found:
            wanted = self.deployment.chain_id
            raise ChainError(
                f"{self.rpc_url} is chain {found}; the deployment is on {wanted}; give the other node or file"
            )
        return found

    def contract(self, name: str) -> Contract:
        """The web3 contract `name` of the deployment.

        Raises:
            DeploymentMissing: there is no deployment, or it has no such contract.
        """
        if self.deployment is None:
            raise DeploymentMissing(f"{name} was called without a deployment; pass one to ChainClient")
        if name not in self._contracts:
            address = Web3.to_checksum_address(self.deployment.address(name))
            self._contracts[name] = self._web3.eth.contract(address=address, abi=abi(name, self._root))
        return self._contracts[name]

    def call(self, contract_name: str, function: str, *args: Any, block: BlockName = "latest") -> Any:
        """What a function answers at a block, without a transaction; a struct as a named tuple."""
        bound = self._bound(contract_name, function, args)
        # several answers have no names, of which web3 would make one tuple with one field
        bound.decode_tuples = len(bound.abi["outputs"]) == 1
        return self._ask(f"{contract_name}.{function}", lambda: bound.call(block_identifier=block))

    def send(self, account: LocalAccount, contract_name: str, function: str, *args: Any) -> Receipt:
        """Sign and send a call of a contract, and wait until it is mined."""
        bound = self._bound(contract_name, function, args)
        return self._transact(account, bound, f"{contract_name}.{function}")

    def deploy(self, account: LocalAccount, contract_name: str, *args: Any) -> ContractRecord:
        """Deploy a contract of the project and wait until it is mined."""
        code = bytecode(contract_name, self._root)
        factory = self._web3.eth.contract(abi=abi(contract_name, self._root), bytecode=code)
        constructor = _fitting(f"{contract_name}.__init__", factory.constructor, args)
        receipt = self._transact(account, constructor, f"{contract_name}.__init__")
        assert receipt.contract_address is not None, "a mined creation has an address"
        return ContractRecord(receipt.contract_address, receipt.block_number, Web3.to_hex(receipt.transaction_hash))

    def events(
        self,
        contract_name: str,
        event_name: str,
        *,
        from_block: BlockName,
        to_block: BlockName = "latest",
        **filters: Any,
    ) -> list[EventLog]:
        """The logs of one event in chain order, both blocks included; `filters` are values of its arguments."""
        event = self.contract(contract_name).events[event_name]()
        logs = self._ask(
            f"{contract_name}.{event_name} logs",
            lambda: event.get_logs(from_block=from_block, to_block=to_block, argument_filters=filters or None),
        )
        return [_event_log(contract_name, log) for log in logs]

    def all_events(
        self,
        *,
        from_block: BlockName | None = None,
        to_block: BlockName | None = None,
        block_hash: bytes | None = None,
    ) -> list[EventLog]:
        """The logs of every contract of the deployment in chain order, by one request.

        Give either a range, both blocks included, or one block by its hash, which no reorg can exchange.
        """
        if self.deployment is None:
            raise DeploymentMissing("logs were asked for without a deployment; pass one to ChainClient")
        names = {record.address: name for name, record in self.deployment.contracts.items()}
        span: dict[str, Any] = {"fromBlock": from_block, "toBlock": to_block}
        where = {"blockHash": Web3.to_hex(block_hash)} if block_hash is not None else span
        query: Any = {"address": list(names), **where}
        raw = self._ask("eth_getLogs", lambda: self._web3.eth.get_logs(query))
        decoded = (self._decode(names[log["address"]], log) for log in raw)
        return [log for log in decoded if log is not None]

    def block(self, number: BlockName | bytes = "latest") -> Block:
        """A block by number, name or hash.

        Raises:
            ChainError: the node does not have it.
        """
        found: Any = self._ask(f"block {number!r}", lambda: self._web3.eth.get_block(number))  # type: ignore[arg-type]
        return Block(int(found["number"]), bytes(found["hash"]), bytes(found["parentHash"]), int(found["timestamp"]))

    def balance_of(self, address: str) -> int:
        """What an account holds of the chain's own coin, in wei."""
        checksummed = Web3.to_checksum_address(address)
        return int(self._ask("eth_getBalance", lambda: self._web3.eth.get_balance(checksummed)))

    def rpc(self, method: str, *params: Any) -> Any:
        """The result of a raw JSON-RPC method.

        Raises:
            ChainError: the node answered with an error.
        """
        answer = self._ask(method, lambda: self._web3.provider.make_request(method, params))  # type: ignore[arg-type]
        if "error" in answer:
            raise ChainError(f"{method} failed at {self.rpc_url}: {answer['error']}; check its parameters")
        return answer.get("result")

    def _bound(self, contract_name: str, function: str, args: Sequence[Any]) -> ContractFunction:
        function_of = self.contract(contract_name).functions
        return _fitting(f"{contract_name}.{function}", lambda *values: function_of[function](*values), args)

    def _transact(self, account: LocalAccount, call: ContractFunction | ContractConstructor, what: str) -> Receipt:
        with self._sending:
            raw = self._ask(what, lambda: self._signed(account, call))
            sent = self._ask(what, lambda: self._web3.eth.send_raw_transaction(raw))
        mined = self._ask(
            what,
            lambda: self._web3.eth.wait_for_transaction_receipt(sent, _RECEIPT_SECONDS, _POLL_SECONDS),
        )
        if mined["status"] != 1:
            raise Reverted(what, self._reason_of(account, call, what, block_number=mined["blockNumber"] - 1))
        return Receipt(
            transaction_hash=bytes(mined["transactionHash"]),
            block_number=mined["blockNumber"],
            block_hash=bytes(mined["blockHash"]),
            gas_used=mined["gasUsed"],
            contract_address=mined["contractAddress"],
        )

    def _signed(self, account: LocalAccount, call: ContractFunction | ContractConstructor) -> bytes:
        nonce = self._web3.eth.get_transaction_count(account.address, "pending")
        # on the block to come: what is estimated may be allowed only from the next block on, such as a reveal
        estimate = call.estimate_gas({"from": account.address}, block_identifier="pending")
        gas = estimate * _GAS_MARGIN_PERCENT // 100
        transaction: Any = call.build_transaction(
            {"from": account.address, "nonce": nonce, "gas": gas, "chainId": self.chain_id}
        )
        return bytes(account.sign_transaction(transaction).raw_transaction)

    def _reason_of(
        self, account: LocalAccount, call: ContractFunction | ContractConstructor, what: str, *, block_number: int
    ) -> str:
        """Why a mined transaction failed, by its replay on the block before: receipts carry no reason."""
        if isinstance(call, ContractConstructor):
            return _NO_REASON
        try:
            self._ask(what, lambda: call.call({"from": account.address}, block_identifier=block_number))
        except Reverted as error:
            return error.reason
        return "it succeeds on the block before, so another transaction of the same block changed the outcome"

    def _decode(self, contract_name: str, log: Any) -> EventLog | None:
        """A raw log by the ABI of its contract; None for an event that the ABI does not name."""
        if contract_name not in self._events:
            events: Any = self.contract(contract_name).events
            self._events[contract_name] = {event.topic: event for event in events}
        topic = Web3.to_hex(log["topics"][0]) if log["topics"] else ""
        event = self._events[contract_name].get(topic)
        try:
            return None if event is None else _event_log(contract_name, event.process_log(log))
        except (LogTopicError, Web3Exception, DecodingError) as error:
            raise ChainError(
                f"a log of {contract_name} does not fit its ABI: {error}; check that the deployment is of this version"
            ) from error

    def _ask(self, what: str, question: Callable[[], _T]) -> _T:
        """Ask the node, and tell its refusals apart."""
        try:
            return question()
        except ContractLogicError as error:
            raise Reverted(what, _reason(error)) from error
        except (requests.ConnectionError, requests.Timeout, TimeExhausted) as error:
            raise NodeUnavailable(
                f"{what}: {self.rpc_url} did not answer ({error}); check that the node is up and try again"
            ) from error
        except requests.HTTPError as error:
            raise NodeUnavailable(f"{what}: {self.rpc_url} answered {error}; try again") from error
        except BadFunctionCallOutput as error:
            raise DeploymentMissing(
                f"{what}: no such contract at its address ({error}); check that the deployment is of this chain"
            ) from error
        except BlockNotFound as error:
            raise ChainError(f"{what}: {self.rpc_url} does not have it; ask for an earlier one") from error
        except Web3RPCError as error:
            raise ChainError(
                f"{what}: {self.rpc_url} refused: {error.message}; check the arguments and the balance"
            ) from error


def _fitting(what: str, bind: Callable[..., _T], args: Sequence[Any]) -> _T:
    """A call with its arguments, once they fit the ABI."""
    try:
        return bind(*args)
    except (Web3Exception, TypeError, ValueError) as error:
        call = f"{what}{tuple(args)!r}"
        raise ChainError(f"{call} does not fit the ABI: {error}; compare it with the contract") from error


def _event_log(contract_name: str, log: Any) -> EventLog:
    return EventLog(
        contract=contract_name,
        event=log["event"],
        args={name: _plain(value) for name, value in log["args"].items()},
        address=log["address"],
        block_number=log["blockNumber"],
        block_hash=bytes(log["blockHash"]),
        transaction_hash=bytes(log["transactionHash"]),
        transaction_index=log["transactionIndex"],
        log_index=log["logIndex"],
    )


def _plain(value: Any) -> Any:
    """A decoded argument in plain types: web3 gives its own kinds of bytes and dictionaries."""
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    if hasattr(value, "items"):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _reason(error: ContractLogicError) -> str:
    """The text of a revert: what the contract said, or a panic's number, or that there is none."""
    data = error.data if isinstance(error.data, str) and error.data.startswith("0x") else "0x"
    try:
        raw = bytes.fromhex(data[2:])
        if raw[:4] == _ERROR_STRING:
            return str(decode(["string"], raw[4:])[0])
        if raw[:4] == _PANIC:
            return f"panic {decode(['uint256'], raw[4:])[0]:#x}"
    except (ValueError, DecodingError):
        pass
    return f"undecoded data {data}" if len(data) > 2 else _NO_REASON
