"""The one table from what can be raised below the surface to what is answered."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException

from plexsphere.api import catalogue
from plexsphere.api.body import Disconnected
from plexsphere.api.callers import AuthorizationAway
from plexsphere.api.problem import MEDIA_TYPE, Problem, Refusal, render
from plexsphere.platform.kernel.unit_of_work import StoreOverloaded, StoreUnavailable

LOG: Final = logging.getLogger("plexsphere.api")

RETRY_SOON: Final = {"Retry-After": "1"}
RETRY_LATER: Final = {"Retry-After": "2"}
# The first kind that fits counts, so the narrower ones come first.
BUSY: Final[Mapping[type[Exception], tuple[Problem, Mapping[str, str]]]] = {
    StoreOverloaded: (catalogue.OVERLOADED, RETRY_SOON),
    StoreUnavailable: (catalogue.DATASTORE_UNAVAILABLE, RETRY_LATER),
    AuthorizationAway: (catalogue.AUTHZ_UNAVAILABLE, RETRY_LATER),
}


def refusal_of(error: Exception) -> Refusal:
    """Return what an error is answered with; the unexpected is logged with its type and never shown."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, Disconnected):
        return Refusal(catalogue.INVALID_BODY, "the body was cut")
    for kind, (problem, headers) in BUSY.items():
        if isinstance(error, kind):
            return Refusal(problem, headers=headers)
    if isinstance(error, HTTPException):
        return _of_framework(error)
    LOG.error("unexpected %s", type(error).__name__, exc_info=error)
    return Refusal(catalogue.INTERNAL)


def _of_framework(error: HTTPException) -> Refusal:
    if isinstance(error, NotFoundException):
        return Refusal(catalogue.ROUTE_NOT_FOUND)
    if isinstance(error, MethodNotAllowedException):
        return Refusal(catalogue.METHOD_NOT_ALLOWED, headers=_allowed(error))
    if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Refusal(catalogue.INVALID_PARAMETER)
    LOG.error("unexpected %s", type(error).__name__, exc_info=error)
    return Refusal(catalogue.INTERNAL)


def _allowed(error: MethodNotAllowedException) -> Mapping[str, str]:
    # The router lists the OPTIONS that it would answer by itself; the edge lets none through.
    methods = (error.headers or {}).get("allow", "").split(", ")
    return {"Allow": ", ".join(sorted(method for method in methods if method and method != "OPTIONS"))}


async def answer(send: Any, refusal: Refusal, path: str) -> None:
    """Send a refusal as a whole response."""
    body = render(refusal, path)
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        *[(name.lower().encode(), value.encode()) for name, value in refusal.headers.items()],
    ]
    await send({"type": "http.response.start", "status": refusal.problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
