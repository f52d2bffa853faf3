"""Errors in one shape: {error, detail, field?, hint?}. The engine's own words stay in the log."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from schemas.errors import Invalid, Transient
from services.index.api.models import Problem
from services.index.query_language import Misread
from services.telemetry import logger

log = logger(__name__)

RESPONSES: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "No API key, or one that is not known"},
    422: {"model": Problem, "description": "Something in the request is wrong; `field` names it"},
    503: {"model": Problem, "description": "The search engine is away or too slow; try again"},
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "There is no such thing"}}


class Refusal(Exception):
    """A request that gets an error for an answer."""

    def __init__(
        self,
        status: int,
        error: str,
        detail: str,
        *,
        field: str | None = None,
        hint: str | None = None,
        position: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.problem = Problem(error=error, detail=detail, field=field, hint=hint, position=position)


def missing(what: str, name: str) -> Refusal:
    """The refusal for something that is not there."""
    return Refusal(404, "not_found", f"there is no {what} {name}")


def install(app: FastAPI) -> None:
    """Give every error of the app the one shape."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Transient, _away)
    app.add_exception_handler(Invalid, _invalid)
    app.add_exception_handler(Exception, _bug)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refusal)  # noqa: S101 (what it is registered for)
    headers = {"www-authenticate": "Bearer"} if error.status == 401 else None
    return _answer(error.status, error.problem, headers)


async def _malformed(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        words = f"the body is not JSON: {first['ctx']['error']} at position {first['loc'][-1]}"
        return _answer(422, Problem(error="invalid_request", detail=words))
    return _answer(422, Problem(error="invalid_request", detail=first["msg"], field=_field(first["loc"])))


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    slug = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "refused")
    return _answer(error.status_code, Problem(error=slug, detail=str(error.detail)), error.headers)


async def _away(_: Request, error: Exception) -> JSONResponse:
    log.warning("search engine is away", error=str(error))
    hint = "try again in a few seconds; if it lasts, look at /health"
    problem = Problem(error="engine_away", detail="the search engine does not answer", hint=hint)
    return _answer(503, problem, {"retry-after": "5"})


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    """Invalid with any other reason than the engine's own was worded for people."""
    assert isinstance(error, Invalid)  # noqa: S101
    if error.reason == "engine_refused":
        log.warning("the engine refused a request", error=str(error))
        return _answer(422, Problem(error="refused", detail="the search engine cannot work with this request"))
    position = error.position if isinstance(error, Misread) else None
    return _answer(422, Problem(error=error.reason, detail=str(error), position=position))


async def _bug(_: Request, error: Exception) -> JSONResponse:
    log.error("bug", exc_info=error)
    return _answer(500, Problem(error="bug", detail="something went wrong here; it has been logged"))


def _field(location: Sequence[int | str]) -> str:
    """`("query", "size")` is `size`, `("body", "endpoint", "url")` is `endpoint.url`."""
    return ".".join(str(step) for step in location[1:]) or str(location[0])


def _answer(status: int, problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(problem.model_dump(exclude_none=True), status, dict(headers or {}))
