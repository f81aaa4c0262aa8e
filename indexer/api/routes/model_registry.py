"""Base models and adapters with their lineage."""

from typing import Annotated

from fastapi import APIRouter, Query

from indexer.api.problems import not_found
from indexer.api.reading import Id, Json, Page, Read, Reader, equals, optional_account

router = APIRouter(tags=["models"])

Filter = Annotated[int | None, Query(ge=0, le=2**63 - 1)]
# a parent exists before its child, so a lineage ends; the contract ends it here
_MAX_LINEAGE_DEPTH = 8
_CHAIN_ORDER = ("block_number", "log_index")


@router.get("/bases")
def bases(read: Read, page: Page) -> Json:
    """Base models by id."""
    return read.page(read.table("base"), ["base_id"], page)


@router.get("/bases/{base_id}")
def base(base_id: Id, read: Read) -> Json:
    """One base model."""
    found = read.one("base", base_id)
    if found is None:
        raise not_found(f"base model {base_id}")
    return read.reply(found)


@router.get("/adapters")
def adapters(
    read: Read, page: Page, base_id: Filter = None, owner: str | None = None, is_active: bool | None = None
) -> Json:
    """Adapters by id."""
    table = read.table("adapter")
    where = equals(table, base_id=base_id, owner=optional_account(owner), is_active=is_active)
    return read.page(table, ["adapter_id"], page, where)


@router.get("/adapters/{adapter_id}")
def adapter(adapter_id: Id, read: Read) -> Json:
    """One adapter: what it was trained on, from which parents, who serves it at which price."""
    found = _require(read, adapter_id)
    operators = read.all("operator", ["operator"], adapter_id=adapter_id, is_operator=True)
    return read.reply(
        {
            **found,
            "datasets": _datasets(read, adapter_id),
            "lineage": _lineage(read, found),
            # the owner always may
            "operators": sorted({found["owner"], *(each["operator"] for each in operators)}),
        }
    )


def _require(read: Reader, adapter_id: int) -> Json:
    found = read.one("adapter", adapter_id)
    if found is None:
        raise not_found(f"adapter {adapter_id}")
    return found


def _datasets(read: Reader, adapter_id: int) -> list[Json]:
    """The snapshots it was trained on; of Datanets that recorded the same root, the first."""
    roots = read.all("adapter_root", ["position"], adapter_id=adapter_id)
    recorded = (read.all("snapshot", _CHAIN_ORDER, dataset_root=each["dataset_root"]) for each in roots)
    return [snapshots[0] for snapshots in recorded if snapshots]


def _lineage(read: Reader, child: Json) -> list[Json]:
    """The parents, nearest first."""
    parents: list[Json] = []
    parent_id = child["parent_id"]
    while parent_id and len(parents) < _MAX_LINEAGE_DEPTH:
        parent = _require(read, parent_id)
        parents.append({name: parent[name] for name in ("adapter_id", "owner", "royalty_bps")})
        parent_id = parent["parent_id"]
    return parents
