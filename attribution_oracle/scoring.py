"""Scores of one adapter's paid answers: training examples become an index, answers become rows, both integers."""

from __future__ import annotations

import contextlib
import ctypes
import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution_oracle.errors import EvidenceInvalid
from attribution_oracle.policy import scoring
from attribution_oracle.receipts import Receipt
from attribution_oracle.rows import QueryRow
from trainer.examples import Encoded, Example, encode

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from attribution_oracle.influence.engine import TrainIndex
    from attribution_oracle.influence.quantize import IntegerRows
    from attribution_oracle.sources import AdapterSource


@dataclass(frozen=True, slots=True)
class Scored:
    """Integer scores by receipt id, then contribution id; and the rows of the receipts that are not public."""

    scores: dict[bytes, dict[int, int]]
    private_rows: dict[bytes, QueryRow]


def score_receipts(
    source: AdapterSource, receipts: Sequence[Receipt], given: Mapping[bytes, QueryRow], *, indexes: Path | None = None
) -> Scored:
    """The scores of an adapter's receipts, all of its contributions each.

    A public receipt's row is computed from its text: the gradient of the loss on the answer that was given. A private
    one's comes from `given`, or from its text where the caller knows that. The adapter's index is kept in the folder
    `indexes` (`index_library`), and taken from there the next time.
    """
    try:
        return _score_receipts(source, receipts, given, indexes)
    finally:
        _give_memory_back()


def _score_receipts(
    source: AdapterSource, receipts: Sequence[Receipt], given: Mapping[bytes, QueryRow], indexes: Path | None
) -> Scored:
    # torch takes seconds to import, and reading evidence needs none of it
    from attribution_oracle.influence.engine import query_rows, score

    model, tokenizer = source.load()
    index = _index(source, model, tokenizer, indexes)

    def rows_of(wanted: Sequence[Receipt]) -> dict[bytes, QueryRow]:
        answers = [encoded_answer(receipt, tokenizer, source.max_tokens) for receipt in wanted]
        if not answers:
            return {}
        rows = query_rows(index, model, answers)
        return {
            receipt.receipt_id: QueryRow(receipt.adapter_id, codes, int(scale))
            for receipt, codes, scale in zip(wanted, rows.codes, rows.scales, strict=True)
        }

    private = [receipt for receipt in receipts if not receipt.is_public]
    # public rows are computed apart from private ones: whoever recomputes forms the same batches, so the same bits
    public_rows = rows_of([receipt for receipt in receipts if receipt.is_public])
    private_rows = {key.receipt_id: given[key.receipt_id] for key in private if key.receipt_id in given}
    private_rows |= rows_of([receipt for receipt in private if receipt.receipt_id not in given])
    rows = public_rows | private_rows
    try:
        table = score(index, _stacked([rows[receipt.receipt_id] for receipt in receipts]))
    except ValueError as error:
        # rows of private receipts are whatever the oracle says: of another length, or longer than one
        raise EvidenceInvalid(f"query rows of adapter {source.fact.adapter_id} cannot be scored: {error}") from error
    return Scored(
        scores={
            receipt.receipt_id: dict(zip(index.contribution_ids, map(int, line), strict=True))
            for receipt, line in zip(receipts, table, strict=True)
        },
        private_rows=private_rows,
    )


def _index(source: AdapterSource, model: Any, tokenizer: PreTrainedTokenizerBase, indexes: Path | None) -> TrainIndex:
    """The index of the adapter's training examples, from the library if there is one."""
    from attribution_oracle.index_library import IndexLibrary
    from attribution_oracle.influence.engine import train_index
    from attribution_oracle.influence.hashed import row_width

    encoded = [encode(example, tokenizer, source.max_tokens) for example in source.examples]
    owners = [example.contribution_id for example in source.examples]

    def build() -> TrainIndex:
        return train_index(model, encoded, owners, scoring())

    if indexes is None:
        return build()
    columns = row_width(model, scoring().row_size)
    library = IndexLibrary(indexes)
    return library.find_or_build(source.fact.weights_digest, encoded, owners, scoring(), columns=columns, build=build)


def _give_memory_back() -> None:
    """Return what the model and its gradients took: the oracle goes on to start signers, which need as much again."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # glibc alone has it, and alone keeps what was freed
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def encoded_answer(receipt: Receipt, tokenizer: PreTrainedTokenizerBase, max_tokens: int) -> Encoded:
    """A public receipt's question with the answer that was given, as an example is encoded."""
    assert receipt.text is not None, "a receipt without text has a given row"
    answer = Example(contribution_id=0, ordinal=0, prompt=receipt.text.prompt, response=receipt.text.answer)
    return encode(answer, tokenizer, max_tokens)


def _stacked(rows: Sequence[QueryRow]) -> IntegerRows:
    from attribution_oracle.influence.quantize import IntegerRows

    lengths = {len(row.codes) for row in rows}
    if len(lengths) != 1:
        raise EvidenceInvalid(
            f"query rows of adapter {rows[0].adapter_id} have lengths {sorted(lengths)}; expected one length"
        )
    return IntegerRows(np.stack([row.codes for row in rows]), np.array([row.scale for row in rows], dtype=np.int64))
