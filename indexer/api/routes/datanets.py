"""Datanets, their contributions with their reviews, their ranking, their snapshots."""

from enum import StrEnum

from fastapi import APIRouter

from indexer.api.problems import not_found
from indexer.api.reading import Id, Json, Page, Paging, Read, Reader, equals, optional_account
from indexer.ranking import Standing, order_key, rank, wilson_lower_bound_ppm

router = APIRouter(tags=["datanets"])


class Status(StrEnum):
    """Where a contribution stands."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@router.get("/datanets")
def datanets(read: Read, page: Page, owner: str | None = None) -> Json:
    """Datanets by id."""
    table = read.table("datanet")
    return read.page(table, ["datanet_id"], page, equals(table, owner=optional_account(owner)))


@router.get("/datanets/{datanet_id}")
def datanet(datanet_id: Id, read: Read) -> Json:
    """One Datanet with its curators. Who validates stands under `/validators`, by modality."""
    found = _require(read, datanet_id)
    named = read.all("curator", ["curator"], datanet_id=datanet_id, is_curator=True)
    budget = read.one("review_budget", datanet_id)
    funded = budget["funded_wei"] if budget else "0"
    return read.reply({**found, "curators": [each["curator"] for each in named], "review_funded_wei": funded})


@router.get("/datanets/{datanet_id}/contributions")
def contributions(
    datanet_id: Id, read: Read, page: Page, status: Status | None = None, contributor: str | None = None
) -> Json:
    """Contributions by id, which is the order of their commitments."""
    _require(read, datanet_id)
    table = read.table("contribution")
    where = equals(table, datanet_id=datanet_id, status=status, contributor=optional_account(contributor))
    return read.page(table, ["contribution_id"], page, where)


@router.get("/contributions/{contribution_id}")
def contribution(contribution_id: Id, read: Read) -> Json:
    """One contribution with its committees and the votes that they showed, oldest first."""
    found = read.one("contribution", contribution_id)
    if found is None:
        raise not_found(f"contribution {contribution_id}")
    rounds = read.all("review_round", ["level", "attempt"], contribution_id=contribution_id)
    votes = ["block_number", "log_index"]
    reviews = read.all("review", votes, contribution_id=contribution_id, status="revealed")
    return read.reply({**found, "rounds": rounds, "reviews": reviews})


@router.get("/datanets/{datanet_id}/ranking")
def ranking(datanet_id: Id, read: Read, page: Page) -> Json:
    """Contributors, best first."""
    _require(read, datanet_id)
    page.check(int, int, str)
    rows = read.all("contributor", ["contributor"], datanet_id=datanet_id)
    ranked = rank(Standing(row["contributor"], row["accepted"], row["rejected"], int(row["score_sum"])) for row in rows)
    return _ranking_page(read, ranked, page)


@router.get("/datanets/{datanet_id}/snapshots")
def snapshots(datanet_id: Id, read: Read, page: Page) -> Json:
    """Recorded dataset roots, oldest first."""
    _require(read, datanet_id)
    table = read.table("snapshot")
    return read.page(table, ["block_number", "log_index"], page, equals(table, datanet_id=datanet_id))


def _require(read: Reader, datanet_id: int) -> Json:
    found = read.one("datanet", datanet_id)
    if found is None:
        raise not_found(f"Datanet {datanet_id}")
    return found


def _ranking_page(read: Reader, ranked: list[Standing], page: Paging) -> Json:
    rest = [
        (position, each)
        for position, each in enumerate(ranked, start=1)
        if page.after is None or order_key(each) > page.after
    ]
    shown = rest[: page.limit]
    items = [
        {
            "rank": position,
            "contributor": each.contributor,
            "accepted": each.accepted,
            "rejected": each.rejected,
            "score_sum": each.score_sum,
            "acceptance_lower_ppm": wilson_lower_bound_ppm(accepted=each.accepted, rejected=each.rejected),
        }
        for position, each in shown
    ]
    return read.listing(items, after=order_key(shown[-1][1]) if len(rest) > page.limit else None)
