"""Canonical JSON: one value has one byte string, and what JSON programs disagree about is refused."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.canonical import canonical_json, canonical_lines
from content.errors import NotCanonical

LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(blacklist_categories=("Cs",)))
TEXT = st.text(st.characters(blacklist_categories=("Cs",)))
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)


def test_canonical_json__sorts_keys_and_keeps_no_spaces() -> None:
    value = {"b": [1, True, None], "a": {"é": "\u2028", "Z": '"'}}
    assert canonical_json(value) == '{"a":{"Z":"\\"","é":"\u2028"},"b":[1,true,null]}'.encode()


def test_canonical_lines__end_each_line() -> None:
    assert canonical_lines([{"a": 1}, []]) == b'{"a":1}\n[]\n'
    assert canonical_lines([]) == b""


@given(VALUES)
def test_canonical_json__read_and_written_again__is_the_same(value: Any) -> None:
    data = canonical_json(value)
    assert json.loads(data) == value
    assert canonical_json(json.loads(data)) == data
    assert b"\n" not in data


@given(st.dictionaries(TEXT, LEAVES, min_size=2))
def test_canonical_json__whatever_the_order_of_keys__is_the_same(value: dict[str, Any]) -> None:
    assert canonical_json(dict(reversed(list(value.items())))) == canonical_json(value)


@pytest.mark.parametrize("number", [0.5, 1.0, math.nan, math.inf])
def test_canonical_json__with_a_float__says_where(number: float) -> None:
    with pytest.raises(NotCanonical, match=r"\['rows'\]\[1\] is the float .*write it as a decimal string"):
        canonical_json({"rows": [1, number]})


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (2**53 + 1, "past 2\\^53"),
        (-(2**53) - 1, "past 2\\^53"),
        ({1: "a"}, "the key 1"),
        (b"a", "type bytes"),
        ({"a": {1, 2}}, "type set"),
        ("\ud800", "lone surrogate"),
    ],
)
def test_canonical_json__of_what_json_does_not_carry__is_refused(value: Any, reason: str) -> None:
    with pytest.raises(NotCanonical, match=reason):
        canonical_json(value)
