"""The gateway over HTTP (FastAPI). Errors are problem+json; see openledger.gateway.problems for their types."""

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from chain.client import ChainClient
from openledger.gateway import problems
from openledger.gateway.messages import (
    Address,
    AnswerBody,
    Bytes32,
    Id,
    QuoteBody,
    Uint256,
    quote_json,
    receipt_json,
    redemptions_json,
)
from openledger.gateway.problems import Problem
from openledger.gateway.receipts import ReceiptFilter
from openledger.gateway.service import Gateway
from openledger.gateway.settings import Answerer, GatewaySettings

MAX_PAGE = 1_000

Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]
Page = Annotated[int, Query(ge=1, le=MAX_PAGE)]


def create_app(settings: GatewaySettings, chain: ChainClient, answerer: Answerer) -> FastAPI:
    """The gateway's application; it holds the receipts' file from here until it shuts down.

    Raises:
        ReceiptsUnreadable: another gateway has the file, or it cannot be used.
    """
    gateway = Gateway(settings, chain, answerer)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        gateway.close()

    app = FastAPI(title="OpenLedger gateway", version="1", lifespan=lifespan)
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    problems.install(app)
    _add_public_routes(app, gateway, settings)
    _add_operator_routes(app, gateway, settings)
    return app


# plain functions, which FastAPI runs in threads: they wait for the chain and for the model
def _add_public_routes(app: FastAPI, gateway: Gateway, settings: GatewaySettings) -> None:
    @app.get("/health")
    def health() -> dict[str, Any]:
        """Whose gateway this is, what its vouchers must be signed for, and the chain's newest block."""
        return {
            "status": "ok",
            "operator": gateway.operator,
            "chain_id": gateway.chain_id,
            "verifying_contract": gateway.contract,
            "block_number": gateway.head().number,
        }

    @app.post("/v1/quotes")
    def quote(body: QuoteBody) -> dict[str, Any]:
        """What an answer costs at most, and the ceiling that its voucher needs."""
        return quote_json(gateway.quote(body.question(), payer=body.payer), operator=gateway.operator)

    @app.post("/v1/answers")
    def answer(body: AnswerBody) -> dict[str, Any]:
        """An answer for a voucher, with its receipt; the payer gets the text and salt of private ones too."""
        sale = gateway.answer(body.question(), body.voucher.signed(), is_public=body.public_evidence)
        receipt = sale.receipt and receipt_json(sale.receipt, with_text=True)
        return {"answer": sale.answer, "receipt": receipt}

    @app.get("/v1/receipts")
    def receipts(
        bearer: Bearer,
        payer: Address | None = None,
        operator: Address | None = None,
        adapter_id: Id | None = None,
        after_due_wei: Uint256 | None = None,
        up_to_due_wei: Uint256 | None = None,
        cursor: Bytes32 | None = None,
        limit: Page = 100,
    ) -> dict[str, Any]:
        """Receipts in receipt order; the text of private ones for the oracle alone, by its token."""
        is_oracle = bearer is not None and _authorised(bearer, settings.oracle_token)
        wanted = ReceiptFilter(payer, operator, adapter_id, after_due_wei, up_to_due_wei)
        found = gateway.receipts.find(wanted, after=cursor, limit=limit)
        items = [receipt_json(receipt, with_text=is_oracle) for receipt in found]
        return {"items": items, "next": items[-1]["receipt_id"] if len(items) == limit else None}


def _add_operator_routes(app: FastAPI, gateway: Gateway, settings: GatewaySettings) -> None:
    @app.post("/v1/redemptions")
    def redeem(bearer: Bearer) -> dict[str, Any]:
        """Redeem all that is due: the operator's own job, by the operator's token, as it costs gas."""
        if bearer is None:
            raise Problem("unauthorized", "no bearer token; expected the operator's; send it as Authorization: Bearer")
        _authorised(bearer, settings.operator_token)
        return redemptions_json(*gateway.redeemer.redeem())


def _authorised(bearer: HTTPAuthorizationCredentials, token: SecretStr | None) -> bool:
    """True for the right token. A wrong one is refused rather than ignored, so that its bearer learns of it."""
    expected = token.get_secret_value().encode() if token else b""
    if not expected or not hmac.compare_digest(bearer.credentials.encode(), expected):
        raise Problem("unauthorized", "a wrong bearer token; expected the one of the settings, or none; correct it")
    return True


class BodyLimit:
    """Refuses bodies that are too large or do not say their size, before a byte of them is read."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            size = headers.get(b"content-length", b"0")
            is_chunked = b"transfer-encoding" in headers
            if is_chunked or not size.isdigit() or int(size) > self._max_bytes:
                detail = f"a body of {'unknown size' if is_chunked else size.decode('latin-1') + ' bytes'}"
                detail += f"; expected at most {self._max_bytes}; send less, with its Content-Length"
                await problems.response("body-too-large", detail)(scope, receive, send)
                return
        await self._app(scope, receive, send)
