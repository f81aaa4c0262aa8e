"""Tables as they stand now, or as they stood at the finalized block.

The second is the first with its unfinalised changes taken back: rows that the undo table names are left out, and each
one's oldest undo row, which is the row as it was at the finalized block, is put in its place. Both are one SQL
expression with the same columns, so every query is written once.
"""

from enum import StrEnum

from sqlalchemy import FromClause, and_, func, select

from indexer.models import PROJECTIONS
from indexer.undo import UNDO, UNDO_BLOCK, UNDO_EXISTED


class Finality(StrEnum):
    """Which state a reader wants: the newest, or the newest that no reorg can take back."""

    LATEST = "latest"
    FINALIZED = "finalized"


def projection(name: str, finality: Finality) -> FromClause:
    """The rows of a projection table in that state."""
    table = PROJECTIONS[name]
    if finality is Finality.LATEST:
        return table
    # undo rows reach down to the finalized block exactly: those below it are pruned in the transaction that moves it
    twin, earlier = UNDO[name], UNDO[name].alias()
    key = [column.name for column in table.primary_key.columns]
    names = [column.name for column in table.columns]
    is_changed = select(twin.c[UNDO_BLOCK]).where(and_(*(twin.c[k] == table.c[k] for k in key))).exists()
    first = (
        select(func.min(earlier.c[UNDO_BLOCK]))
        .where(and_(*(earlier.c[k] == twin.c[k] for k in key)))
        .correlate(twin)
        .scalar_subquery()
    )
    unchanged = select(*(table.c[each] for each in names)).where(~is_changed)
    restored = select(*(twin.c[each] for each in names)).where(twin.c[UNDO_EXISTED], twin.c[UNDO_BLOCK] == first)
    return unchanged.union_all(restored).subquery(name)
