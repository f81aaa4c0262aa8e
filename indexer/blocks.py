"""Blocks and logs as the node gave them, once they passed the checks of `source`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Header:
    """What we keep of a block header; `logs_bloom` is the 2,048-bit filter as a number."""

    number: int
    hash: str
    parent_hash: str
    timestamp: int
    logs_bloom: int = 0


@dataclass(frozen=True, slots=True)
class RawLog:
    """A log, bound to its block; `address` is lower case."""

    block_number: int
    log_index: int
    block_hash: str
    transaction_hash: str
    address: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive blocks and all logs of our contracts in them, in chain order."""

    headers: list[Header]
    logs: list[RawLog]
