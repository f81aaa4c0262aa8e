"""What to do next, given where we are and what the node says: pure, so that every case can be listed in a test.

The rules, in order:
1. A node whose head or finalized block lies below our finalized block lags or lies: wait, and never undo finality.
2. The hash *at the stored tip* decides, not the head's number: after a reorg the head may be lower, equal or higher.
3. Below finality blocks are taken in ranges; above it in short runs whose logs are asked for by block hash.
4. The stored finalized block is min(the node's, our tip) and never falls.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.blocks import Header
from indexer.errors import NodeInconsistent, ReorgTooDeep

# Long enough to amortise a request, short enough that one transaction stays small.
MAX_FINAL_RANGE = 500
MAX_LIVE_RANGE = 20


@dataclass(frozen=True, slots=True)
class Position:
    """Our place: the last indexed block and the highest block that we will never undo."""

    number: int
    hash: str | None
    finalized_number: int


@dataclass(frozen=True, slots=True)
class Heads:
    """The node's answer to one poll; `at_tip` is its header at our tip's number, None if it has none."""

    latest: Header
    finalized_number: int
    at_tip: Header | None


@dataclass(frozen=True, slots=True)
class Blocks:
    """Index blocks `first` to `last`, both included; `is_final` says that the node holds them all as final."""

    first: int
    last: int
    is_final: bool
    finalized_number: int


@dataclass(frozen=True, slots=True)
class Reorg:
    """Our tip is not on the node's chain: find the fork and go back to it."""


@dataclass(frozen=True, slots=True)
class Finalized:
    """Nothing to index, but the finalized block moved up."""

    number: int


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing to do; `lag` says what is wrong with the node, or None when we are at its head."""

    lag: str | None = None


Step = Blocks | Reorg | Finalized | Idle


def plan(position: Position, heads: Heads, *, stored: Mapping[int, str]) -> Step:
    """The next step.

    Args:
        position: our place.
        heads: the node's.
        stored: hashes of our blocks from the finalized one to the tip, by number.
    """
    behind = _lag(position, heads)
    if behind is not None:
        return Idle(behind)
    if heads.latest.number < position.number:
        if position.hash is None:
            return Idle()  # the contracts' first block is still to come
        # A shorter chain of ours is a node that lags (or was set back): the next blocks will tell which.
        if stored.get(heads.latest.number) == heads.latest.hash:
            return Idle(f"the node's head {heads.latest.number} is below block {position.number}, indexed already")
        return Reorg()
    if position.hash is not None and (heads.at_tip is None or heads.at_tip.hash != position.hash):
        return Reorg()
    if heads.latest.number > position.number:
        return _next_blocks(position, heads)
    finalized = min(heads.finalized_number, position.number)
    return Finalized(finalized) if finalized > position.finalized_number else Idle()


def fork_point(stored: Mapping[int, str], canonical: Sequence[Header], *, bottom: int | None) -> int:
    """The highest stored block that is on the node's chain.

    Args:
        stored: hashes of our blocks from the finalized one to the tip, by number.
        canonical: the node's headers at these numbers, as far as it has them.
        bottom: the block before our first one while nothing of ours is final, else None.

    Raises:
        ReorgTooDeep: none is, not even the finalized one.
    """
    # hashes link parent to child, so the highest equal hash is the fork
    common = [header.number for header in canonical if stored.get(header.number) == header.hash]
    if not common and bottom is not None:
        return bottom
    if not common:
        lowest = min(stored, default=0)
        raise ReorgTooDeep(
            f"the node's chain does not hold block {lowest} with hash {stored.get(lowest)}, which is final here; "
            "expected a node of the same chain; point --rpc to an honest node, or index into a new database"
        )
    return max(common)


def check_links(headers: Sequence[Header], *, first: int, last: int, parent_hash: str | None) -> None:
    """Return if the headers are blocks `first` to `last` of one chain that stands on `parent_hash`.

    Raises:
        NodeInconsistent: they are not, as when a reorg fell between two requests.
    """
    numbers = [header.number for header in headers]
    if numbers != list(range(first, last + 1)):
        raise NodeInconsistent(f"asked for headers {first} to {last}, got {numbers}; will ask again")
    expected = parent_hash
    for header in headers:
        if expected is not None and header.parent_hash != expected:
            raise NodeInconsistent(
                f"block {header.number} has parent {header.parent_hash}, expected {expected}; will ask again"
            )
        expected = header.hash


def _lag(position: Position, heads: Heads) -> str | None:
    for name, number in (("head", heads.latest.number), ("finalized block", heads.finalized_number)):
        # A fresh database stands below its first block with nothing final yet: there is nothing to fall behind.
        if position.hash is not None and number < position.finalized_number:
            return f"the node's {name} {number} is below block {position.finalized_number}, final already"
    return None


def _next_blocks(position: Position, heads: Heads) -> Blocks:
    first = position.number + 1
    is_final = first <= heads.finalized_number
    if is_final:
        last = min(heads.finalized_number, first + MAX_FINAL_RANGE - 1)
    else:
        last = min(heads.latest.number, first + MAX_LIVE_RANGE - 1)
    # Above our tip nothing can be final for us: the window of hashes would be empty and the tip beyond proof.
    finalized = max(position.finalized_number, min(heads.finalized_number, last))
    return Blocks(first, last, is_final, finalized)
