"""The bounds of a trace of checkpoints, which no stake of OPEN can reach: the module by itself."""

from pathlib import Path
from typing import Any

import boa
import pytest

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"
MAX_VALUE = 2**160 - 1
KEY = 7

TRACES = """
# pragma version 0.4.3

from .modules import checkpoints

initializes: checkpoints

@external
def push(key: uint256, new_value: uint256):
    checkpoints._push(key, new_value)

@external
def shift(key: uint256, added: uint256, removed: uint256) -> uint256:
    return checkpoints._shift(key, added, removed)

@external
@view
def latest(key: uint256) -> uint256:
    return checkpoints._latest(key)

@external
@view
def at(key: uint256, timepoint: uint256) -> uint256:
    return checkpoints._at(key, timepoint)
"""


@pytest.fixture(scope="module")
def traces() -> Any:
    # named as if it lay beside the contracts, so that its import is found
    return boa.loads(TRACES, filename=str(CONTRACTS / "Traces.vy"))


def test_push__of_the_largest_value__is_kept(traces: Any) -> None:
    traces.push(KEY, MAX_VALUE)
    assert traces.latest(KEY) == MAX_VALUE
    assert traces.latest(KEY + 1) == 0


def test_push__of_more__reverts(traces: Any) -> None:
    with boa.reverts("checkpoints: value too large"):
        traces.push(KEY, MAX_VALUE + 1)


def test_shift__returns_what_the_value_was(traces: Any) -> None:
    assert traces.shift(KEY, 5, 0) == 0
    assert traces.shift(KEY, 3, 4) == 5
    assert traces.latest(KEY) == 4


def test_shift__beyond_the_largest_value__reverts(traces: Any) -> None:
    traces.push(KEY, MAX_VALUE)
    with boa.reverts("checkpoints: value too large"):
        traces.shift(KEY, 1, 0)


def test_shift__below_zero__reverts(traces: Any) -> None:
    traces.push(KEY, 5)
    with boa.reverts():
        traces.shift(KEY, 0, 6)


def test_traces__of_neighbouring_keys__are_apart(traces: Any) -> None:
    start = int(boa.env.evm.patch.timestamp)
    for second in range(3):
        for key in (KEY, KEY + 1):
            traces.push(key, 10 * key + second)
        boa.env.time_travel(seconds=1)
    for key in (KEY, KEY + 1):
        assert [traces.at(key, start + second) for second in range(3)] == [10 * key + second for second in range(3)]
