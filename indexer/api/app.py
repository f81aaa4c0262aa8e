"""The FastAPI application."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from starlette.middleware.cors import CORSMiddleware

from indexer.api import problems
from indexer.api.routes import accounts, datanets, events, governance, health, model_registry, rewards, validators
from indexer.api.service import Service

# a leaf of a reward tree is about 120 bytes of JSON, and a tree has at most a million here
_MAX_BODY_BYTES = 160 * 2**20


def create_app(service: Service) -> FastAPI:
    """The API over `service`."""
    app = FastAPI(title="OpenLedger indexer", description=_DESCRIPTION)
    app.state.service = service
    # everything here is public and no cookie is read, so any page may ask
    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["GET", "POST"], allow_headers=["*"])
    app.middleware("http")(_bound_body)
    problems.install(app)
    for subject in (health, datanets, validators, model_registry, rewards, accounts, governance, events):
        app.include_router(subject.router)
    return app


async def _bound_body(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    if request.method == "POST":
        length = request.headers.get("content-length", "")
        if not length.isdigit():
            return problems.answer(411, "Length required", "the request has no Content-Length; send one")
        if int(length) > _MAX_BODY_BYTES:
            detail = f"{length} bytes; expected at most {_MAX_BODY_BYTES}; send fewer leaves"
            return problems.answer(413, "Too large", detail)
    return await call_next(request)


_DESCRIPTION = """
Everything that the OpenLedger contracts logged, and what it adds up to.

Each reply names in `indexed_block` the block whose state it shows, and is of that one state throughout.
`finality=latest` (the default) shows the newest indexed block, `finality=finalized` the newest that no reorg undoes.
`min_block=N` answers 409 until block N is there. Lists come in pages: pass `next` as `cursor`.
Amounts are decimal strings of wei, ids and block numbers are numbers, bytes are `0x` hex, addresses are checksummed.
Errors are application/problem+json.
"""
