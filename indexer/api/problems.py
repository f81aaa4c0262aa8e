"""Errors as HTTP answers: application/problem+json (RFC 9457)."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An answer other than success. `detail` says what was wrong, what was expected and what to do next."""

    def __init__(self, status: int, title: str, detail: str, *, retry_after_seconds: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.retry_after_seconds = retry_after_seconds


def not_found(what: str) -> Problem:
    """404 for a thing that is not in the index."""
    return Problem(404, "Not found", f"no {what} in the indexed state; check it, or wait until its block is indexed")


def answer(status: int, title: str, detail: str, **more: Any) -> JSONResponse:
    """The response itself."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of `app` an answer of this shape."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    response = answer(error.status, error.title, str(error))
    if error.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [
        {"where": ".".join(str(part) for part in each["loc"]), "what": each["msg"]} for each in error.errors()[:20]
    ]
    detail = "; ".join(f"{each['where']}: {each['what']}" for each in errors)
    return answer(422, "Invalid request", detail, errors=errors)


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return answer(error.status_code, "Request refused", str(error.detail))
