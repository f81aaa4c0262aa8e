"""What a step of the engine writes: one transaction each, so that a crash leaves the database before it or after it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable
from sqlmodel import SQLModel

from indexer import projections
from indexer.blocks import Batch, Header
from indexer.database import Database
from indexer.decode import BadLog, Decoder, Event
from indexer.errors import SchemaChanged
from indexer.models import (
    KEYS,
    PROJECTIONS,
    BlockRow,
    CursorRow,
    DeadLetterRow,
    EventRow,
    RewardLeaf,
    table_of,
)
from indexer.reorg import Position
from indexer.state import Key, Row, State
from indexer.undo import UNDO, UNDO_BLOCK, UNDO_EXISTED

CURSOR = table_of(CursorRow)
BLOCK = table_of(BlockRow)
EVENT = table_of(EventRow)
DEAD_LETTER = table_of(DeadLetterRow)
REWARD_LEAF = table_of(RewardLeaf)

_CURSOR_ID = 1
_REBUILD_PAGE = 5_000


class Store:
    """The writer's side of a database. Nothing else writes, except the leaves of a reward tree."""

    def __init__(self, database: Database, decoder: Decoder, *, chain_id: int, start_block: int) -> None:
        self.database = database
        self._decoder = decoder
        self._chain_id = chain_id
        self._start_block = start_block

    def open(self) -> None:
        """Create the tables of a new database, or check that an old one is ours.

        Raises:
            SchemaChanged: it was made by other code, for other events or for another deployment.
        """
        SQLModel.metadata.create_all(self.database.engine)
        expected = {
            "chain_id": self._chain_id,
            "schema_hash": schema_hash(self._decoder),
            "start_block": self._start_block,
        }
        with self.database.writing() as connection:
            row = connection.execute(select(CURSOR)).mappings().first()
            if row is None:
                before = self._start_block - 1
                place = {"id": _CURSOR_ID, "block_number": before, "finalized_number": before}
                connection.execute(insert(CURSOR), {**expected, **place})
            elif any(row[name] != value for name, value in expected.items()):
                found = {name: row[name] for name in expected}
                raise SchemaChanged(
                    f"{self.database.url.render_as_string()} was made for {found}, expected {expected}; "
                    "index into a new database"
                )

    def position(self) -> tuple[Position, dict[int, str]]:
        """Our place, and the hashes of our blocks from the finalized one to the tip."""
        with self.database.reading() as connection:
            cursor = connection.execute(select(CURSOR)).mappings().one()
            hashes = {row.number: row.hash for row in connection.execute(select(BLOCK.c.number, BLOCK.c.hash))}
        tip = cursor["block_number"]
        return Position(tip, hashes.get(tip), cursor["finalized_number"]), hashes

    def apply(self, batch: Batch, *, finalized_number: int) -> int:
        """Store blocks with their events, what these add up to and the new place; the count of events."""
        times = {header.number: header.timestamp for header in batch.headers}
        decoded = [self._decoder.decode(log, block_timestamp=times[log.block_number]) for log in batch.logs]
        events = [each for each in decoded if not isinstance(each, BadLog)]
        bad = [each for each in decoded if isinstance(each, BadLog)]
        with self.database.writing() as connection:
            state = _project(connection, (event for event, _ in events))
            _insert(connection, BLOCK, [_block_row(each) for each in batch.headers if each.number >= finalized_number])
            _insert(connection, EVENT, [_event_row(event, args) for event, args in events])
            _insert(connection, DEAD_LETTER, [_dead_letter_row(each) for each in bad])
            _write_state(connection, state, undo_above=finalized_number)
            _move_cursor(connection, block_number=batch.headers[-1].number, finalized_number=finalized_number)
            _prune(connection, finalized_number)
        return len(events)

    def rollback(self, block_number: int) -> None:
        """Undo everything above a block that is not below the finalized one."""
        with self.database.writing() as connection:
            for name, table in PROJECTIONS.items():
                _undo(connection, table, UNDO[name], above=block_number)
            for mirror in (EVENT, DEAD_LETTER):
                connection.execute(delete(mirror).where(mirror.c.block_number > block_number))
            connection.execute(delete(BLOCK).where(BLOCK.c.number > block_number))
            connection.execute(update(CURSOR).values(block_number=block_number))

    def finalize(self, finalized_number: int) -> None:
        """Raise the finalized block: what lies below it is never undone again."""
        with self.database.writing() as connection:
            connection.execute(update(CURSOR).values(finalized_number=finalized_number))
            _prune(connection, finalized_number)

    def rebuild(self) -> int:
        """Empty the projections and run all stored events through them again, without a node; the count of events."""
        count = 0
        with self.database.writing() as connection:
            finalized = connection.execute(select(CURSOR.c.finalized_number)).scalar_one()
            for name, table in PROJECTIONS.items():
                connection.execute(delete(table))
                connection.execute(delete(UNDO[name]))
            after = -1
            while page := self._stored_events(connection, after_block=after):
                _write_state(connection, _project(connection, page), undo_above=finalized)
                after = page[-1].block_number
                count += len(page)
        return count

    def _stored_events(self, connection: Connection, *, after_block: int) -> list[Event]:
        """The next few thousand events; whole blocks, because undo is kept by block."""
        later = EVENT.c.block_number > after_block
        numbers = select(EVENT.c.block_number).where(later).order_by(EVENT.c.block_number)
        last = connection.execute(numbers.offset(_REBUILD_PAGE - 1).limit(1)).scalar()
        where = later if last is None else and_(later, EVENT.c.block_number <= last)
        query = select(EVENT).where(where).order_by(EVENT.c.block_number, EVENT.c.log_index)
        return [
            Event(
                block_number=row["block_number"],
                log_index=row["log_index"],
                block_timestamp=row["block_timestamp"],
                transaction_hash=row["transaction_hash"],
                contract=row["contract"],
                name=row["name"],
                args=self._decoder.revive(row["contract"], row["name"], row["args"]),
            )
            for row in connection.execute(query).mappings()
        ]


