"""The undo tables: for each projection one, made from it.

It holds, for each row changed in a block that is not final, the row as it was before that block: enough to go back to
any block of the window, and to show the state of the finalized one meanwhile.
"""

from sqlalchemy import BigInteger, Boolean, Column, Table
from sqlmodel import SQLModel

from indexer.models import PROJECTIONS

UNDO_BLOCK = "undo_block"
UNDO_EXISTED = "undo_existed"


def _undo_twin(table: Table) -> Table:
    """The undo table: the row's key and the block that changed it first; where the row existed, its columns."""
    copies = [
        Column(column.name, column.type, primary_key=column.primary_key, autoincrement=False)
        for column in table.columns
    ]
    return Table(
        f"undo_{table.name}",
        SQLModel.metadata,
        *copies,
        Column(UNDO_BLOCK, BigInteger, primary_key=True, autoincrement=False),
        Column(UNDO_EXISTED, Boolean, nullable=False),
    )


UNDO: dict[str, Table] = {name: _undo_twin(table) for name, table in PROJECTIONS.items()}
