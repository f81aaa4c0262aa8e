"""What a row is a row of, as digests (pure).

    segment  = sha256(canonical JSON of version, adapter digest, scoring parameters, role, columns, kind of number)
    text     = sha256(tag || completion_start || number of tokens || tokens)          uint32, little end first
    labelled = sha256(tag || canonical JSON of label, names, types and shapes || the inputs' bytes in that order)
    key      = sha256(tag || segment || text or labelled || occurrence)                       uint64, little end first

`labelled` is an image or a sound with its class. `occurrence` counts the earlier examples with the same digest. In a
train set the second copy of a text has a row of its own (of zeros, since it adds nothing): tokens alone name no row.

What else a train row depends on, the other texts of the train set and their order, the adapter's digest stands for:
they were trained into its weights, and its manifest lists them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, cast

import numpy as np

from attribution_oracle.gradient_store.errors import StoreMismatch
from attribution_oracle.influence.heads import Encoded, Example, Labelled
from content.canonical import canonical_json

FORMAT = "openledger-gradient-store/1"
Kind = Literal["int8", "fp16"]

_TEXT_TAG = b"openledger gradient example 1"
_LABELLED_TAG = b"openledger gradient labelled example 1"
_ROW_TAG = b"openledger gradient row 1"
_CODE_BYTES = {"int8": 1, "fp16": 2}


@dataclass(frozen=True)
class Segment:
    """The rows of one adapter under one set of scoring parameters; `role` tells train rows from query rows."""

    adapter_digest: bytes
    spec: Mapping[str, int | str]
    role: str
    columns: int
    kind: Kind = "int8"

    def __post_init__(self) -> None:
        if len(self.adapter_digest) != 32 or self.columns < 1 or self.kind not in _CODE_BYTES:
            raise ValueError(
                f"a segment has an adapter digest of {len(self.adapter_digest)} bytes, {self.columns} columns and kind "
                f"{self.kind!r}; expected 32 bytes, at least one column, and one of {sorted(_CODE_BYTES)}"
            )

    @cached_property
    def header(self) -> bytes:
        """The canonical JSON that says what the segment is of."""
        return canonical_json(
            {
                "format": FORMAT,
                "adapter_digest": self.adapter_digest.hex(),
                "spec": dict(self.spec),
                "role": self.role,
                "columns": self.columns,
                "kind": self.kind,
            }
        )

    @cached_property
    def digest(self) -> bytes:
        """32 bytes that name the segment."""
        return hashlib.sha256(self.header).digest()

    @property
    def row_bytes(self) -> int:
        """The bytes of one row's codes."""
        return self.columns * _CODE_BYTES[self.kind]


def parse_header(value: Any) -> Segment:
    """The segment that a parsed header describes. Raises StoreMismatch for another version or a missing field."""
    found = value.get("format") if isinstance(value, dict) else None
    if found != FORMAT:
        raise StoreMismatch(
            f"a segment has format {found!r}; expected {FORMAT!r}; build it again, or read it with the release it is of"
        )
    try:
        return Segment(
            bytes.fromhex(value["adapter_digest"]), value["spec"], value["role"], value["columns"], value["kind"]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StoreMismatch(
            f"a header lacks or garbles a field ({error!r}); expected the five of a segment; build it again"
        ) from error


def example_digest(example: Example) -> bytes:
    """32 bytes that name a tokenised text, or an image or a sound with its class."""
    if hasattr(example, "label"):
        return _labelled_digest(cast("Labelled", example))
    return _text_digest(example)


def _text_digest(example: Encoded) -> bytes:
    numbers = np.array([example.completion_start, len(example.input_ids), *example.input_ids], dtype="<u4")
    return hashlib.sha256(_TEXT_TAG + numbers.tobytes()).digest()


def _labelled_digest(example: Labelled) -> bytes:
    inputs = {name: np.ascontiguousarray(example.inputs[name].numpy()) for name in sorted(example.inputs)}
    shapes = [[name, array.dtype.str, list(array.shape)] for name, array in inputs.items()]
    digest = hashlib.sha256(_LABELLED_TAG + canonical_json({"label": example.label, "inputs": shapes}))
    for array in inputs.values():
        digest.update(array.tobytes())
    return digest.digest()


def row_keys(segment: Segment, examples: Iterable[Example]) -> list[bytes]:
    """The key of each example's row, in order."""
    return keys_of_digests(segment, map(example_digest, examples))


def keys_of_digests(segment: Segment, digests: Iterable[bytes]) -> list[bytes]:
    """The key of each row, in order, given what `example_digest` (or another name of 32 bytes) says of its example."""
    seen: Counter[bytes] = Counter()
    keys = []
    for digest in digests:
        occurrence = seen[digest].to_bytes(8, "little")
        keys.append(hashlib.sha256(_ROW_TAG + segment.digest + digest + occurrence).digest())
        seen[digest] += 1
    return keys
