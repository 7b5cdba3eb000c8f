"""Whether this process tells of its work, and what of it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from plexsphere.api.answer_counts import AnswerCounts
from plexsphere.api.edge import AsgiApp
from plexsphere.api.straight import ANSWER, EXTENSION, WRITE, Headers, straight_answer, straight_write
from plexsphere.platform.telemetry.signals import SilentTelemetry, Telemetry

ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"


def build_telemetry(environ: Mapping[str, str]) -> Telemetry:
    """Return telemetry that goes to the collector named in the environment, or silence where none is."""
    if not environ.get(ENDPOINT):
        return SilentTelemetry()
    # The SDK and its exporters take 0.2 s and 17 MB, which only those pay who want them.
    from plexsphere.platform.telemetry.otlp import OtlpTelemetry

    return OtlpTelemetry()


def metered(app: AsgiApp, telemetry: Telemetry, answers: AnswerCounts) -> AsgiApp:
    """Return the application with its answers counted; where nobody listens, the application itself."""
    return app if isinstance(telemetry, SilentTelemetry) else Metered(app, telemetry, answers)


@dataclass(frozen=True, slots=True)
class Metered:
    """Counts every answer by operation and status, and times it to its head: a stream's rest is no latency."""

    app: AsgiApp
    telemetry: Telemetry
    answers: AnswerCounts

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()

        def count(status: int) -> None:
            seconds = time.perf_counter() - began
            self.telemetry.request_answered(self.answers.operation_of(scope), status, seconds)

        async def counted(message: Any) -> None:
            if message["type"] == "http.response.start":
                count(message["status"])
            await send(message)

        _count_straight(scope, count)
        await self.app(scope, receive, counted)


def _count_straight(scope: Any, count: Callable[[int], None]) -> None:
    # What is answered straight to the connection goes past `send`; the router writes into this very scope.
    answer = straight_answer(scope)

    def counted(status: int, headers: Headers, body: bytes) -> bool:
        is_written = answer(status, headers, body)
        if is_written:
            count(status)
        return is_written

    straight = {EXTENSION: {WRITE: straight_write(scope), ANSWER: counted}}
    scope["extensions"] = {**scope.get("extensions", {}), **straight}
