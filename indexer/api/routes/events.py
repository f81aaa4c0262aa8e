"""Every event as it was emitted."""

import json
from typing import Annotated

from fastapi import APIRouter, Query

from indexer.api.reading import BlockNumber, Json, Page, Read, equals

router = APIRouter(tags=["events"])

_ORDER = ("block_number", "log_index")
Name = Annotated[str | None, Query(max_length=100)]


@router.get("/events")
def events(
    read: Read,
    page: Page,
    contract: Name = None,
    event: Name = None,
    from_block: BlockNumber = None,
    to_block: BlockNumber = None,
) -> Json:
    """Events in chain order, both blocks included; integers in `args` are decimal strings."""
    table = read.events()
    where = equals(table, contract=contract, name=event)
    if from_block is not None:
        where.append(table.c.block_number >= from_block)
    if to_block is not None:
        where.append(table.c.block_number <= to_block)
    reply = read.page(table, _ORDER, page, where)
    for item in reply["items"]:
        item["event"] = item.pop("name")
        item["args"] = json.loads(item["args"])
    return reply
