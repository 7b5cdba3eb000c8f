"""Spans around use cases, added where they are wired."""

from typing import Any, TypeVar

from plexsphere.platform.around import Call, around
from plexsphere.platform.telemetry.signals import SilentTelemetry, Telemetry

T = TypeVar("T")


def traced(telemetry: Telemetry, target: T, name: str) -> T:
    """
    Return the target with a span around its call, named `name`, and around each coroutine method, `name.method`.

    Where nobody listens that is the target itself.
    """
    if isinstance(telemetry, SilentTelemetry):
        return target

    def within_a_span(method: str, call: Call) -> Call:
        span = f"{name}.{method}" if method else name

        async def spanned(*given: Any, **named: Any) -> Any:
            with telemetry.span(span):
                return await call(*given, **named)

        return spanned

    return around(target, within_a_span)
