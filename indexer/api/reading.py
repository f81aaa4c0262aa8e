"""What every read shares: one read transaction a request, the block that it is of, pages by key."""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, cast

import orjson
from eth_utils.address import is_address, to_checksum_address
from fastapi import Depends, Path, Query, Request
from sqlalchemy import ColumnElement, Connection, FromClause, and_, select, tuple_

from indexer.api.problems import Problem
from indexer.api.service import Service
from indexer.finality import Finality, projection
from indexer.models import KEYS
from indexer.store import BLOCK, CURSOR, EVENT
from indexer.uint256 import Uint256

MAX_LIMIT = 1_000
DEFAULT_LIMIT = 100
_MAX_ID = 2**63 - 1

Json = dict[str, Any]
Id = Annotated[int, Path(ge=0, le=_MAX_ID)]
BlockNumber = Annotated[int | None, Query(ge=0, le=_MAX_ID)]


@dataclass(frozen=True, slots=True)
class Paging:
    """Where a page starts and how long it is; `after` holds the order columns of the last item before it."""

    limit: int
    after: tuple[int | str, ...] | None

    def check(self, *kinds: type[int] | type[str]) -> None:
        """Return if `after` is the key of a list that is ordered by columns of these types. Raises Problem 422."""
        if self.after is None:
            return
        fits = [type(part) for part in self.after] == list(kinds)
        if not fits or any(isinstance(part, int) and abs(part) > _MAX_ID for part in self.after):
            raise _bad_cursor()


@dataclass(frozen=True, slots=True)
class Reader:
    """The database in one state: `block` is that state's block, as shown in every reply."""

    connection: Connection
    finality: Finality
    block: Json

    def table(self, name: str) -> FromClause:
        """A projection in this state."""
        return projection(name, self.finality)

    def events(self) -> FromClause:
        """The event mirror in this state."""
        if self.finality is Finality.LATEST:
            return EVENT
        return select(EVENT).where(EVENT.c.block_number <= self.block["number"]).subquery("event")

    def one(self, name: str, *key: int | str) -> Json | None:
        """The row with this key, as JSON; None where there is none."""
        table = self.table(name)
        same = and_(*(table.c[column] == value for column, value in zip(KEYS[name], key, strict=True)))
        row = self.connection.execute(select(table).where(same)).mappings().first()
        return None if row is None else to_json(table, row)

    def all(self, name: str, order: Sequence[str], **equal: Any) -> list[Json]:
        """All rows whose columns equal the given values, in order, as JSON: for lists that the contracts bound."""
        table = self.table(name)
        query = select(table).where(*_conditions(table, equal)).order_by(*(table.c[column] for column in order))
        return [to_json(table, row) for row in self.connection.execute(query).mappings()]

    def page(
        self, table: FromClause, order: Sequence[str], paging: Paging, where: Sequence[ColumnElement[bool]] = ()
    ) -> Json:
        """One page of a table as `{"items", "next", "indexed_block"}`; `order` must name rows uniquely."""
        columns = [table.c[name] for name in order]
        query = select(table).where(*where).order_by(*columns).limit(paging.limit + 1)
        paging.check(*(int if column.type.python_type is int else str for column in columns))
        if paging.after is not None:
            query = query.where(tuple_(*columns) > tuple_(*paging.after))
        rows = self.connection.execute(query).mappings().all()
        items = [to_json(table, row) for row in rows[: paging.limit]]
        last = [rows[paging.limit - 1][name] for name in order] if len(rows) > paging.limit else None
        return self.listing(items, after=last)

    def listing(self, items: list[Json], *, after: Sequence[int | str] | None) -> Json:
        """A list reply; `after` is the key of the last item where more follow, else None."""
        return {"items": items, "next": None if after is None else _to_cursor(after), "indexed_block": self.block}

    def reply(self, body: Json) -> Json:
        """A reply that is not a list."""
        return {**body, "indexed_block": self.block}


def to_json(table: FromClause, row: Mapping[Any, Any]) -> Json:
    """A row as JSON: uint256 as decimal strings, all else as it is."""
    result = {}
    for column in table.columns:
        value = row[column.name]
        result[column.name] = str(value) if isinstance(column.type, Uint256) and value is not None else value
    return result


def service_of(request: Request) -> Service:
    """What the routes work with."""
    return cast(Service, request.app.state.service)


def paging(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Paging:
    """The page asked for."""
    return Paging(limit, None if cursor is None else _from_cursor(cursor))


def reader(
    service: Annotated[Service, Depends(service_of)],
    finality: Finality = Finality.LATEST,
    min_block: BlockNumber = None,
) -> Iterator[Reader]:
    """The state asked for, unchanging until the request ends.

    Raises:
        Problem: 503 before the first block is indexed (or final); 409 while `min_block` is not reached.
    """
    with service.database.reading() as connection:
        block = indexed_block(connection, finality)
        if block is None:
            raise Problem(503, "Not ready", f"no {finality} block is indexed yet; try again", retry_after_seconds=1)
        if min_block is not None and block["number"] < min_block:
            detail = f"block {block['number']} is the {finality} one here, {min_block} was asked for; try again"
            raise Problem(409, "Not indexed yet", detail, retry_after_seconds=1)
        yield Reader(connection, finality, block)


def indexed_block(connection: Connection, finality: Finality) -> Json | None:
    """The block of that state; None before the first."""
    cursor = connection.execute(select(CURSOR.c.block_number, CURSOR.c.finalized_number)).one()
    number = cursor.block_number if finality is Finality.LATEST else cursor.finalized_number
    row = connection.execute(select(BLOCK.c.hash, BLOCK.c.timestamp).where(BLOCK.c.number == number)).first()
    if row is None:
        return None
    return {
        "number": number,
        "hash": row.hash,
        "timestamp": row.timestamp,
        "finalized_number": cursor.finalized_number,
    }


def account(address: str) -> str:
    """The checksummed form of an address, whatever its letters. Raises Problem 422 for anything else."""
    if not is_address(address):
        raise Problem(422, "Invalid request", f"{address!r} is not an address; expected 0x and 40 hex digits")
    return to_checksum_address(address)


def optional_account(address: str | None) -> str | None:
    """`account` of a filter that may be absent."""
    return None if address is None else account(address)


def equals(table: FromClause, **wanted: Any) -> list[ColumnElement[bool]]:
    """Conditions for the filters that were given: None means not asked for."""
    return _conditions(table, {name: value for name, value in wanted.items() if value is not None})


def _conditions(table: FromClause, equal: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    return [table.c[name] == value for name, value in equal.items()]


def _to_cursor(key: Sequence[int | str]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(key))).decode().rstrip("=")


def _from_cursor(cursor: str) -> tuple[int | str, ...]:
    try:
        key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise _bad_cursor() from error
    if not isinstance(key, list) or not all(type(part) in (int, str) for part in key):
        raise _bad_cursor()
    return tuple(key)


def _bad_cursor() -> Problem:
    return Problem(422, "Invalid request", "cursor is not one of this list; pass `next` of the page before, or none")


Read = Annotated[Reader, Depends(reader)]
Page = Annotated[Paging, Depends(paging)]
Serve = Annotated[Service, Depends(service_of)]