def schema_hash(decoder: Decoder) -> str:
    """What the rows mean, in one hash: tables, events of the contracts at their addresses, version of the reducers."""
    statements = [str(CreateTable(table).compile(dialect=sqlite.dialect())) for table in _all_tables()]
    parts = [*statements, *decoder.signatures(), *sorted(map(str, decoder.names.items())), str(projections.VERSION)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def digest(database: Database) -> str:
    """sha-256 over every row of every table that the chain decides; equal databases have equal digests."""
    result = hashlib.sha256()
    with database.reading() as connection:
        for table in _all_tables():
            if table is REWARD_LEAF:
                continue  # published by someone, not on the chain
            result.update(f"{table.name}\n".encode())
            for row in connection.execute(select(table).order_by(*table.primary_key.columns)):
                result.update(f"{tuple(row)}\n".encode())
    return result.hexdigest()


def _all_tables() -> list[Table]:
    return sorted(SQLModel.metadata.tables.values(), key=lambda table: table.name)


def _project(connection: Connection, events: Iterable[Event]) -> State:
    def load(table: str, key: Key) -> Row | None:
        columns = [PROJECTIONS[table].c[name] for name in KEYS[table]]
        where = and_(*(column == value for column, value in zip(columns, key, strict=True)))
        row = connection.execute(select(PROJECTIONS[table]).where(where)).mappings().first()
        return None if row is None else dict(row)

    state = State(KEYS, load)
    for event in events:
        projections.project(state, event)
    return state


def _write_state(connection: Connection, state: State, *, undo_above: int) -> None:
    rows: dict[str, list[Row]] = {}
    for table, key in state.changed:
        row = state.get(table, *key)
        assert row is not None, "a changed row exists: projections never delete"
        rows.setdefault(table, []).append(row)
    for table, changed in rows.items():
        _upsert(connection, PROJECTIONS[table], changed)
    undo: dict[str, list[Row]] = {}
    for (block, table, key), old in state.before.items():
        if block > undo_above:
            undo.setdefault(table, []).append(_undo_row(table, block, key, old))
    for table, before in undo.items():
        _insert(connection, UNDO[table], before)


def _undo_row(table: str, block: int, key: Key, old: Row | None) -> Row:
    blank = dict.fromkeys(column.name for column in PROJECTIONS[table].columns)
    columns = old if old is not None else {**blank, **dict(zip(KEYS[table], key, strict=True))}
    return {**columns, UNDO_BLOCK: block, UNDO_EXISTED: old is not None}


def _undo(connection: Connection, table: Table, twin: Table, *, above: int) -> None:
    """Put back the rows of one projection as they were at the end of block `above`."""
    key = [column.name for column in table.primary_key.columns]
    changed = select(*(twin.c[name] for name in key)).where(twin.c[UNDO_BLOCK] > above)
    connection.execute(delete(table).where(tuple_(*(table.c[name] for name in key)).in_(changed)))
    # of several changes the first one knows how the row was
    first = (
        select(*(twin.c[name] for name in key), func.min(twin.c[UNDO_BLOCK]).label("first_block"))
        .where(twin.c[UNDO_BLOCK] > above)
        .group_by(*(twin.c[name] for name in key))
        .subquery()
    )
    same_key = and_(*(first.c[name] == twin.c[name] for name in key))
    names = [column.name for column in table.columns]
    old = (
        select(*(twin.c[name] for name in names))
        .join(first, and_(same_key, first.c.first_block == twin.c[UNDO_BLOCK]))
        .where(twin.c[UNDO_EXISTED])
    )
    connection.execute(insert(table).from_select(names, old))
    connection.execute(delete(twin).where(twin.c[UNDO_BLOCK] > above))


def _prune(connection: Connection, finalized_number: int) -> None:
    # the finalized block itself stays: it anchors the window, and readers ask for its hash
    connection.execute(delete(BLOCK).where(BLOCK.c.number < finalized_number))
    for twin in UNDO.values():
        connection.execute(delete(twin).where(twin.c[UNDO_BLOCK] <= finalized_number))


def _move_cursor(connection: Connection, *, block_number: int, finalized_number: int) -> None:
    connection.execute(update(CURSOR).values(block_number=block_number, finalized_number=finalized_number))


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        # plain INSERT: a block applied twice fails loudly instead of passing
        connection.execute(insert(table), list(rows))


def _upsert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table)
    keys = [column.name for column in table.primary_key.columns]
    rest = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest), list(rows))


def _block_row(header: Header) -> Row:
    return {
        "number": header.number,
        "hash": header.hash,
        "parent_hash": header.parent_hash,
        "timestamp": header.timestamp,
    }


def _event_row(event: Event, args: str) -> Row:
    return {
        "block_number": event.block_number,
        "log_index": event.log_index,
        "block_timestamp": event.block_timestamp,
        "transaction_hash": event.transaction_hash,
        "contract": event.contract,
        "name": event.name,
        "args": args,
    }


def _dead_letter_row(bad: BadLog) -> Row:
    return {
        "block_number": bad.log.block_number,
        "log_index": bad.log.log_index,
        "transaction_hash": bad.log.transaction_hash,
        "contract": bad.contract,
        "topics": ",".join(f"0x{topic.hex()}" for topic in bad.log.topics),
        "data": f"0x{bad.log.data.hex()}",
        "reason": bad.reason,
    }
