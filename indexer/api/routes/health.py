"""Is the process up, is it caught up, and where is it."""

from dataclasses import asdict

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from indexer.api.problems import answer
from indexer.api.reading import Json, Serve, indexed_block
from indexer.finality import Finality

router = APIRouter(tags=["health"])


@router.get("/health")
def health() -> Json:
    """200 as soon as the process answers."""
    return {"status": "up"}


@router.get("/ready", response_model=None)
def ready(service: Serve) -> Json | JSONResponse:
    """200 once the index is at the node's head, 503 before and while the node is in trouble."""
    progress = service.engine.progress
    if progress.is_caught_up:
        return {"status": "ready"}
    return answer(503, "Not ready", progress.trouble or "still indexing; try again", head_number=progress.head_number)


@router.get("/status")
def status(service: Serve) -> Json:
    """Where the index is, where the node is, and what happened since the start."""
    with service.database.reading() as connection:
        block = indexed_block(connection, Finality.LATEST)
    progress = service.engine.progress
    lag = progress.head_number - block["number"] if block and progress.head_number is not None else None
    return {
        "chain_id": service.chain_id,
        "contracts": service.contracts,
        "lag_blocks": None if lag is None else max(0, lag),
        **asdict(progress),
        "indexed_block": block,
    }
