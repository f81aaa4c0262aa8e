"""The rows that a range of events reads and changes, in memory: pure, whatever the rows come from.

Every change goes through `put`, so that undo works for every table alike: the first change of a row within a block
keeps the row as it was before that block.
"""

from collections.abc import Callable, Mapping
from typing import Any

Row = Mapping[str, Any]
Key = tuple[Any, ...]
Load = Callable[[str, Key], Row | None]


class State:
    """Rows by table and key.

    Args:
        keys: the key columns of each table.
        load: reads a row that was not touched yet, None where there is none.
    """

    def __init__(self, keys: Mapping[str, tuple[str, ...]], load: Load) -> None:
        self._keys = keys
        self._load = load
        self._rows: dict[tuple[str, Key], Row | None] = {}
        self._block = -1
        self.changed: dict[tuple[str, Key], None] = {}
        # (block, table, key) -> the row before that block, None where it did not exist
        self.before: dict[tuple[int, str, Key], Row | None] = {}

    def begin_block(self, number: int) -> None:
        """Changes from here on belong to block `number`."""
        self._block = number

    def get(self, table: str, *key: Any) -> Row | None:
        """The row as it stands, None where there is none."""
        place = table, key
        if place not in self._rows:
            self._rows[place] = self._load(table, key)
        return self._rows[place]

    def require(self, table: str, *key: Any) -> Row:
        """The row as it stands; LookupError where there is none, which no contract of ours brings about."""
        row = self.get(table, *key)
        if row is None:
            raise LookupError(f"no {table} {key}; expected it from an earlier event; rebuild the database")
        return row

    def put(self, table: str, row: Row) -> None:
        """Insert the row, or replace the one with its key."""
        key = tuple(row[column] for column in self._keys[table])
        self.before.setdefault((self._block, table, key), self.get(table, *key))
        self._rows[table, key] = row
        self.changed[table, key] = None

    def update(self, table: str, *key: Any, **changes: Any) -> None:
        """Change columns of a row that must exist."""
        self.put(table, {**self.require(table, *key), **changes})

    def add(self, table: str, blank: Row, **amounts: int) -> Row:
        """Add to columns of a row, starting from `blank` (with its key) where there is none; the new row."""
        key = tuple(blank[column] for column in self._keys[table])
        old = self.get(table, *key) or blank
        new = {**old, **{column: old[column] + amount for column, amount in amounts.items()}}
        self.put(table, new)
        return new
