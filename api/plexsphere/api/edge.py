"""The outermost layer: correlation, direct routes before the router, one place where every error is answered."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from plexsphere.api import catalogue
from plexsphere.api.answer_counts import AnswerCounts
from plexsphere.api.body import Disconnected
from plexsphere.api.lingering import LingeringSend, is_unbounded
from plexsphere.api.problem import Refusal
from plexsphere.api.refusals import RETRY_SOON, answer, refusal_of
from plexsphere.api.spellings import asked_path
from plexsphere.api.straight import Headers, straight_answer
from plexsphere.platform.ids import mint_correlation_id
from plexsphere.platform.kernel.correlation import CORRELATION_ID

AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]

CORRELATION: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class DirectRoutes(Protocol):
    """The nodes' calls, dispatched before the router (design section 5); their `send` can also `answer` whole."""

    def match(self, scope: Any, /) -> AsgiApp | None:
        """Return the application that answers the request, or None when the router does."""
        ...


@dataclass(frozen=True, slots=True)
class Edge:
    """The ASGI application that the server runs."""

    router: AsgiApp
    direct: DirectRoutes
    answers: AnswerCounts

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.router(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            # The router would answer it by itself; no browser of a foreign origin has any business here (M06).
            scope = {**scope, "method": "TRACE"}
        lingering = LingeringSend(send) if is_unbounded(scope) else None
        correlation = _correlation(scope)
        CORRELATION_ID.set(correlation)
        response = _Response(lingering or send, correlation.encode(), scope, self.answers)
        await self._answer(scope, receive, response)
        if lingering is not None:
            await lingering.end()

    async def _answer(self, scope: Any, receive: Any, response: "_Response") -> None:
        try:
            await (self.direct.match(scope) or self.router)(scope, receive, response)
        except Disconnected:
            return
        except asyncio.CancelledError:
            # The process ends and waits no longer; another one, or the next, can do it.
            if not response.started:
                await answer(response, Refusal(catalogue.OVERLOADED, headers=RETRY_SOON), asked_path(scope))
            raise
        except Exception as error:
            refusal = refusal_of(error)
            if not response.started:
                await answer(response, refusal, asked_path(scope))


class _Response:
    """Sends on, and adds to the head what every response carries."""

    __slots__ = ("_answers", "_carried", "_scope", "_send", "_straight", "started")

    def __init__(self, send: Any, correlation: bytes, scope: Any, answers: AnswerCounts) -> None:
        self._scope = scope
        self._answers = answers
        self._straight = straight_answer(scope)
        self._send = send
        self._carried = ((b"x-correlation-id", correlation), (b"x-content-type-options", b"nosniff"))
        self.started = False

    def __call__(self, message: Any) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self.started = True
            self._answers.count(self._scope, message["status"])
            message["headers"] = [*message["headers"], *self._carried]
        sent: Awaitable[None] = self._send(message)
        return sent

    async def answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Answer whole, in one write where the server offers that."""
        if self._straight(status, (*headers, *self._carried), body):
            self.started = True
            self._answers.count(self._scope, status)
            return
        await self({"type": "http.response.start", "status": status, "headers": headers})
        await self({"type": "http.response.body", "body": body})


def _correlation(scope: Any) -> str:
    for name, value in scope["headers"]:
        if name == b"x-correlation-id" and CORRELATION.fullmatch(value):
            return str(value, "ascii")
    return mint_correlation_id()
