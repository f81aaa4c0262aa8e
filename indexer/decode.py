"""Logs to events: one decoder per event of each contract, compiled once from the ABIs.

Values are Python's own: integers are int, bool is bool, addresses are checksummed text, bytes are `0x` hex, a struct is
a dict by member name. An event whose arguments are all static is sliced word by word; eth-abi reads the dynamic ones.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from eth_abi import decode as abi_decode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address

from chain.merkle import keccak
from indexer.blocks import RawLog

_WORD = 32
_ADDRESS_PADDING = bytes(12)

AbiEntry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """A decoded log. `contract` is the name in the deployment, `name` the event's."""

    block_number: int
    log_index: int
    block_timestamp: int
    transaction_hash: str
    contract: str
    name: str
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BadLog:
    """A log that no event of its contract explains."""

    log: RawLog
    contract: str
    reason: str


class EventDecoder:
    """One event of one contract."""

    def __init__(self, entry: AbiEntry) -> None:
        self.name: str = entry["name"]
        self.inputs: list[AbiEntry] = list(entry["inputs"])
        self.signature = f"{self.name}({','.join(abi_type(each) for each in self.inputs)})"
        self.topic = keccak(self.signature.encode())
        self._indexed = [each for each in self.inputs if each["indexed"]]
        self._plain = [each for each in self.inputs if not each["indexed"]]
        self._types = [abi_type(each) for each in self._plain]
        words = [_static_words(each) for each in self._plain]
        # None where one argument is dynamic: then eth-abi decodes them all
        self._readers = None if None in words else [read for each in words if each for read in each]

    def decode(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """The arguments by name, in the order of the ABI.

        Raises:
            ValueError: topics or data do not fit the event.
        """
        if len(topics) != len(self._indexed) + 1:
            raise ValueError(f"{self.signature} has {len(self._indexed)} indexed arguments, got {len(topics) - 1}")
        values = {each["name"]: _topic(each, topic) for each, topic in zip(self._indexed, topics[1:], strict=True)}
        values |= dict(zip((each["name"] for each in self._plain), self._body(data), strict=True))
        return {each["name"]: values[each["name"]] for each in self.inputs}

    def to_json(self, args: Mapping[str, Any]) -> str:
        """The arguments as JSON text, integers as decimal strings: SQL and JavaScript lose nothing."""
        return json.dumps(json_safe(args), separators=(",", ":"))

    def from_json(self, text: str) -> dict[str, Any]:
        """The arguments again, from `to_json`."""
        stored = json.loads(text)
        return {each["name"]: _revive(each, each["type"], stored[each["name"]]) for each in self.inputs}

    def _body(self, data: bytes) -> list[Any]:
        if self._readers is None:
            return self._dynamic_body(data)
        if len(data) != _WORD * len(self._readers):
            raise ValueError(f"{self.signature} has {len(self._readers)} words of data, got {len(data)} bytes")
        words = iter([read(data[_WORD * i : _WORD * (i + 1)]) for i, read in enumerate(self._readers)])
        return [_assemble(each, words) for each in self._plain]

    def _dynamic_body(self, data: bytes) -> list[Any]:
        try:
            values = abi_decode(self._types, data)
        except (DecodingError, OverflowError) as error:
            raise ValueError(f"{self.signature}: {error}") from error
        return [_tidy(each, each["type"], value) for each, value in zip(self._plain, values, strict=True)]


class Decoder:
    """The events of all contracts, found by address and first topic.

    Args:
        contracts: contract name to (address, ABI).
    """

    def __init__(self, contracts: Mapping[str, tuple[str, Sequence[AbiEntry]]]) -> None:
        self.names = {address.lower(): name for name, (address, _) in contracts.items()}
        self.events = {
            name: [EventDecoder(entry) for entry in abi if entry["type"] == "event" and not entry.get("anonymous")]
            for name, (_, abi) in sorted(contracts.items())
        }
        self._by_topic = {(name, each.topic): each for name, events in self.events.items() for each in events}
        self._by_name = {(name, each.name): each for name, events in self.events.items() for each in events}

    def decode(self, log: RawLog, *, block_timestamp: int) -> tuple[Event, str] | BadLog:
        """The event and its arguments as JSON; BadLog where the log fits no event."""
        contract = self.names[log.address]
        decoder = self._by_topic.get((contract, log.topics[0])) if log.topics else None
        if decoder is None:
            return BadLog(log, contract, f"{contract} has no event with this first topic")
        try:
            args = decoder.decode(log.topics, log.data)
        except ValueError as error:
            return BadLog(log, contract, str(error))
        place = log.block_number, log.log_index, block_timestamp, log.transaction_hash
        return Event(*place, contract, decoder.name, args), decoder.to_json(args)

    def revive(self, contract: str, name: str, text: str) -> dict[str, Any]:
        """The arguments of a stored event."""
        return self._by_name[contract, name].from_json(text)

    def signatures(self) -> list[str]:
        """`Contract.Event(types)` of every event, sorted: changes when an ABI does."""
        return sorted(f"{name}.{each.signature}" for name, events in self.events.items() for each in events)


def abi_type(entry: AbiEntry) -> str:
    """The canonical type of an ABI input, with structs spelled as tuples."""
    kind: str = entry["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(abi_type(each) for each in entry['components'])}){kind[5:]}"


def json_safe(value: Any) -> Any:
    """`value` with each integer as a decimal string."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return {name: json_safe(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(each) for each in value]
    return value


@lru_cache(maxsize=65_536)
def _checksummed(raw: bytes) -> str:
    # a keccak per address is most of the cost of decoding one, and few accounts send most events
    return to_checksum_address(raw)


def _address(word: bytes) -> str:
    if word[:12] != _ADDRESS_PADDING:
        raise ValueError(f"0x{word.hex()} is not an address")
    return _checksummed(word[12:])


def _bool(word: bytes) -> bool:
    number = int.from_bytes(word, "big")
    if number > 1:
        raise ValueError(f"{number} is not a bool")
    return number == 1


def _integer(*, bits: int, is_signed: bool) -> Callable[[bytes], int]:
    low, high = (-(1 << bits - 1), 1 << bits - 1) if is_signed else (0, 1 << bits)

    def read(word: bytes) -> int:
        number = int.from_bytes(word, "big", signed=is_signed)
        if not low <= number < high:
            raise ValueError(f"{number} is not an integer of {bits} bits")
        return number

    return read


def _fixed_bytes(size: int) -> Callable[[bytes], str]:
    def read(word: bytes) -> str:
        if any(word[size:]):
            raise ValueError(f"0x{word.hex()} is longer than {size} bytes")
        return "0x" + word[:size].hex()

    return read


def _reader(kind: str) -> Callable[[bytes], Any] | None:
    """How to read one word of a static type; None for any other."""
    if kind == "address":
        return _address
    if kind == "bool":
        return _bool
    if kind.startswith("uint") and kind[4:].isdigit():
        return _integer(bits=int(kind[4:]), is_signed=False)
    if kind.startswith("int") and kind[3:].isdigit():
        return _integer(bits=int(kind[3:]), is_signed=True)
    if kind.startswith("bytes") and kind[5:].isdigit():
        return _fixed_bytes(int(kind[5:]))
    return None


def _static_words(entry: AbiEntry) -> list[Callable[[bytes], Any]] | None:
    if entry["type"] == "tuple":
        parts = [_static_words(each) for each in entry["components"]]
        return None if None in parts else [read for part in parts if part for read in part]
    reader = _reader(entry["type"])
    return None if reader is None else [reader]


def _assemble(entry: AbiEntry, words: Any) -> Any:
    if entry["type"] == "tuple":
        return {each["name"]: _assemble(each, words) for each in entry["components"]}
    return next(words)


def _topic(entry: AbiEntry, topic: bytes) -> Any:
    reader = _reader(entry["type"])
    # of a dynamic argument the topic is only its hash
    return "0x" + topic.hex() if reader is None else reader(topic)


def _tidy(entry: AbiEntry, kind: str, value: Any) -> Any:
    """A value of eth-abi in our shapes."""
    if kind.endswith("]"):
        return [_tidy(entry, kind[: kind.rindex("[")], each) for each in value]
    if kind == "tuple":
        parts = zip(entry["components"], value, strict=True)
        return {part["name"]: _tidy(part, part["type"], each) for part, each in parts}
    if kind == "address":
        return to_checksum_address(value)
    # NUL is legal in a string on chain and refused by PostgreSQL
    return "0x" + value.hex() if isinstance(value, bytes) else _text(value)


def _text(value: Any) -> Any:
    return value.replace("\x00", "\ufffd") if isinstance(value, str) else value


def _revive(entry: AbiEntry, kind: str, value: Any) -> Any:
    if entry.get("indexed") and _reader(kind) is None:
        return value
    if kind.endswith("]"):
        return [_revive(entry, kind[: kind.rindex("[")], each) for each in value]
    if kind == "tuple":
        return {part["name"]: _revive(part, part["type"], value[part["name"]]) for part in entry["components"]}
    return int(value) if kind.startswith(("uint", "int")) else value
