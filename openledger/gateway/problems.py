"""Problem details (RFC 9457): every refusal of the gateway, each by a `type` that stays the same.

The `type` is PROBLEM_PREFIX and the slug of the table below.
"""

from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from chain.errors import ChainError, NodeUnavailable
from openledger.errors import PROBLEM_PREFIX
from openledger.gateway.vouchers import Reason, Refused

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table of problems."""

    status: int
    title: str


KINDS = {
    Reason.BAD_SIGNATURE: Kind(403, "The voucher is not signed by its payer"),
    Reason.WRONG_CHAIN: Kind(422, "The voucher is for another chain"),
    Reason.WRONG_CONTRACT: Kind(422, "The voucher is for another contract"),
    Reason.WRONG_OPERATOR: Kind(422, "The voucher is for another operator"),
    Reason.WRONG_ADAPTER: Kind(422, "The voucher is for another adapter"),
    Reason.EXPIRED: Kind(402, "The voucher expires too early"),
    Reason.STALE: Kind(402, "The voucher is used up"),
    Reason.TOO_LOW: Kind(402, "The voucher does not cover the answer"),
    Reason.OVERDRAWN: Kind(402, "The deposit does not cover the voucher"),
    "unknown-adapter": Kind(404, "The adapter is not sold here"),
    "not-found": Kind(404, "There is nothing at this address"),
    "prompt-too-long": Kind(413, "The prompt has too many tokens"),
    "body-too-large": Kind(413, "The request is too large"),
    "malformed": Kind(422, "The request is malformed"),
    "unauthorized": Kind(401, "The bearer token is missing or wrong"),
    "answer-failed": Kind(502, "The model gave no answer; nothing was charged"),
    "chain-unavailable": Kind(503, "The chain does not answer; try again"),
    "internal-error": Kind(500, "The gateway failed; nothing was charged"),
}


class Problem(Exception):
    """A refusal on its way to the client; `slug` is a key of KINDS."""

    def __init__(self, slug: str, detail: str) -> None:
        super().__init__(f"{slug}: {detail}")
        self.slug = slug
        self.detail = detail


def problem_of(refused: Refused) -> Problem:
    """The problem that tells a client why its voucher was refused."""
    return Problem(refused.reason, refused.detail)


def response(slug: str, detail: str, *, status: int | None = None, **extensions: object) -> JSONResponse:
    """The problem+json response of a row of the table, whose status may be made more exact."""
    kind = KINDS[slug]
    status = status or kind.status
    body = {"type": PROBLEM_PREFIX + slug, "title": kind.title, "status": status, "detail": detail, **extensions}
    headers = {"WWW-Authenticate": "Bearer"} if slug == "unauthorized" else None
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem, those of the framework too."""

    @app.exception_handler(Problem)
    def on_problem(_: Request, error: Problem) -> JSONResponse:
        return response(error.slug, error.detail)

    @app.exception_handler(RequestValidationError)
    def on_malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        # without the input, which may be secret or huge
        errors = [{"loc": part["loc"], "msg": part["msg"]} for part in error.errors()]
        where = "; ".join(f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in errors)
        return response("malformed", f"{where}; correct the request", errors=jsonable_encoder(errors))

    @app.exception_handler(HTTPException)
    def on_http(request: Request, error: HTTPException) -> JSONResponse:
        slug = "not-found" if error.status_code == 404 else "malformed"
        detail = f"{request.method} {request.url.path}: {error.detail}; see /docs"
        return response(slug, detail, status=error.status_code)

    @app.exception_handler(NodeUnavailable)
    def on_no_chain(_: Request, error: NodeUnavailable) -> JSONResponse:
        return response("chain-unavailable", str(error))

    @app.exception_handler(ChainError)
    def on_chain(_: Request, error: ChainError) -> JSONResponse:
        return response("internal-error", str(error))

    @app.exception_handler(Exception)
    def on_failure(_: Request, error: Exception) -> JSONResponse:
        return response("internal-error", f"{type(error).__name__}; expected none; tell the operator")
