"""Proposals and votes."""

import json

from fastapi import APIRouter

from indexer.api.problems import Problem, not_found
from indexer.api.reading import Json, Page, Read, Reader, equals

router = APIRouter(tags=["governance"])

# ids are hashes: all of a uint256
_MAX_DIGITS = 78


@router.get("/proposals")
def proposals(read: Read, page: Page) -> Json:
    """Proposals in chain order, with their votes so far."""
    reply = read.page(read.table("proposal"), ["block_number", "log_index"], page)
    for item in reply["items"]:
        item["calls"] = json.loads(item["calls"])
    return reply


@router.get("/proposals/{proposal_id}")
def proposal(proposal_id: str, read: Read) -> Json:
    """One proposal; its id in decimal."""
    found = _require(read, proposal_id)
    return read.reply({**found, "calls": json.loads(found["calls"])})


@router.get("/proposals/{proposal_id}/votes")
def votes(proposal_id: str, read: Read, page: Page) -> Json:
    """The votes on a proposal, in chain order."""
    _require(read, proposal_id)
    table = read.table("proposal_vote")
    return read.page(table, ["block_number", "log_index"], page, equals(table, proposal_id=int(proposal_id)))


def _require(read: Reader, proposal_id: str) -> Json:
    is_number = proposal_id.isascii() and proposal_id.isdecimal() and len(proposal_id) <= _MAX_DIGITS
    if not is_number or int(proposal_id) >= 2**256:
        raise Problem(422, "Invalid request", f"{proposal_id!r} is no proposal id; expected a decimal number")
    found = read.one("proposal", int(proposal_id))
    if found is None:
        raise not_found(f"proposal {proposal_id}")
    return found
