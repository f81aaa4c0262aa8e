"""The kinds of columns that the tables share."""

from typing import Any

from sqlalchemy import BigInteger
from sqlmodel import Field

from indexer.uint256 import Uint256


def key() -> Any:
    """A number of the primary key, given by the chain."""
    return Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})


def text_key() -> Any:
    """A text of the primary key, such as an account."""
    return Field(primary_key=True)


def integer() -> Any:
    """An id, a block number, a time: bounded by the contracts far below 2^63."""
    return Field(sa_type=BigInteger)


def uint() -> Any:
    """An amount, or any number that no contract bounds."""
    return Field(sa_type=Uint256)


def uint_key() -> Any:
    """A number of the primary key that fills all of a uint256, such as the id of a proposal."""
    return Field(primary_key=True, sa_type=Uint256)
