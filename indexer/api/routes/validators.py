"""Validators, their seats, the votes that they showed."""

from enum import StrEnum

from fastapi import APIRouter

from indexer.api.problems import not_found
from indexer.api.reading import Json, Page, Read, account, equals, optional_account

router = APIRouter(tags=["validators"])


class Modality(StrEnum):
    """What a seat judges."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"


@router.get("/validators")
def validators(read: Read, page: Page) -> Json:
    """Validators by address: their seats, their stake, what reviews earned and cost them."""
    return read.page(read.table("validator"), ["validator"], page)


@router.get("/validators/{address}")
def validator(address: str, read: Read) -> Json:
    """One validator."""
    found = read.one("validator", account(address))
    if found is None:
        raise not_found(f"validator {address}")
    return read.reply(found)


@router.get("/validators/{address}/reviews")
def reviews_of(address: str, read: Read, page: Page) -> Json:
    """The places that the validator had in committees, and the votes that it showed there, in order of contribution."""
    table = read.table("review")
    order = ["contribution_id", "level", "attempt", "position"]
    return read.page(table, order, page, equals(table, validator=account(address)))


@router.get("/seats")
def seats(read: Read, page: Page, modality: Modality | None = None, validator: str | None = None) -> Json:
    """The seats from which committees are drawn, by id."""
    table = read.table("seat")
    where = equals(table, modality=modality, validator=optional_account(validator), is_seated=True)
    return read.page(table, ["seat_id"], page, where)
