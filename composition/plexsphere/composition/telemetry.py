"""Whether this process tells of its work, and what of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from plexsphere.api.edge import AsgiApp
from plexsphere.platform.telemetry.signals import SilentTelemetry, Telemetry

ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
HOT: Final = {
    ("POST", "heartbeat"): "Heartbeat",
    ("GET", "state"): "State",
    ("GET", "events"): "Events",
    ("PUT", "endpoint"): "Endpoint",
}
OTHER: Final = "other"


def build_telemetry(environ: Mapping[str, str]) -> Telemetry:
    """Return telemetry that goes to the collector named in the environment, or silence where none is."""
    if not environ.get(ENDPOINT):
        return SilentTelemetry()
    # The SDK and its exporters take 0.2 s and 17 MB, which only those pay who want them.
    from plexsphere.platform.telemetry.otlp import OtlpTelemetry

    return OtlpTelemetry()


def metered(app: AsgiApp, telemetry: Telemetry) -> AsgiApp:
    """Return the application with its answers counted; where nobody listens, the application itself."""
    return app if isinstance(telemetry, SilentTelemetry) else Metered(app, telemetry)


@dataclass(frozen=True, slots=True)
class Metered:
    """Counts every answer by operation and status, and times it to its head: a stream's rest is no latency."""

    app: AsgiApp
    telemetry: Telemetry

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()

        async def counted(message: Any) -> None:
            if message["type"] == "http.response.start":
                seconds = time.perf_counter() - began
                self.telemetry.request_answered(_operation(scope), message["status"], seconds)
            await send(message)

        await self.app(scope, receive, counted)


def _operation(scope: Any) -> str:
    # Never the path: it holds ids, and whoever asks chooses it.
    handler = scope.get("route_handler")
    named = getattr(handler, "operation_id", None)
    if isinstance(named, str):
        return named
    return HOT.get((scope["method"], scope["path"].rpartition("/")[2]), OTHER)
