"""Canonical JSON: one value, one byte string, on any machine.

UTF-8, keys sorted, separators `,` and `:`, no spaces, no floats. What is hashed or signed goes through here.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from content.errors import NotCanonical

# past this JavaScript and others read another number
MAX_INTEGER = 2**53


def canonical_json(value: Any) -> bytes:
    """The canonical JSON of `value`, without a line end.

    Raises:
        NotCanonical: it holds a float, bytes, an integer past 2^53, a key that is not text, or a lone surrogate.
    """
    _check(value, "the value")
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise NotCanonical(f"a lone surrogate at {error.start}; expected Unicode text; clean the text") from error


def canonical_lines(values: Iterable[Any]) -> bytes:
    """Canonical JSON lines: the canonical JSON of each value, each ended by a line feed; raises as `canonical_json`."""
    return b"".join(canonical_json(value) + b"\n" for value in values)


def _check(value: Any, where: str) -> None:
    """Refuse what JSON programs disagree about; `where` says which part of the value is meant."""
    match value:
        case None | bool() | str():
            return
        case int():
            if abs(value) > MAX_INTEGER:
                raise NotCanonical(f"{where} is {value}, past 2^53; expected a decimal string; write str(value)")
        case Mapping():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise NotCanonical(f"{where} has the key {key!r}; expected text; write str(key)")
                _check(item, f"{where}[{key!r}]")
        case list() | tuple():
            for position, item in enumerate(value):
                _check(item, f"{where}[{position}]")
        case float():
            raise NotCanonical(f"{where} is the float {value!r}; expected no floats; write it as a decimal string")
        case _:
            raise NotCanonical(
                f"{where} is of type {type(value).__name__}; expected JSON's own types; write bytes as 0x hex"
            )
