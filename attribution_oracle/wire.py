"""Values of JSON documents that come from elsewhere: each is checked as it is read, and an error names its field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from eth_utils.address import is_hex_address, to_checksum_address

from attribution_oracle.errors import EvidenceInvalid

Json = Mapping[str, Any]

_MAX_DIGITS = 100
_INTEGER = re.compile("-?[0-9]+")


def integer(document: Json, field: str) -> int:
    """A whole number, given as a JSON integer or as a decimal string."""
    value = document.get(field)
    # a uint256 has 78 digits; Python takes quadratic time over a number of a million, and refuses some
    if isinstance(value, str) and len(value) <= _MAX_DIGITS and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _wrong(field, value, "a whole number")


def natural(document: Json, field: str) -> int:
    """A whole number that is not negative."""
    value = integer(document, field)
    if value < 0:
        raise _wrong(field, value, "a number that is not negative")
    return value


def raw(document: Json, field: str) -> bytes:
    """Bytes of any length, given as 0x hex."""
    value = document.get(field)
    try:
        if isinstance(value, str) and value.startswith("0x"):
            return bytes.fromhex(value[2:])
    except ValueError:
        pass
    raise _wrong(field, value, "0x hex")


def bytes32(document: Json, field: str) -> bytes:
    """32 bytes, given as 0x hex."""
    value = raw(document, field)
    if len(value) != 32:
        raise _wrong(field, document[field], "0x hex of 32 bytes")
    return value


def address(document: Json, field: str) -> str:
    """An address, checksummed whatever its case was."""
    value = document.get(field)
    if not isinstance(value, str) or not is_hex_address(value):
        raise _wrong(field, value, "an address")
    return to_checksum_address(value)


def text(document: Json, field: str) -> str:
    """A string."""
    value = document.get(field)
    if not isinstance(value, str):
        raise _wrong(field, value, "a string")
    return value


def flag(document: Json, field: str) -> bool:
    """A boolean."""
    value = document.get(field)
    if not isinstance(value, bool):
        raise _wrong(field, value, "true or false")
    return value


def items(document: Json, field: str) -> list[Json]:
    """A list of objects."""
    value = document.get(field)
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise _wrong(field, value, "a list of objects")
    return value


def hexed(value: bytes) -> str:
    """0x hex in lower case."""
    return "0x" + value.hex()


def _wrong(field: str, value: object, expected: str) -> EvidenceInvalid:
    return EvidenceInvalid(f"{field} is {str(value)[:80]!r}; expected {expected}: ask its author for a valid document")
