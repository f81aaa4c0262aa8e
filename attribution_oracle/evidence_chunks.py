"""A bundle as chunks (docs/formats.md "Evidence"): what can be demanded of it on chain, and shown there (pure).

Every file starts a chunk of its own, so that whoever has evidence.json knows which chunks a file lies in without the
files before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chain.merkle import CHUNK_BYTES, IndexedTree, evidence_chunks, evidence_tree


@dataclass(frozen=True, slots=True)
class Commitment:
    """What a signed root says of its evidence: the sha-256 of evidence.json, and the tree over all chunks."""

    digest: bytes
    chunk_root: bytes
    chunk_count: int


@dataclass(frozen=True, slots=True)
class EvidenceChunks:
    """The chunks of a whole bundle and their tree."""

    chunks: tuple[bytes, ...]
    tree: IndexedTree

    def shown(self, index: int) -> tuple[bytes, list[bytes]]:
        """A chunk and its proof, as `answer_demand` takes them. Raises IndexError for one that the bundle lacks."""
        return self.chunks[index], self.tree.proof(index)


def chunked(parts: Iterable[bytes]) -> EvidenceChunks:
    """The chunks of evidence.json and of the files that it names, given in their order."""
    chunks = evidence_chunks(parts)
    return EvidenceChunks(tuple(chunks), evidence_tree(chunks))


def chunk_ranges(byte_counts: Mapping[str, int]) -> dict[str, range]:
    """The chunks that each file lies in, given the lengths of all files in their order.

    >>> chunk_ranges({"evidence.json": 24_001, "empty": 0, "receipts.jsonl": 1})
    {'evidence.json': range(0, 2), 'empty': range(2, 2), 'receipts.jsonl': range(2, 3)}
    """
    ranges: dict[str, range] = {}
    start = 0
    for name, byte_count in byte_counts.items():
        end = start + -(-byte_count // CHUNK_BYTES)
        ranges[name] = range(start, end)
        start = end
    return ranges
