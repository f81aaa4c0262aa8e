"""The query rows of private receipts: what the evidence carries instead of their text.

`query_rows.json` lists the rows in receipt order with their receipt, adapter, integer scale and length;
`query_rows.bin` holds their int8 codes one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribution_oracle import wire
from attribution_oracle.errors import EvidenceInvalid
from content.canonical import canonical_json

_SCALE_END = 2**63


@dataclass(frozen=True, slots=True)
class QueryRow:
    """One int8 gradient row `(P,)` of an answer and its integer scale (`attribution_oracle.influence.quantize`)."""

    adapter_id: int
    codes: NDArray[np.int8]
    scale: int


def encode_rows(rows: Mapping[bytes, QueryRow]) -> tuple[bytes, bytes]:
    """query_rows.json and query_rows.bin of rows by receipt id, in the order of the mapping."""
    index = [
        {
            "receipt_id": wire.hexed(receipt_id),
            "adapter_id": row.adapter_id,
            "scale": str(row.scale),
            "length": len(row.codes),
        }
        for receipt_id, row in rows.items()
    ]
    return canonical_json({"rows": index}), b"".join(row.codes.tobytes() for row in rows.values())


def decode_rows(index: wire.Json, data: bytes) -> dict[bytes, QueryRow]:
    """The rows by receipt id; raises EvidenceInvalid when index and data do not fit or a receipt is listed twice."""
    rows: dict[bytes, QueryRow] = {}
    start = 0
    for entry in wire.items(index, "rows"):
        length = wire.natural(entry, "length")
        codes = np.frombuffer(data[start : start + length], dtype=np.int8)
        start += length
        rows[wire.bytes32(entry, "receipt_id")] = QueryRow(
            adapter_id=wire.natural(entry, "adapter_id"), codes=codes, scale=wire.natural(entry, "scale")
        )
    if any(row.scale >= _SCALE_END for row in rows.values()):
        raise EvidenceInvalid("a scale in query_rows.json passes 2^63; expected one of a row of length one")
    if start != len(data) or len(rows) != len(wire.items(index, "rows")):
        raise EvidenceInvalid(
            f"query_rows.json lists {start} codes of {len(rows)} receipts and query_rows.bin has {len(data)}; expected "
            "as many, each receipt once: ask the oracle for the right files"
        )
    return rows
