"""The loop that keeps the database at the node's head: plan, fetch, check, store, one step at a time."""

import logging
import random
import threading
import time
from dataclasses import dataclass, field, replace

from indexer.errors import ReorgTooDeep, Retryable
from indexer.reorg import Blocks, Finalized, Idle, Position, Reorg, Step, fork_point, plan
from indexer.source import Source
from indexer.store import Store

log = logging.getLogger(__name__)

# Where a node knows no `finalized` tag: the depth that Ponder takes for a chain that it does not know.
DEFAULT_FINALITY_DEPTH = 30
_FIRST_WAIT_SECONDS = 0.25
_LONGEST_WAIT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Progress:
    """What the engine has done since it started, for `/status` and `/ready`.

    `head_number` is the node's, None before its first answer; `trouble` is the reason for which no progress is made.
    """

    head_number: int | None = None
    is_caught_up: bool = False
    trouble: str | None = None
    events: int = 0
    rollbacks: int = 0
    failures: int = 0
    deepest_rollback: int = 0


@dataclass(slots=True)
class Engine:
    """One source into one store. `kick` may be called from any thread; one of them works, the others return."""

    source: Source
    store: Store
    finality_depth: int = DEFAULT_FINALITY_DEPTH
    progress: Progress = field(default_factory=Progress)
    _busy: threading.Lock = field(default_factory=threading.Lock)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _not_before: float = 0.0
    _failures_in_a_row: int = 0

    def stop(self) -> None:
        """Make a running `kick` return after the step it is in."""
        self._stopping.set()

    def kick(self) -> None:
        """Work until the node has nothing new, or is in trouble; returns at once while it is given time to recover."""
        if time.monotonic() < self._not_before or not self._busy.acquire(blocking=False):
            return
        try:
            while not self._stopping.is_set() and not isinstance(self.step(), Idle):
                pass
            self._failures_in_a_row = 0
        except Retryable as error:
            self._back_off(error)
        except ReorgTooDeep as error:
            # The node may be wrong rather than the chain: stay, say so, and look again later.
            log.error("%s", error)
            self._back_off(error)
        except Exception as error:
            log.exception("indexing stopped")
            self._back_off(error)
        finally:
            self._busy.release()

    def step(self) -> Step:
        """Do the next thing and say what it was.

        Raises:
            NodeUnavailable, NodeInconsistent: ask again later; nothing was written.
            ReorgTooDeep: the node is on another chain; nothing was written.
        """
        position, hashes = self.store.position()
        heads = self.source.heads(tip_number=max(0, position.number), finality_depth=self.finality_depth)
        step = plan(position, heads, stored=hashes)
        self._note(head_number=heads.latest.number)
        match step:
            case Blocks():
                batch = self.source.fetch(step, parent_hash=position.hash)
                count = self.store.apply(batch, finalized_number=step.finalized_number)
                self._note(events=self.progress.events + count, trouble=None)
            case Reorg():
                self._roll_back(position, hashes)
            case Finalized(number):
                self.store.finalize(number)
            case Idle(lag):
                self._note(trouble=lag, is_caught_up=lag is None)
        return step

    def _roll_back(self, position: Position, hashes: dict[int, str]) -> None:
        canonical = self.source.known_headers(sorted(hashes))
        # below the first block nothing was stored, so there is nothing final to go back past
        bottom = position.finalized_number if position.finalized_number not in hashes else None
        fork = fork_point(hashes, canonical, bottom=bottom)
        if fork == position.number:
            return  # the branch came back while we asked
        log.warning("reorg: going back from block %d to %d", position.number, fork)
        self.store.rollback(fork)
        depth = max(self.progress.deepest_rollback, position.number - fork)
        self._note(rollbacks=self.progress.rollbacks + 1, deepest_rollback=depth)

    def _back_off(self, error: Exception) -> None:
        self._failures_in_a_row += 1
        longest = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2 ** min(self._failures_in_a_row, 10))
        # full jitter: many indexers of one node do not come back all at once
        self._not_before = time.monotonic() + random.uniform(_FIRST_WAIT_SECONDS, longest)
        self._note(trouble=str(error), is_caught_up=False, failures=self.progress.failures + 1)
        log.warning("%s", error)

    def _note(self, **changes: int | str | bool | None) -> None:
        # one assignment: readers in other threads see the old record or the new one
        self.progress = replace(self.progress, **changes)  # type: ignore[arg-type]
