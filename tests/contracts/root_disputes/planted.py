"""Reward trees with a fault planted in them, signed and posted like any other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from chain.fraud_proofs import (
    FallenProof,
    LeafCountProof,
    LeafProof,
    OrderProof,
    PostedTree,
    SumProof,
)
from chain.merkle import EMPTY, depth_of, keccak, reward_leaf, sum_node, sum_of, sum_parent

HIDDEN = sum_node(keccak(b"of this nobody knows a preimage"), 0)


@dataclass
class Orchard:
    """Grows trees for one distributor. Nodes at (height, index) can be replaced, or their sums changed."""

    chain_id: int
    distributor: str
    leaves: dict[bytes, tuple[str, int]] = field(default_factory=dict)
    children: dict[bytes, tuple[bytes, bytes]] = field(default_factory=dict)

    def leaf(self, account: str, amount: int) -> bytes:
        """The word of a leaf; what it is made of is known from then on."""
        place = {"chain_id": self.chain_id, "distributor": self.distributor}
        word = reward_leaf(**place, account=account, cumulative_wei=amount)
        self.leaves[word[:20]] = (account, amount)
        return word

    def grow(
        self,
        words: Sequence[bytes],
        *,
        leaf_count: int | None = None,
        sums: Mapping[tuple[int, int], int] | None = None,
        nodes: Mapping[tuple[int, int], bytes] | None = None,
    ) -> PostedTree:
        """The tree over the words, whatever they are, posted with this leaf count."""
        count = len(words) if leaf_count is None else leaf_count
        sums, nodes = sums or {}, nodes or {}
        level = [*words, *[EMPTY] * ((1 << depth_of(max(count, len(words)))) - len(words))]
        height = 0
        while len(level) > 1:
            height += 1
            pairs = list(zip(level[::2], level[1::2], strict=True))
            level = [self._parent(*pair, sums.get((height, n))) for n, pair in enumerate(pairs)]
            level = [nodes.get((height, n), node) for n, node in enumerate(level)]
        return PostedTree(level[0], count, dict(self.children), dict(self.leaves))

    def honest(self, rewards: Mapping[str, int]) -> PostedTree:
        """The tree as it should be."""
        return self.grow([self.leaf(account, amount) for account, amount in by_account(rewards)])

    def _parent(self, left: bytes, right: bytes, sum_wei: int | None) -> bytes:
        node = sum_parent(left, right)
        if node == EMPTY:
            return node
        self.children[node[:20]] = (left, right)
        return node if sum_wei is None else sum_node(node, sum_wei)


def by_account(rewards: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(rewards.items(), key=lambda row: int(row[0], 16))


Fault = Callable[[Orchard, dict[str, int]], PostedTree]


def _words(orchard: Orchard, rewards: Mapping[str, int]) -> list[bytes]:
    """Leaves for all accounts, each with more than before: whatever is planted, the total does not fall."""
    return [orchard.leaf(account, amount + 1_000) for account, amount in by_account(rewards)]


def _sums(height: int, index: int, change: int) -> Fault:
    def plant(orchard: Orchard, rewards: dict[str, int]) -> PostedTree:
        words = _words(orchard, rewards)
        amounts = sum(sum_of(word) for word in words[index << height : index + 1 << height])
        return orchard.grow(words, sums={(height, index): amounts + change})

    return plant


def _empty_with_a_sum(orchard: Orchard, rewards: dict[str, int]) -> PostedTree:
    return orchard.grow(_words(orchard, rewards), nodes={(1, 1): sum_node(EMPTY, 7)})


def _inner_node_as_leaf(orchard: Orchard, rewards: dict[str, int]) -> PostedTree:
    """One leaf is a pair of leaves: nobody can claim from it."""
    words = _words(orchard, rewards)
    pair = sum_parent(words[2], words[3])
    orchard.children[pair[:20]] = (words[2], words[3])
    return orchard.grow([*words[:2], pair, *words[4:]])


def _leaf_sum(orchard: Orchard, rewards: dict[str, int]) -> PostedTree:
    words = _words(orchard, rewards)
    words[2] = sum_node(words[2], sum_of(words[2]) + 1)
    return orchard.grow(words)


def _leaf_above(orchard: Orchard, rewards: dict[str, int]) -> PostedTree:
    words = _words(orchard, rewards)
    return orchard.grow(words, nodes={(1, 1): words[2]})


def _leaf_beyond(orchard: Orchard, rewards: dict[str, int]) -> PostedTree:
    words = _words(orchard, rewards)
    return orchard.grow(words, leaf_count=len(words) - 1)


def _node_beyond(orchard: Orchard, rewards: dict[str, int]) -> PostedTree:
    """In the padding, at a height of its own, and of no known preimage."""
    return orchard.grow(_words(orchard, rewards)[:5], nodes={(1, 3): HIDDEN})


def _sum_beyond(orchard: Orchard, rewards: dict[str, int]) -> PostedTree:
    return orchard.grow(_words(orchard, rewards)[:5], nodes={(1, 3): sum_node(EMPTY, 7)})


def _leaf_missing(orchard: Orchard, rewards: dict[str, int]) -> PostedTree:
    words = _words(orchard, rewards)[:5]
    return orchard.grow(words, leaf_count=6)


def _swapped(orchard: Orchard, rewards: dict[str, int]) -> PostedTree:
    words = _words(orchard, rewards)
    words[1], words[2] = words[2], words[1]
    return orchard.grow(words)


def _twice(orchard: Orchard, rewards: dict[str, int]) -> PostedTree:
    words = _words(orchard, rewards)
    account = orchard.leaves[words[2][:20]][0]
    return orchard.grow([*words[:3], orchard.leaf(account, 9), *words[4:]])


def _changed(place: int, change: Callable[[int], int | None]) -> Fault:
    """One account gets another amount, or none, and all others more: a total never falls."""

    def plant(orchard: Orchard, rewards: dict[str, int]) -> PostedTree:
        account, amount = by_account(rewards)[place]
        changed = change(amount)
        others = {holder: wei + 100 for holder, wei in rewards.items() if holder != account}
        return orchard.honest(others if changed is None else {**others, account: changed})

    return plant


# of seven accounts, each with more than 1 wei under the root before
FAULTS: dict[str, tuple[Fault, type]] = {
    "sum too high": (_sums(1, 1, 5), SumProof),
    "sum too low": (_sums(2, 0, -1), SumProof),
    "total too high": (_sums(3, 0, 5), SumProof),
    "empty node with a sum": (_empty_with_a_sum, SumProof),
    "inner node as leaf": (_inner_node_as_leaf, SumProof),
    "leaf with another sum": (_leaf_sum, LeafProof),
    "leaf above the leaves": (_leaf_above, LeafProof),
    "leaf beyond the count": (_leaf_beyond, LeafCountProof),
    "node beyond the count": (_node_beyond, LeafCountProof),
    "sum beyond the count": (_sum_beyond, LeafCountProof),
    "leaf missing": (_leaf_missing, LeafCountProof),
    "accounts swapped": (_swapped, OrderProof),
    "account twice": (_twice, OrderProof),
    "amount fallen": (_changed(3, lambda amount: amount - 1), FallenProof),
    "amount fallen to zero": (_changed(3, lambda _: 0), FallenProof),
    "first account absent": (_changed(0, lambda _: None), FallenProof),
    "middle account absent": (_changed(3, lambda _: None), FallenProof),
    "last account absent": (_changed(6, lambda _: None), FallenProof),
}
