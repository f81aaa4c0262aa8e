"""Leaves of reward trees: published by anyone, stored only if they hash to a root, served as proofs.

No event carries the leaves, so the index cannot have them by itself. They are kept by root, not by reward epoch:
whatever a reorg does to the root's block, the leaves of that root stay its leaves.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select

from chain.merkle import RewardTree, reward_tree
from indexer.database import Database
from indexer.errors import IndexerError
from indexer.store import REWARD_LEAF

# A tree of a million accounts is some 200 MB: the last epochs are what is asked for.
_TREES_KEPT = 3


class WrongLeaves(IndexerError):
    """The leaves do not make the posted root."""


class RewardBook:
    """The published leaves of one distributor."""

    def __init__(self, database: Database, *, chain_id: int, distributor: str) -> None:
        self._database = database
        self._chain_id = chain_id
        self._distributor = distributor
        self._trees: OrderedDict[str, RewardTree] = OrderedDict()
        self._lock = threading.Lock()

    def publish(self, root: Mapping[str, Any], rewards: Mapping[str, int]) -> bool:
        """Store the leaves of a posted root (a row of `root`); False if they were there already.

        Raises:
            WrongLeaves: they hash to something else.
        """
        if self._is_stored(root["root"]):
            return False
        self._check_cheaply(root, rewards)
        try:
            tree = reward_tree(chain_id=self._chain_id, distributor=self._distributor, rewards=rewards)
        except ValueError as error:
            raise WrongLeaves(f"the leaves make no tree: {error}") from error
        found = "0x" + tree.root.hex()
        if found != root["root"] or tree.total_wei != int(root["total_wei"]):
            raise WrongLeaves(
                f"the leaves hash to {found}, expected {root['root']} of reward epoch {root['reward_epoch']}; "
                "publish the leaves of `rewards.jsonl` in its evidence"
            )
        self._write(root["root"], tree)
        return True

    def tree(self, root: str) -> RewardTree | None:
        """The tree with this root, None if nobody published it."""
        with self._lock:
            if root in self._trees:
                self._trees.move_to_end(root)
                return self._trees[root]
        query = select(REWARD_LEAF.c.account, REWARD_LEAF.c.cumulative_wei).where(REWARD_LEAF.c.root == root)
        with self._database.reading() as connection:
            rewards = {row.account: row.cumulative_wei for row in connection.execute(query)}
        if not rewards:
            return None
        tree = reward_tree(chain_id=self._chain_id, distributor=self._distributor, rewards=rewards)
        with self._lock:
            self._trees[root] = tree
            while len(self._trees) > _TREES_KEPT:
                self._trees.popitem(last=False)
        return tree

    def _check_cheaply(self, root: Mapping[str, Any], rewards: Mapping[str, int]) -> None:
        # anyone may post: two comparisons stand before hashing a million leaves
        count, total = len(rewards), sum(rewards.values())
        if count != root["leaf_count"] or total != int(root["total_wei"]):
            raise WrongLeaves(
                f"{count} leaves with {total} wei, expected {root['leaf_count']} with {root['total_wei']} wei; "
                "publish the leaves of `rewards.jsonl` in the evidence"
            )

    def _is_stored(self, root: str) -> bool:
        query = select(REWARD_LEAF.c.position).where(REWARD_LEAF.c.root == root).limit(1)
        with self._database.reading() as connection:
            return connection.execute(query).first() is not None

    def _write(self, root: str, tree: RewardTree) -> None:
        rows = [
            {"root": root, "position": position, "account": account, "cumulative_wei": amount}
            for position, (account, amount) in enumerate(zip(tree.accounts, tree.cumulative_wei, strict=True))
        ]
        with self._database.writing() as connection:
            stored = connection.execute(select(REWARD_LEAF.c.position).where(REWARD_LEAF.c.root == root).limit(1))
            if stored.first() is None:  # else another request published the same leaves meanwhile
                connection.execute(insert(REWARD_LEAF), rows)
