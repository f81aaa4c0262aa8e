"""A development node to measure on: deploys Vyper and Solidity alike, and reads what a transaction cost."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_account.messages import encode_typed_data
from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractConstructor, ContractFunction
from web3.logs import DISCARD
from web3.providers import HTTPProvider

from benchmarks.anchors.solidity import ANCHORS, ROOT, Compiled, compile_solidity
from chain.artifacts import artifact, ensure
from chain.node import GAS_LIMIT, DevNode, dev_account

_GAS_PRICE_WEI = 2 * 10**9
_ACCOUNT_COUNT = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: an operation, what it costs elsewhere, what it costs here, what it may cost here."""

    operation: str
    anchors: Mapping[str, int]
    ours: int | None = None
    target: int | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """`within` or `over` the target, `cheaper` or `dearer` than the cheapest anchor, or `not measured`."""
        if self.ours is None:
            return "not measured"
        if self.target is not None:
            return "within" if self.ours <= self.target else f"over by {self.ours - self.target:,}"
        if not self.anchors:
            return "–"
        return "cheaper" if self.ours <= min(self.anchors.values()) else "dearer"


@dataclass(slots=True)
class Bench:
    """One node; `accounts` are its unlocked development accounts, the first of which deploys."""

    node: DevNode
    web3: Web3 = field(init=False)
    accounts: list[str] = field(init=False)
    _fresh: int = 0

    def __post_init__(self) -> None:
        self.web3 = Web3(HTTPProvider(self.node.rpc_url, request_kwargs={"timeout": 60}))
        self.accounts = [dev_account(index).address for index in range(_ACCOUNT_COUNT)]

    @property
    def deployer(self) -> str:
        """The account that deploys and owns."""
        return self.accounts[0]

    @property
    def now(self) -> int:
        """The time of the newest block, in seconds."""
        return int(self.web3.eth.get_block("latest")["timestamp"])

    def vyper(self, name: str, *args: Any) -> Contract:
        """Deploy a contract of ours."""
        made = json.loads(ensure(ROOT / "contracts" / f"{name}.vy", ROOT).read_bytes())
        return self._deploy(made["abi"], made["bytecode"], args)

    def vyper_anchor(self, name: str, *args: Any) -> Contract:
        """Deploy `benchmarks/anchors/<name>.vy`."""
        made = artifact(ANCHORS / f"{name}.vy", ROOT)
        return self._deploy(made["abi"], made["bytecode"], args)

    def solidity(self, file: str, name: str, *args: Any) -> Contract:
        """Deploy a contract of `benchmarks/anchors/<file>.sol`, or of what it imports."""
        made = solidity(file)[name]
        return self._deploy(made.abi, made.creation_code.hex(), args)

    def npm(self, path: str, *args: Any) -> Contract:
        """Deploy an artifact that an npm package brings."""
        made = json.loads((ANCHORS / "node_modules" / path).read_bytes())
        return self._deploy(made["abi"], made["bytecode"], args)

    def at(self, contract: Contract, abi_of: Contract) -> Contract:
        """The contract at one's address with the ABI of another: a proxy."""
        return self.web3.eth.contract(address=contract.address, abi=abi_of.abi)

    def gas(self, bound: ContractFunction | ContractConstructor, sender: str | None = None) -> int:
        """Send a transaction; what it cost in all, as its receipt says.

        Raises:
            RuntimeError: it reverted.
        """
        return int(self._receipt(bound, sender)["gasUsed"])

    def events(self, bound: ContractFunction, sender: str | None, contract: Contract, event: str) -> list[Any]:
        """Send a transaction; the arguments of the events of that name in it."""
        receipt = self._receipt(bound, sender)
        return [log["args"] for log in contract.events[event]().process_receipt(receipt, errors=DISCARD)]

    def warp(self, seconds: int) -> None:
        """Let time pass, and a block with it."""
        self._rpc("evm_increaseTime", [seconds])
        self._rpc("evm_mine", [])

    def fresh(self) -> str:
        """An address that holds nothing and was never seen."""
        self._fresh += 1
        return Web3.to_checksum_address(hashlib.sha256(f"fresh {self._fresh}".encode()).digest()[:20])

    def unlocked(self) -> str:
        """A fresh address that can send transactions."""
        account = self.fresh()
        self._rpc("anvil_setBalance", [account, hex(10**20)])
        self._rpc("anvil_impersonateAccount", [account])
        return account

    def sign(
        self, signer: int, contract: Contract, domain: tuple[str, str], kind: str, types: str, **message: Any
    ) -> tuple[int, bytes, bytes]:
        """The signature (v, r, s) of account number `signer` under a contract's EIP-712 domain (name, version).

        Args:
            kind: the primary type's name.
            types: its members as in a typehash, such as `address owner,uint256 value`.
        """
        name, version = domain
        members = [dict(zip(("type", "name"), member.split(" "), strict=True)) for member in types.split(",")]
        typed = encode_typed_data(
            domain_data={
                "name": name,
                "version": version,
                "chainId": self.node.chain_id,
                "verifyingContract": contract.address,
            },
            message_types={kind: members},
            message_data=message,
        )
        signed = dev_account(signer).sign_message(typed)
        return signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")

    def _deploy(self, abi: Any, code: str, args: tuple[Any, ...]) -> Contract:
        factory = self.web3.eth.contract(abi=abi, bytecode="0x" + code.removeprefix("0x"))
        receipt = self._receipt(factory.constructor(*args), None)
        deployed: Contract = self.web3.eth.contract(address=receipt["contractAddress"], abi=abi)
        return deployed

    def _receipt(self, bound: ContractFunction | ContractConstructor, sender: str | None) -> Any:
        transaction = {"from": sender or self.deployer, "gas": GAS_LIMIT, "gasPrice": _GAS_PRICE_WEI}
        receipt = self.web3.eth.wait_for_transaction_receipt(bound.transact(transaction), poll_latency=0.01)  # type: ignore[arg-type]
        if receipt["status"] != 1:
            what = getattr(bound, "fn_name", "constructor")
            raise RuntimeError(f"{what} reverted: {self._reason(bound, transaction)}")
        return receipt

    def _reason(self, bound: ContractFunction | ContractConstructor, transaction: dict[str, Any]) -> str:
        try:
            bound.call(transaction) if isinstance(bound, ContractFunction) else bound.estimate_gas(transaction)  # type: ignore[arg-type]
        except Exception as error:
            return str(error)
        return "the same call succeeds a block later"

    def _rpc(self, method: str, params: list[Any]) -> Any:
        return self.web3.provider.make_request(method, params)  # type: ignore[arg-type]


def solidity(file: str) -> dict[str, Compiled]:
    """What `benchmarks/anchors/<file>.sol` and its imports make."""
    return compile_solidity([ANCHORS / f"{file}.sol"])


def runtime_size(name: str) -> int:
    """Bytes of one of our contracts as it lies on chain, without its immutables."""
    made = json.loads(ensure(Path(ROOT) / "contracts" / f"{name}.vy", ROOT).read_bytes())
    return len(made["deployedBytecode"]) // 2
