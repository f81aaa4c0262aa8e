"""Scores from the store are those from memory, to the last unit, however they are computed."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from attribution_oracle.gradient_store import OneProcess, build_segment, half_scores, stored_scores
from attribution_oracle.gradient_store.errors import StoreDamaged
from attribution_oracle.gradient_store.layout import CODES
from attribution_oracle.influence.quantize import IntegerRows, halve
from attribution_oracle.influence.scores import example_scores

ROOT = Path(__file__).resolve().parents[3]
UNIT_BITS = 32

SCORE_SCRIPT = """
import hashlib, sys
from pathlib import Path
import numpy as np, torch
from attribution_oracle.gradient_store import GradientStore, stored_scores
from attribution_oracle.influence.quantize import IntegerRows
torch.set_num_threads(int(sys.argv[3]))
store = GradientStore.open(Path(sys.argv[1]))
asked = np.load(sys.argv[2])
queries = IntegerRows(asked["codes"], asked["scales"])
print(hashlib.sha256(stored_scores(store, store.segments()[0], queries, unit_bits=32).tobytes()).hexdigest())
"""


@pytest.fixture
def queries(make_rows):
    return make_rows(9, seed=5)


@pytest.fixture
def expected(queries, make_rows):
    rows = make_rows(40)
    exact = queries.codes.astype(object) @ rows.codes.astype(object).T * queries.scales[:, None] * rows.scales[None, :]
    return (exact >> 48 - UNIT_BITS).astype(np.int64)


@pytest.mark.parametrize("tile_rows", [1, 17, 64, 128])
def test_tile_size__changes_no_score(filled, segment, queries, expected, make_rows, tile_rows):
    found = stored_scores(filled, segment, queries, unit_bits=UNIT_BITS, tile_rows=tile_rows)
    assert np.array_equal(found, expected)
    assert np.array_equal(example_scores(queries, make_rows(40), unit_bits=UNIT_BITS, tile_rows=tile_rows), expected)


@pytest.mark.parametrize("shard_rows", [1, 11, 40, 100])
def test_shards__change_no_score(filled, segment, queries, expected, shard_rows):
    found = stored_scores(filled, segment, queries, unit_bits=UNIT_BITS, shard_rows=shard_rows, workers=OneProcess())
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads__change_no_score(filled, segment, queries, expected, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert np.array_equal(stored_scores(filled, segment, queries, unit_bits=UNIT_BITS), expected)
    finally:
        torch.set_num_threads(before)


def test_two_hundred_recomputations__give_the_same_bytes(filled, segment, queries, expected):
    rows = filled.rows(segment)
    found = {example_scores(queries, rows, unit_bits=UNIT_BITS).tobytes() for _ in range(200)}
    assert found == {expected.tobytes()}


@pytest.mark.slow  # four seconds: three processes that import torch
def test_other_processes_and_threads__give_the_same_bytes(filled, segment, queries, expected, tmp_path):
    np.savez(tmp_path / "asked.npz", codes=queries.codes, scales=queries.scales)
    for threads in ("1", "2", "4"):
        command = [sys.executable, "-c", SCORE_SCRIPT, str(filled.folder), str(tmp_path / "asked.npz"), threads]
        found = subprocess.check_output(command, cwd=ROOT, text=True).strip()
        assert found == hashlib.sha256(expected.tobytes()).hexdigest()


def test_row_that_is_too_long__is_refused(store, segment, make_rows, make_keys):
    rows = make_rows(3)
    loud = IntegerRows(rows.codes, rows.scales * np.array([1, 3, 1]))
    build_segment(store, segment, make_keys(3), lambda places: loud)
    with pytest.raises(ValueError, match="train row 1 has scale"):
        stored_scores(store, segment, rows, unit_bits=UNIT_BITS)


def test_queries_of_another_width__are_refused(filled, segment, make_rows):
    with pytest.raises(ValueError, match="rows of 299 columns meet rows of 300"):
        stored_scores(filled, segment, make_rows(2, columns=299), unit_bits=UNIT_BITS)


def test_store_altered_between_two_queries__is_found_by_the_second(filled, segment, queries):
    ask = lambda: stored_scores(filled, segment, queries, unit_bits=UNIT_BITS, workers=OneProcess())  # noqa: E731
    ask()
    path = filled.folder / "segments" / segment.digest.hex() / CODES
    data = bytearray(path.read_bytes())
    data[1234] ^= 1
    path.write_bytes(data)
    with pytest.raises(StoreDamaged, match="row 4 of"):
        ask()


def test_half_precision_scores__are_close_to_the_real_ones(store, segment, make_keys):
    generator = torch.Generator().manual_seed(0)
    rows, asked = (torch.randn(count, segment.columns, generator=generator) for count in (30, 4))
    half = replace(segment, kind="fp16")
    build_segment(store, half, make_keys(30, half), lambda places: halve(rows[places.start : places.stop]))
    found = half_scores(asked.numpy(), store.half_rows(half), tile_rows=7)
    exact = asked.double().numpy() @ rows.double().numpy().T
    bound = 2.0**-10 * (asked.abs().double().numpy() @ rows.abs().double().numpy().T)
    assert (np.abs(found - exact) <= bound).all()
    assert np.abs(found - exact).max() > 0
