"""The same integer rows at any number of threads and any batch size, on a trained model of the retrain bank."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from attribution_oracle.influence.engine import ScoringSpec, query_rows, train_index
from attribution_oracle.influence.gradients import per_example_gradients
from attribution_oracle.influence.quantize import quantize
from benchmarks.attribution.bank import load_bank
from benchmarks.attribution.served import peft_model, rows_of
from benchmarks.attribution.tiny import train_adapters


@pytest.fixture(scope="module")
def bank():
    return load_bank()


@pytest.fixture(scope="module")
def served(bank):
    """An adapter of the bank's recipe, trained on some of its rows."""
    rows = torch.from_numpy(bank.corpus.train[:96].astype(np.int64))
    return peft_model(bank, train_adapters(bank.base, bank.shape, bank.recipe, rows, [np.arange(96)], [10]), 0)


@pytest.fixture
def with_threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_threads_and_batch_size_change_no_byte_of_integer_rows(bank, served, with_threads):
    examples = rows_of(bank.corpus.train[:96])
    expected = quantize(per_example_gradients(served, examples, batch_size=1))
    assert expected.codes.any()
    for threads in (1, 2, 4):
        with_threads(threads)
        for batch_size in (64, 17):
            found = quantize(per_example_gradients(served, examples, batch_size=batch_size))
            assert found.codes.tobytes() == expected.codes.tobytes(), (threads, batch_size)
            assert np.array_equal(found.scales, expected.scales)


def test_threads_and_batch_size_change_no_byte_of_an_index_and_its_queries(bank, served, with_threads):
    examples, queries = rows_of(bank.corpus.train[:48]), rows_of(bank.corpus.queries[:9])

    def indexed(threads, batch_size):
        with_threads(threads)
        index = train_index(served, examples, list(range(48)), ScoringSpec(batch_size=batch_size))
        return index.rows.codes.tobytes(), query_rows(index, served, queries).codes.tobytes()

    expected = indexed(1, 64)
    assert indexed(2, 17) == expected
    assert indexed(4, 64) == expected


def test_short_texts_and_short_completions_have_the_same_bytes_in_any_batch(served):
    # Matrix products of few rows are where a CPU's library changes its ways.
    draw = torch.Generator().manual_seed(0)
    texts = [
        SimpleNamespace(
            input_ids=torch.randint(1_000, (length,), generator=draw).tolist(), completion_start=length - completion
        )
        for length in (2, 3, 7, 12, 16, 23, 24, 31)
        for completion in (1, length // 2, length - 1)
        for _ in range(3)
    ]
    expected = per_example_gradients(served, texts, batch_size=64)
    for batch_size in (1, 2, 5):
        assert torch.equal(per_example_gradients(served, texts, batch_size=batch_size), expected), batch_size
