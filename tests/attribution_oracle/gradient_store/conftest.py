"""Random integer rows and stores of them, and a tiny model with LoRA (that of the influence tests)."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from attribution_oracle.gradient_store import GradientStore, Segment
from attribution_oracle.gradient_store.keys import keys_of_digests
from attribution_oracle.influence.quantize import IntegerRows

COLUMNS = 300


def random_rows(count, *, seed=0, columns=COLUMNS):
    """Rows of about length one."""
    codes = np.random.default_rng(seed).integers(-127, 128, (count, columns), dtype=np.int8)
    lengths = np.sqrt((codes.astype(np.int64) ** 2).sum(axis=1))
    return IntegerRows(codes, (2**24 / lengths).astype(np.int64))


def part_of(rows, places):
    return IntegerRows(rows.codes[places.start : places.stop], rows.scales[places.start : places.stop])


@pytest.fixture
def segment():
    return Segment(adapter_digest=bytes(range(32)), spec={"damping": "0.1", "seed": 0}, role="train", columns=COLUMNS)


@pytest.fixture
def store(tmp_path):
    return GradientStore.open(tmp_path / "store")


@pytest.fixture
def make_rows():
    return random_rows


@pytest.fixture
def cut():
    return part_of


@pytest.fixture
def make_keys(segment):
    return lambda count, of=segment: keys_of_digests(of, [i.to_bytes(32, "big") for i in range(count)])


@pytest.fixture
def filled(store, segment, make_keys):
    """A store with 40 rows in two commits."""
    rows, keys = random_rows(40), make_keys(40)
    with store.writer(segment) as writer:
        for places in (range(25), range(25, 40)):
            writer.append(keys[places.start : places.stop], part_of(rows, places))
            writer.commit()
    return store


@pytest.fixture(scope="session")
def tiny():
    """The module with the tiny model of the influence tests."""
    path = Path(__file__).parents[1] / "influence" / "conftest.py"
    spec = importlib.util.spec_from_file_location("tiny_lora", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["tiny_lora"] = module
    spec.loader.exec_module(module)
    return module
