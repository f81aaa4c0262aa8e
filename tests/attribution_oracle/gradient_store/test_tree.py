"""The root that grows with the rows is that of the tree that the chain checks."""

import hashlib

import pytest

from attribution_oracle.gradient_store.tree import Frontier, root_of, row_leaf
from chain.merkle import IndexedTree

LEAVES = [hashlib.sha256(i.to_bytes(4, "big")).digest() for i in range(1025)]


@pytest.mark.parametrize("count", [*range(35), 1023, 1024, 1025])
def test_frontier_and_levels__have_the_root_of_the_indexed_tree(count):
    frontier = Frontier()
    frontier.extend(b"".join(LEAVES[:count]))
    assert frontier.root == root_of(b"".join(LEAVES[:count])) == IndexedTree(LEAVES[:count]).root
    assert frontier.leaf_count == count


def test_frontier__asked_on_the_way__goes_on_undisturbed():
    frontier = Frontier()
    for count, leaf in enumerate(LEAVES[:40], start=1):
        frontier.extend(leaf)
        assert frontier.root == IndexedTree(LEAVES[:count]).root


def test_leaf__changes_with_key_scale_square_and_codes():
    row = {"key": bytes(32), "scale": 7, "square": 9, "codes": b"\x01\x02"}
    changes = [{"key": bytes(31) + b"\x01"}, {"scale": 8}, {"square": 8}, {"codes": b"\x01\x03"}, {"codes": b"\x01"}]
    assert len({row_leaf(**row), *(row_leaf(**row | change) for change in changes)}) == len(changes) + 1
